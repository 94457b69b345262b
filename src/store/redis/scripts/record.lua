-- Writes (ARGV: put, id, body, ttl ms) or lists (ARGV: list) the records of a kind. KEYS: bodies' prefix key, index by end.
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local at = string.format('%.0f', now)
local body_key, index = KEYS[1], KEYS[2]
if ARGV[1] == 'put' then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', index, '-inf', at, 'LIMIT', 0, 100)) do
    redis.call('ZREM', index, id)
    redis.call('HDEL', body_key, id)
  end
  local ttl = tonumber(ARGV[4])
  redis.call('HSET', body_key, ARGV[2], ARGV[3])
  redis.call('ZADD', index, ttl > 0 and string.format('%.0f', now + ttl) or '+inf', ARGV[2])
  return 1
elseif ARGV[1] == 'get' then
  local till = redis.call('ZSCORE', index, ARGV[2])
  if not till or (till ~= 'inf' and tonumber(till) <= now) then return false end
  return redis.call('HGET', body_key, ARGV[2])
elseif ARGV[1] == 'remove' then
  redis.call('ZREM', index, ARGV[2])
  return redis.call('HDEL', body_key, ARGV[2])
end
local found = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', index, '(' .. at, '+inf', 'LIMIT', 0, 20000)) do
  found[#found + 1] = id
  found[#found + 1] = redis.call('HGET', body_key, id) or ''
end
return found
