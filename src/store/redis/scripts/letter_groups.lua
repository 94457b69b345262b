-- Dead letters counted by reason: reason, count, time of the oldest, time of the newest. Of all there are sets by reason; the
-- letters of one merchant are walked.
local r = cjson.decode(ARGV[1])
local D = r.letters

local function entry(id)
  local raw = redis.call('HGET', D.i, id)
  return raw and cjson.decode(raw)
end

local function at(e) return string.format('%.0f', e and e.at or 0) end

local found = {}
if not r.merchant then
  for _, reason in ipairs(redis.call('SMEMBERS', D.rs)) do
    local index = D.rz .. reason
    local oldest, newest = redis.call('ZRANGE', index, 0, 0)[1], redis.call('ZRANGE', index, -1, -1)[1]
    if oldest then
      found[#found + 1] = { reason, redis.call('ZCARD', index), at(entry(oldest)), at(entry(newest)) }
    end
  end
  return found
end

local groups, from, step = {}, 0, 500
while true do
  local ids = redis.call('ZRANGE', D.mz .. r.merchant, from, from + step - 1)
  for _, id in ipairs(ids) do
    local e = entry(id)
    if e then
      local group = groups[e.reason]
      if not group then
        group = { e.reason, 0, at(e), at(e) }
        groups[e.reason] = group
        found[#found + 1] = group
      end
      group[2] = group[2] + 1
      group[4] = at(e)
    end
  end
  if #ids < step then break end
  from = from + step
end
return found
