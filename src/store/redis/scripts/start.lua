local r = cjson.decode(ARGV[1])
local L = r.lane
local S, W = read_lane(L)
local m = S.c == r.id and find(S, r.id)
if not m or S.t ~= r.token or S.u <= r.now then return { 'lost' } end
local window = tonumber(redis.call('HGET', r.conv, 'w') or '0')
local wait, who = take(r.budgets, r.now, r.bulk)
if wait then return { 'refused', wait, who } end
m.p = (m.p == 'u' or m.p == 'S') and 'S' or 's'
m.s = r.now
if m.k ~= '-' then S.pu = math.max(S.pu or 0, r.now - r.ahead * r.pace) + r.pace end
S.u = r.now + r.lease
write_lane(L, S, W, S.u)
return { 'ok', window }
