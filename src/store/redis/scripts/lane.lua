-- Lanes, shared by commit, claim, start, settle and status. A lane `L` names its keys: l (the hash that holds it), st (prefix
-- of the statuses that are kept, by effect id), due (the shard's due-set), m (the lane's member there), k ('p' provider, 'm'
-- merchant). In the hash, field h is the head as msgpack and 'b'<id> the body of each item; so a lane costs one read and one
-- write, however many rules look at it.
-- A head `S`: t token, u lease end, c current id (absent without a lease), ls last sent revision, pu paced until, items in
-- order. An item: id, p phase, a attempts, n unknowns, d due, s started, r revision, c class, o may pass, k supersede key.
-- Phases: q queued, s started from queued, S started from unknown, u unknown. What is unknown never becomes queued again.

local function num(x) return string.format('%.0f', x) end

local function read_lane(L)
  local raw = redis.call('HGET', L.l, 'h')
  local S = raw and cmsgpack.unpack(raw) or { ls = 0, pu = 0, items = {} }
  return S, { gone = {}, bodies = {}, was_empty = raw and #S.items == 0 }
end

-- Keeps what became of a lane: `W` lists bodies that came and went, `at` is when to look at it (nil: it is empty).
local function write_lane(L, S, W, at)
  local fields = { 'h', cmsgpack.pack(S) }
  for id, body in pairs(W.bodies) do
    fields[#fields + 1] = 'b' .. id
    fields[#fields + 1] = body
  end
  if #W.gone > 0 then redis.call('HDEL', L.l, unpack(W.gone)) end
  redis.call('HSET', L.l, unpack(fields))
  if at then
    redis.call('ZADD', L.due, num(at), L.m)
    if W.was_empty then redis.call('PERSIST', L.l) end
  else
    -- an empty lane leaves only its pace, for an hour
    redis.call('ZREM', L.due, L.m)
    redis.call('EXPIRE', L.l, 3600)
  end
end

local function find(S, id)
  for place, m in ipairs(S.items) do
    if m.id == id then return m, place end
  end
end

local function remove(S, W, id)
  local m, place = find(S, id)
  if not m then return end
  table.remove(S.items, place)
  if W.bodies[id] then W.bodies[id] = nil else W.gone[#W.gone + 1] = 'b' .. id end
end

local function raise_sent(S, rev)
  if rev > S.ls then S.ls = rev end
end

-- A status tells what became of an item: it leaves the lane, as sent unless the status is failed (4).
local function finish(S, W, m, status)
  remove(S, W, m.id)
  if status < 4 then raise_sent(S, m.r) end
end

-- A provider item is not unknown when a status came during its attempt and was kept.
local function settle_by_status(L, S, W, m)
  local status = L.k == 'p' and redis.call('GET', L.st .. m.id)
  if status then finish(S, W, m, tonumber(status)) end
end

-- The item that may be performed now; or nil and when to look again (nil: nothing is left).
local function pick(L, S, now)
  local held, revs, wait = false, {}, nil
  local function later(t) if not wait or t < wait then wait = t end end
  local function stays(m)
    if L.k == 'm' then return held and not m.o end
    return revs[m.r] or (held and m.c == 'b')
  end
  for _, m in ipairs(S.items) do
    if m.d > now and (L.k == 'm' or m.p == 'u') then
      later(m.d)
      held, revs[m.r] = true, true
    elseif stays(m) then
      -- behind what is held
    elseif m.d > now then
      later(m.d)
      return nil, wait
    elseif m.p == 'q' and m.k ~= '-' and S.pu > now then
      later(S.pu)
      return nil, wait
    else
      return m, nil
    end
  end
  return nil, wait
end

local function end_lease(S) S.t, S.u, S.c = nil, nil, nil end

-- End of a live lease; nil when the lane is free. What a lost holder had started becomes unknown, unless a status tells.
local function lapse(L, S, W, now, hold_ms)
  if not S.t then return nil end
  if S.u > now then return S.u end
  local m = S.c and find(S, S.c)
  if m and (m.p == 's' or m.p == 'S') then
    m.p, m.a, m.n = 'u', m.a + 1, m.n + 1
    m.d = L.k == 'p' and m.s + hold_ms or now
    settle_by_status(L, S, W, m)
  end
  end_lease(S)
  return nil
end

-- Leases the lane under `token` when something may be performed now, else lets it rest. Returns the answer and when the lane
-- is to be looked at. The body of an item that came in this call is left out: the caller has it.
local function serve(L, S, W, now, lease_ms, token)
  local m, wait = pick(L, S, now)
  if not m then
    end_lease(S)
    if wait then return { 'w', wait }, wait end
    return { 'e' }, nil
  end
  local till = now + lease_ms
  S.t, S.u, S.c = token, till, m.id
  local last = S.items[#S.items]
  local newer = (S.ls > m.r or last.r > m.r) and 1 or 0
  local body = not W.bodies[m.id] and (redis.call('HGET', L.l, 'b' .. m.id) or '')
  return { 'h', token, till, m.id, m.p, m.a, m.n, m.s, m.r, m.c, m.o and 1 or 0, m.k, newer, body }, till
end
