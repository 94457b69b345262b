-- A batch of commits. Each is checked completely before its first write and succeeds or fails alone. ARGV[1] describes
-- them as JSON; every opaque text is an argument of its own, named there by its number, and passes untouched. KEYS is not read:
-- it chooses the slot, and on a cluster it declares what may be written.
local batch = cjson.decode(ARGV[1])

local function wrong_type(key, want)
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= want then return { 'corrupt', key, 'holds a ' .. found .. ' instead of a ' .. want } end
end

-- What is written without being read first; what is read tells its type by being read.
local function wrong_types(c)
  local bad = nil
  for _, k in ipairs(c.interest_add) do bad = bad or wrong_type(k, 'zset') end
  for _, k in ipairs(c.interest_remove) do bad = bad or wrong_type(k, 'zset') end
  if #c.lanes > 0 then bad = bad or wrong_type(c.due, 'zset') end
  if #c.journal > 0 then bad = bad or wrong_type(c.journal_key, 'list') end
  return bad
end

-- The lane with the new items, in memory. Superseded items leave, except the one that its holder is about to perform.
local function appended(L, now)
  local S, W = read_lane(L)
  local live = lapse(L, S, W, now, L.hold)
  for _, item in ipairs(L.items) do
    if item.sup ~= '-' then
      for place = #S.items, 1, -1 do
        local m = S.items[place]
        if m.p == 'q' and m.k == item.sup and not (live and m.id == S.c) then remove(S, W, m.id) end
      end
    end
    S.items[#S.items + 1] = {
      id = item.id, p = 'q', a = 0, n = 0, d = 0, s = 0, r = item.rev, c = item.class, o = item.may_pass, k = item.sup,
    }
    W.bodies[item.id] = ARGV[item.body]
  end
  if live then return { lane = L, S = S, W = W, at = live, reply = { '-' } } end
  local reply, at = serve(L, S, W, now, L.lease, L.token)
  return { lane = L, S = S, W = W, at = at, reply = reply }
end

-- Why it may not be written; or nil and its lanes, ready to be written.
local function objection(c)
  local found = redis.call('HMGET', c.conv, 'r', 'x')
  if tonumber(found[1] or '0') ~= c.expected then return { 'conflict' } end
  c.erased = found[2]
  for _, s in ipairs(c.seen) do
    for _, mark in ipairs(s.marks) do
      if redis.call('SISMEMBER', s.key, mark) == 1 then return { 'duplicate' } end
    end
  end
  local stale = { 'stale' }
  for n, f in ipairs(c.facts) do
    if f.version < tonumber(redis.call('HGET', c.pv, f.field) or '0') then stale[#stale + 1] = n - 1 end
  end
  if #stale > 1 then return stale end
  local bad = wrong_types(c)
  if bad then return bad end
  local lanes = {}
  for n, L in ipairs(c.lanes) do lanes[n] = appended(L, c.now) end
  return nil, lanes
end

local function journal(c)
  local length
  for _, entry in ipairs(c.journal) do length = redis.call('RPUSH', c.journal_key, ARGV[entry]) end
  if length > 300 then redis.call('LTRIM', c.journal_key, -300, -1) end
  redis.call('EXPIRE', c.journal_key, c.journal_s)
end

local function write(c, lanes)
  -- a tombstone ends, a conversation does not
  if c.erased then
    redis.call('HDEL', c.conv, 'x')
    redis.call('PERSIST', c.conv)
  end
  redis.call('HSET', c.conv, 'r', num(c.revision), 's', ARGV[c.state], 'w', num(c.window))
  for _, s in ipairs(c.seen) do
    redis.call('SADD', s.key, unpack(s.marks))
    redis.call('EXPIRE', s.key, 777600)
  end
  for _, k in ipairs(c.interest_add) do redis.call('ZADD', k, 0, c.home) end
  for _, k in ipairs(c.interest_remove) do redis.call('ZREM', k, c.home) end
  for _, p in ipairs(c.purchases) do redis.call('SET', p.key, ARGV[p.body]) end
  if #c.journal > 0 then journal(c) end
  for _, l in ipairs(c.letters) do put_letter(batch.letters, ARGV[l.entry], ARGV[l.body]) end
  local reply = { 'ok' }
  for _, one in ipairs(lanes) do
    write_lane(one.lane, one.S, one.W, one.at)
    reply[#reply + 1] = one.reply
  end
  return reply
end

local function reason(e) return type(e) == 'table' and tostring(e.err) or tostring(e) end

local replies = {}
for n, c in ipairs(batch.commits) do
  local checked, no, lanes = pcall(objection, c)
  if not checked then
    replies[n] = { 'corrupt', c.conv, reason(no) }
  elseif no then
    replies[n] = no
  else
    local written, reply = pcall(write, c, lanes)
    replies[n] = written and reply or { 'broken', c.conv, reason(reply) }
  end
end
-- Under WAIT even a batch that changed nothing must wait for what others wrote before it.
if batch.beat then redis.call('SET', batch.beat, '1') end
return replies
