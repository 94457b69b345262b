-- Lanes of one shard by kind, after their numbers: how many there are, how many of them are due, and for each kind those looked at that
-- are due, that wait, that are leased, and when the first of them became due (-1: none is). KEYS: the due-set. ARGV: now, how many of
-- those due and how many of the others are looked at, the shard's number, what a lane's key begins with. Changes nothing.
local due_limit, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
local total, due = redis.call('ZCARD', KEYS[1]), redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[1])
local counts = { p = { 0, 0, 0, -1 }, m = { 0, 0, 0, -1 } }
local others = total - due

local function kind(member) return counts[string.sub(member, -1)] end

local function waits(member)
  local raw = redis.call('HGET', ARGV[5] .. member, 'h')
  -- unpacking is what costs: a head without the key t (one letter, as msgpack writes it) has no lease
  local maybe = raw and string.find(raw, '\161t', 1, true)
  local place = maybe and cmsgpack.unpack(raw).t and 3 or 2
  local c = kind(member)
  c[place] = c[place] + 1
end

local last = math.min(due, due_limit) - 1
local page = last >= 0 and redis.call('ZRANGE', KEYS[1], 0, last) or {}
for _, member in ipairs(page) do
  local c = kind(member)
  c[1] = c[1] + 1
  if c[4] < 0 then c[4] = tonumber(redis.call('ZSCORE', KEYS[1], member)) end
end
if others > limit then
  -- leases end soon, so those leased come first: steps through all of them, which begin elsewhere in each shard
  local step = others / limit
  for n = 0, limit - 1 do
    local at = due + math.floor((n + (tonumber(ARGV[4]) + 0.5) / 256) * step)
    waits(redis.call('ZRANGE', KEYS[1], at, at)[1])
  end
elseif others > 0 then
  for _, member in ipairs(redis.call('ZRANGE', KEYS[1], due, total - 1)) do waits(member) end
end
local p, m = counts.p, counts.m
return { total, due, p[1], p[2], p[3], p[4], m[1], m[2], m[3], m[4] }
