local r = cjson.decode(ARGV[1])
local L = r.lane
local l = redis.call('HMGET', L.l, 't', 'u', 'c')
if l[1] ~= r.token or tonumber(l[2]) <= r.now or l[3] ~= r.id then return { 'lost' } end
local m = meta(L, r.id)
if not m then return { 'lost' } end
local window = tonumber(redis.call('HGET', r.conv, 'w') or '0')
local wait, who = take(r.budgets, r.now, r.bulk)
if wait then return { 'refused', wait, who } end
m.phase = (m.phase == 'u' or m.phase == 'S') and 'S' or 's'
m.started = r.now
save(L, r.id, m)
if m.sup ~= '-' then redis.call('HSET', L.l, 'pu', num(r.now + r.pace)) end
renew(L, r.now + r.lease)
return { 'ok', window }
