-- A batch of commits. Each is checked completely before its first write and succeeds or fails alone. ARGV[1] describes
-- them as JSON; every opaque text is an argument of its own, named there by its number, and passes untouched.
local batch = cjson.decode(ARGV[1])

local function wrong_type(key, want)
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= want then return { 'corrupt', key, 'holds a ' .. found .. ' instead of a ' .. want } end
end

local function wrong_types(c)
  local bad = wrong_type(c.conv, 'hash') or wrong_type(c.due, 'zset') or wrong_type(c.pv, 'hash')
  for _, s in ipairs(c.seen) do bad = bad or wrong_type(s.key, 'set') end
  for _, k in ipairs(c.interest_add) do bad = bad or wrong_type(k, 'zset') end
  for _, k in ipairs(c.interest_remove) do bad = bad or wrong_type(k, 'zset') end
  for _, L in ipairs(c.lanes) do
    bad = bad or wrong_type(L.q, 'list') or wrong_type(L.i, 'hash') or wrong_type(L.l, 'hash')
    local current = not bad and redis.call('HGET', L.l, 'c')
    bad = bad or current and wrong_type(L.st .. current, 'string')
  end
  if #c.journal > 0 then bad = bad or wrong_type(c.journal_key, 'list') end
  return bad
end

local function objection(c)
  local bad = wrong_types(c)
  if bad then return bad end
  if tonumber(redis.call('HGET', c.conv, 'r') or '0') ~= c.expected then return { 'conflict' } end
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
end

local function append(L, now)
  local live = lapse(L, now, L.hold)
  local current = live and redis.call('HGET', L.l, 'c')
  redis.call('PERSIST', L.l)
  for _, item in ipairs(L.items) do
    if item.sup ~= '-' then
      for _, id in ipairs(redis.call('LRANGE', L.q, 0, -1)) do
        local m = id ~= current and meta(L, id)
        if m and m.phase == 'q' and m.sup == item.sup then remove(L, id) end
      end
    end
    redis.call('RPUSH', L.q, item.id)
    redis.call('HSET', L.i, 'b' .. item.id, ARGV[item.body])
    save(L, item.id, {
      phase = 'q', attempts = 0, unknowns = 0, due = 0, started = 0, rev = item.rev, class = item.class,
      may_pass = item.may_pass, sup = item.sup,
    })
  end
  if live then return { '-' } end
  return serve(L, now, L.lease, L.token)
end

local function write(c)
  redis.call('HSET', c.conv, 'r', num(c.revision), 's', ARGV[c.state], 'w', num(c.window))
  for _, s in ipairs(c.seen) do
    for _, mark in ipairs(s.marks) do redis.call('SADD', s.key, mark) end
    redis.call('EXPIRE', s.key, 777600)
  end
  for _, k in ipairs(c.interest_add) do redis.call('ZADD', k, 0, c.home) end
  for _, k in ipairs(c.interest_remove) do redis.call('ZREM', k, c.home) end
  for _, p in ipairs(c.purchases) do redis.call('SET', p.key, ARGV[p.body]) end
  if #c.journal > 0 then
    for _, entry in ipairs(c.journal) do redis.call('RPUSH', c.journal_key, ARGV[entry]) end
    redis.call('LTRIM', c.journal_key, -300, -1)
    redis.call('EXPIRE', c.journal_key, 2592000)
  end
  for _, l in ipairs(c.letters) do put_letter(batch.letters, ARGV[l.entry], ARGV[l.body]) end
  local reply = { 'ok' }
  for _, L in ipairs(c.lanes) do reply[#reply + 1] = append(L, c.now) end
  return reply
end

local function reason(e) return type(e) == 'table' and tostring(e.err) or tostring(e) end

local replies = {}
for n, c in ipairs(batch.commits) do
  local checked, no = pcall(objection, c)
  if not checked then
    replies[n] = { 'corrupt', c.conv, reason(no) }
  elseif no then
    replies[n] = no
  else
    local written, reply = pcall(write, c)
    replies[n] = written and reply or { 'broken', c.conv, reason(reply) }
  end
end
-- Under WAIT even a batch that changed nothing must wait for what others wrote before it.
if batch.beat then redis.call('SET', batch.beat, '1') end
return replies
