-- Lanes of one shard behind a place in the order of (time, member), and how many there are. KEYS: the due-set. ARGV: time and
-- member of the place (an empty member: from the first), limit, now. Members are as long as each other and plain ASCII.
local from = 0
if ARGV[2] ~= '' then
  local low = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[1])
  local high = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[1])
  while low < high do
    local middle = math.floor((low + high) / 2)
    if redis.call('ZRANGE', KEYS[1], middle, middle)[1] > ARGV[2] then high = middle else low = middle + 1 end
  end
  from = low
end
local page = redis.call('ZRANGE', KEYS[1], from, from + tonumber(ARGV[3]) - 1, 'WITHSCORES')
return { redis.call('ZCARD', KEYS[1]), redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[4]), page }
