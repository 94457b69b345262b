local r = cjson.decode(ARGV[1])
local L = r.lane
local S, W = read_lane(L)
if S.t ~= r.token then return { 'lost' } end
local m = find(S, r.id)
if r.how == 'done' then
  if m then remove(S, W, r.id) end
  if r.sent then raise_sent(S, r.rev) end
  if r.message then redis.call('SET', r.message, r.id, 'EX', r.kept_s) end
elseif m then
  m.d = r.due
  if r.how ~= 'postpone' then m.a = m.a + 1 end
  if r.how == 'unknown' then m.n = m.n + 1 end
  m.p = m.n > 0 and 'u' or 'q'
  if m.p == 'u' then settle_by_status(L, S, W, m) end
end
local reply, at = serve(L, S, W, r.now, r.lease, r.next)
write_lane(L, S, W, at)
return reply
