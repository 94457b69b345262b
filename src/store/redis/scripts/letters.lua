-- A page of dead letters behind the letter `after`; when that one is gone, from the oldest.
local r = cjson.decode(ARGV[1])
local D = r.letters
local index = D.z
if r.merchant and r.reason then
  index = index_of_both(D, r.merchant, r.reason)
elseif r.merchant then
  index = D.mz .. r.merchant
elseif r.reason then
  index = D.rz .. r.reason
end
local rank = r.after and redis.call('ZRANK', index, r.after)
local from = rank and rank + 1 or 0
local found = {}
for _, id in ipairs(redis.call('ZRANGE', index, from, from + r.limit - 1)) do
  found[#found + 1] = redis.call('HGET', D.h, id) or ''
end
return found
