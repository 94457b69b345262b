-- A named lease: ARGV owner, now, ttl. Ends by the caller's clock; the key itself goes an hour later.
local h = redis.call('HMGET', KEYS[1], 'o', 'e')
local now, ttl = tonumber(ARGV[2]), tonumber(ARGV[3])
if h[1] and h[1] ~= ARGV[1] and tonumber(h[2]) > now then return 0 end
redis.call('HSET', KEYS[1], 'o', ARGV[1], 'e', string.format('%.0f', now + ttl))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ttl + 3600000))
return 1
