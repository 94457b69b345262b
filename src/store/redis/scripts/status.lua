-- A delivery status: kept when it is higher than the one kept, and the end of the wait for an item of unknown outcome. An
-- attempt that is under way goes on; if its outcome turns out unknown, the status that is kept tells it.
local r = cjson.decode(ARGV[1])
local L = r.lane
local id = r.id or redis.call('GET', r.message)
if not id then return { '', 0, 0 } end
local key = L.st .. id
local raised, settled = 0, 0
if r.status > tonumber(redis.call('GET', key) or '0') then
  redis.call('SET', key, num(r.status), 'EX', 2592000)
  raised = 1
end
local m = meta(L, id)
if m then
  local l = redis.call('HMGET', L.l, 't', 'u', 'c')
  local live = l[1] and tonumber(l[2]) > r.now
  local current = l[3] == id
  if m.phase == 'u' or (m.phase ~= 'q' and not (live and current)) then
    settled = 1
    finish(L, id, m.rev, r.status)
    if current then redis.call('HDEL', L.l, 't', 'u', 'c') end
    if current or not l[1] then
      local ready, _, wait = pick(L, r.now)
      rest(L, ready and r.now or wait)
    end
  end
end
return { id, raised, settled }
