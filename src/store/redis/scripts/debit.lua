-- Takes units without asking. The debt is bounded by one burst, so that a flood delays answers but never for long.
local r = cjson.decode(ARGV[1])
local b, now = r.budget, r.now * 1000
local tat = math.max(tonumber(redis.call('GET', b.key) or '0'), now) + r.units * b.interval
keep(b.key, math.min(tat, now + math.max(b.burst, 1) * b.interval), now)
return 1
