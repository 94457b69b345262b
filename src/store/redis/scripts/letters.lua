-- A page of dead letters behind the letter `after`; when that one is gone, from the oldest. With a merchant and a reason the
-- shorter of the two orders is walked, and what is not in the other is left out.
local r = cjson.decode(ARGV[1])
local D = r.letters
local index, other = D.z, nil
if r.merchant and r.reason then
  index, other = D.mz .. r.merchant, D.rz .. r.reason
  if redis.call('ZCARD', other) < redis.call('ZCARD', index) then index, other = other, index end
elseif r.merchant then
  index = D.mz .. r.merchant
elseif r.reason then
  index = D.rz .. r.reason
end
local rank = r.after and redis.call('ZRANK', index, r.after)
local from = rank and rank + 1 or 0
local step = other and 500 or r.limit
local found = {}
while #found < r.limit do
  local ids = redis.call('ZRANGE', index, from, from + step - 1)
  for _, id in ipairs(ids) do
    if #found < r.limit and (not other or redis.call('ZSCORE', other, id)) then
      found[#found + 1] = redis.call('HGET', D.h, id) or ''
    end
  end
  if #ids < step then break end
  from = from + step
end
return found
