-- Raises a product's marker in each of KEYS, never lowers it.
local version = tonumber(ARGV[2])
for _, key in ipairs(KEYS) do
  if version > tonumber(redis.call('HGET', key, ARGV[1]) or '0') then redis.call('HSET', key, ARGV[1], ARGV[2]) end
end
return 1
