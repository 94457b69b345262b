local r = cjson.decode(ARGV[1])
local S, W = read_lane(r.lane)
local live = lapse(r.lane, S, W, r.now, r.hold)
if live then return { 'w', live } end
local reply, at = serve(r.lane, S, W, r.now, r.lease, r.token)
write_lane(r.lane, S, W, at)
return reply
