-- What lies in a lane, in order, and the end of its lease (-1: nobody holds it). Changes nothing.
local r = cjson.decode(ARGV[1])
local S = read_lane(r.lane)
local reply = { S.t and S.u or -1, #S.items }
for n, m in ipairs(S.items) do
  if n > r.limit then break end
  local body = redis.call('HGET', r.lane.l, 'b' .. m.id) or ''
  reply[#reply + 1] = { m.id, m.p, m.a, m.n, m.d, m.s, m.r, m.c, m.o and 1 or 0, m.k, body }
end
return reply
