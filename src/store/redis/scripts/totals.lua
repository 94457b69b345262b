-- Lanes of one shard by kind, after their numbers: how many there are, how many of them are due, and for each kind those looked at that
-- are due, that wait, that are leased, and when the first of them became due (-1: none is). KEYS: the due-set. ARGV: now, how many are
-- looked at of those due and of the others, what a lane's key begins with. Changes nothing.
local limit = tonumber(ARGV[2])
local total, due = redis.call('ZCARD', KEYS[1]), redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[1])
local counts = { p = { 0, 0, 0, -1 }, m = { 0, 0, 0, -1 } }

local function look(from, till, count)
  if till < from then return end
  local page = redis.call('ZRANGE', KEYS[1], from, till, 'WITHSCORES')
  for n = 1, #page, 2 do count(counts[string.sub(page[n], -1)], page[n], tonumber(page[n + 1])) end
end

look(0, math.min(due, limit) - 1, function(c, _, at)
  c[1] = c[1] + 1
  if c[4] < 0 then c[4] = at end
end)
look(due, math.min(total, due + limit) - 1, function(c, member)
  local raw = redis.call('HGET', ARGV[3] .. member, 'h')
  local place = raw and cmsgpack.unpack(raw).t and 3 or 2
  c[place] = c[place] + 1
end)
local p, m = counts.p, counts.m
return { total, due, p[1], p[2], p[3], p[4], m[1], m[2], m[3], m[4] }
