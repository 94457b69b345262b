-- A delivery status: kept when it is higher than the one kept (DeliveryStatus::join, by number), and the end of the wait for
-- an item of unknown outcome. An attempt that is under way goes on; if its outcome turns out unknown, the status that is kept
-- tells it.

-- Any status but failed (4) proves that a message reached the outside. It is noted when it is told, so that the order of
-- statuses makes no difference; without an earlier item nobody will ask, and an ordinary status writes no lane.
local function note_reached(S, id, status)
  local rev = tonumber(string.match(id, '^%x+%.(%d+)%.%d+$') or '0')
  if status > 3 or rev <= S.ls then return false end
  for _, other in ipairs(S.items) do
    if other.r < rev then
      S.ls = rev
      return true
    end
  end
  return false
end

local r = cjson.decode(ARGV[1])
local L = r.lane
local id = r.id or redis.call('GET', r.message)
if not id then return { '', 0, 0 } end
local S, W = read_lane(L)
local m = find(S, id)
local key = L.st .. id
local raised, settled = 0, 0
if r.status > tonumber(redis.call('GET', key) or '0') then
  redis.call('SET', key, num(r.status), 'EX', r.kept_s)
  raised = 1
end
local noted = note_reached(S, id, r.status)
if m then
  local live = S.t and S.u > r.now
  local current = S.c == id
  if m.p == 'u' or (m.p ~= 'q' and not (live and current)) then
    settled = 1
    finish(S, W, m, r.status)
    local at = S.u
    if current then end_lease(S) end
    if not S.t then
      local ready, wait = pick(L, S, r.now)
      at = ready and r.now or wait
    end
    write_lane(L, S, W, at)
  end
end
if noted and settled == 0 then redis.call('HSET', L.l, 'h', cmsgpack.pack(S)) end
return { id, raised, settled }
