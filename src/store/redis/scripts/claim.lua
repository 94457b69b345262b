local r = cjson.decode(ARGV[1])
local live = lapse(r.lane, r.now, r.hold)
if live then return { 'w', live } end
return serve(r.lane, r.now, r.lease, r.token)
