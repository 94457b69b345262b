local r = cjson.decode(ARGV[1])
local D = r.letters
local e = put_letter(D, ARGV[2], ARGV[3])
if e.reason ~= 'unknown_number' then return 1 end
local over = redis.call('ZCARD', D.rz .. e.reason) - r.bound
if over > 0 then
  for _, id in ipairs(redis.call('ZRANGE', D.rz .. e.reason, 0, over - 1)) do drop_letter(D, id) end
end
return redis.call('HEXISTS', D.h, e.id)
