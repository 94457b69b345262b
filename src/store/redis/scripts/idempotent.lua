-- Claims an idempotency key: ARGV fingerprint, now, ttl; or finishes it: ARGV 'finish', answer (KEYS the same).
if #ARGV == 2 then
  if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'a', ARGV[2]) end
  return { 'finished' }
end
local k = redis.call('HMGET', KEYS[1], 'f', 'e', 'a')
local now, ttl = tonumber(ARGV[2]), tonumber(ARGV[3])
if k[1] and tonumber(k[2]) > now then
  if k[1] ~= ARGV[1] then return { 'conflict' } end
  if k[3] then return { 'same', k[3] } end
  return { 'progress' }
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'f', ARGV[1], 'e', string.format('%.0f', now + ttl))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ttl + 3600000))
return { 'new' }
