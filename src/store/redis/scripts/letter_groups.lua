-- Dead letters counted by reason, all or a merchant's: reason, count, time of the oldest, time of the newest.
local r = cjson.decode(ARGV[1])
local D = r.letters

local function at(id)
  local raw = redis.call('HGET', D.i, id)
  return string.format('%.0f', raw and cjson.decode(raw).at or 0)
end

local found = {}
for _, reason in ipairs(redis.call('SMEMBERS', D.rs)) do
  local index = r.merchant and index_of_both(D, r.merchant, reason) or D.rz .. reason
  local oldest, newest = redis.call('ZRANGE', index, 0, 0)[1], redis.call('ZRANGE', index, -1, -1)[1]
  if oldest then found[#found + 1] = { reason, redis.call('ZCARD', index), at(oldest), at(newest) } end
end
return found
