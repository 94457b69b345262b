-- Removes a conversation with all that is its own and leaves a tombstone: its revision (r) and the time (x), for a while.
local r = cjson.decode(ARGV[1])
local found = redis.call('HMGET', r.conv, 'r', 's')
if tonumber(found[1] or '0') ~= r.expected then return { 'conflict' } end
local items = 0
for _, L in ipairs(r.lanes) do
  local S = read_lane(L)
  items = items + #S.items
end
local entries = redis.call('LLEN', r.journal)
local marks = 0
for _, key in ipairs(r.seen) do marks = marks + redis.call('SCARD', key) end
local leads = r.alias_of and redis.call('GET', r.alias) == r.alias_of

for _, L in ipairs(r.lanes) do
  redis.call('DEL', L.l)
  redis.call('ZREM', L.due, L.m)
end
local interest = 0
for _, key in ipairs(r.interest) do interest = interest + redis.call('ZREM', key, r.home) end
for _, key in ipairs(r.seen) do redis.call('DEL', key) end
redis.call('DEL', r.journal)
if leads then redis.call('DEL', r.alias) end
redis.call('DEL', r.conv)
redis.call('HSET', r.conv, 'r', num(r.revision), 'x', num(r.at))
redis.call('PEXPIRE', r.conv, num(r.kept))
return { 'erased', found[2] and 1 or 0, entries, items, marks, interest, leads and 1 or 0 }
