-- A page of dead letters after the letter `after`; when that one is gone, from the oldest.
local r = cjson.decode(ARGV[1])
local D = r.letters
local index = r.merchant and (D.mz .. r.merchant) or D.z
local rank = r.after and redis.call('ZRANK', index, r.after)
local from = rank and rank + 1 or 0
local found = {}
for _, id in ipairs(redis.call('ZRANGE', index, from, from + r.limit - 1)) do
  found[#found + 1] = redis.call('HGET', D.h, id) or ''
end
return found
