-- Lanes, shared by commit, claim, start, settle and status. A lane `L` names its keys: q (list of effect ids, in order),
-- i (hash: 'b'<id> body, 'm'<id> meta), l (hash: t token, u lease end, c current id, ls last sent revision, pu paced
-- until), st (prefix of the statuses that are kept, by effect id), due (the shard's due-set), m (the lane's member there),
-- k ('p' provider, 'm' merchant).
-- Phases: q queued, s started from queued, S started from unknown, u unknown. What is unknown never becomes queued again.
-- A meta is phase|attempts|unknowns|due|started|revision|class|may pass (1 or 0)|supersede key.

local function num(x) return string.format('%.0f', x) end

local function meta(L, id)
  local raw = redis.call('HGET', L.i, 'm' .. id)
  if not raw then return nil end
  local p, a, n, d, s, r, c, o, k =
    string.match(raw, '^(%a)|(%d+)|(%d+)|(-?%d+)|(-?%d+)|(%d+)|(%a)|([01])|(.*)$')
  if not p then error('unreadable lane item ' .. id) end
  return {
    phase = p, attempts = tonumber(a), unknowns = tonumber(n), due = tonumber(d), started = tonumber(s), rev = tonumber(r),
    class = c, may_pass = o == '1', sup = k,
  }
end

local function save(L, id, m)
  local raw = table.concat({
    m.phase, num(m.attempts), num(m.unknowns), num(m.due), num(m.started), num(m.rev), m.class, m.may_pass and 1 or 0, m.sup,
  }, '|')
  redis.call('HSET', L.i, 'm' .. id, raw)
end

local function remove(L, id)
  redis.call('LREM', L.q, 1, id)
  redis.call('HDEL', L.i, 'm' .. id, 'b' .. id)
end

local function raise_sent(L, rev)
  local last = tonumber(redis.call('HGET', L.l, 'ls') or '0')
  if rev > last then redis.call('HSET', L.l, 'ls', num(rev)) end
end

-- A status tells what became of an item: it leaves the lane, as sent unless the status is failed (4).
local function finish(L, id, rev, status)
  remove(L, id)
  if status < 4 then raise_sent(L, rev) end
end

-- Keeps an item of unknown outcome; a provider item is not unknown when a status came during its attempt and was kept.
local function save_unknown(L, id, m)
  local status = L.k == 'p' and redis.call('GET', L.st .. id)
  if status then finish(L, id, m.rev, tonumber(status)) else save(L, id, m) end
end

-- The item that may be performed now: id, meta; or nil, nil and when to look again (nil: nothing is left).
local function pick(L, now)
  local paced = tonumber(redis.call('HGET', L.l, 'pu') or '0')
  local held, revs, wait = false, {}, nil
  local function later(t) if not wait or t < wait then wait = t end end
  local function stays(m)
    if L.k == 'm' then return held and not m.may_pass end
    return revs[m.rev] or (held and m.class == 'b')
  end
  for _, id in ipairs(redis.call('LRANGE', L.q, 0, -1)) do
    local m = meta(L, id)
    if not m then
      redis.call('LREM', L.q, 1, id)
    elseif m.due > now and (L.k == 'm' or m.phase == 'u') then
      later(m.due)
      held, revs[m.rev] = true, true
    elseif stays(m) then
      -- behind what is held
    elseif m.due > now then
      later(m.due)
      return nil, nil, wait
    elseif m.phase == 'q' and m.sup ~= '-' and paced > now then
      later(paced)
      return nil, nil, wait
    else
      return id, m, nil
    end
  end
  return nil, nil, wait
end

-- End of a live lease; nil when the lane is free. What a lost holder had started becomes unknown, unless a status tells.
local function lapse(L, now, hold_ms)
  local l = redis.call('HMGET', L.l, 't', 'u', 'c')
  if not l[1] then return nil end
  if tonumber(l[2]) > now then return tonumber(l[2]) end
  local m = l[3] and meta(L, l[3])
  if m and (m.phase == 's' or m.phase == 'S') then
    m.phase, m.attempts, m.unknowns = 'u', m.attempts + 1, m.unknowns + 1
    m.due = L.k == 'p' and m.started + hold_ms or now
    save_unknown(L, l[3], m)
  end
  redis.call('HDEL', L.l, 't', 'u', 'c')
  return nil
end

-- Notes in the due-set when a lane without a lease is to be looked at; an empty lane leaves only its pace, for an hour.
local function rest(L, wait)
  redis.call('HDEL', L.l, 't', 'u', 'c')
  if wait then
    redis.call('ZADD', L.due, num(wait), L.m)
    return { 'w', wait }
  end
  redis.call('DEL', L.q, L.i)
  redis.call('ZREM', L.due, L.m)
  redis.call('EXPIRE', L.l, 3600)
  return { 'e' }
end

-- Moves the end of the lease, and with it the time when the lane is looked at.
local function renew(L, till)
  redis.call('HSET', L.l, 'u', num(till))
  redis.call('ZADD', L.due, num(till), L.m)
end

-- Leases the lane under `token` when something may be performed now, else lets it rest.
local function serve(L, now, lease_ms, token)
  local id, m, wait = pick(L, now)
  if not id then return rest(L, wait) end
  local till = now + lease_ms
  redis.call('HSET', L.l, 't', token, 'c', id)
  renew(L, till)
  local last = redis.call('LINDEX', L.q, -1)
  local last_meta = last and last ~= id and meta(L, last)
  local sent = tonumber(redis.call('HGET', L.l, 'ls') or '0')
  local newer = (sent > m.rev or (last_meta and last_meta.rev > m.rev)) and 1 or 0
  local body = redis.call('HGET', L.i, 'b' .. id) or ''
  local may_pass = m.may_pass and 1 or 0
  return { 'h', token, till, id, m.phase, m.attempts, m.unknowns, m.started, m.rev, m.class, may_pass, m.sup, newer, body }
end
