local r = cjson.decode(ARGV[1])
local L = r.lane
if redis.call('HGET', L.l, 't') ~= r.token then return { 'lost' } end
local m = meta(L, r.id)
if r.how == 'done' then
  if m then remove(L, r.id) end
  if r.sent then raise_sent(L, r.rev) end
  if r.message then redis.call('SET', r.message, r.id, 'EX', 2592000) end
elseif m then
  m.due = r.due
  if r.how ~= 'postpone' then m.attempts = m.attempts + 1 end
  if r.how == 'unknown' then m.unknowns = m.unknowns + 1 end
  m.phase = m.unknowns > 0 and 'u' or 'q'
  if m.phase == 'u' then save_unknown(L, r.id, m) else save(L, r.id, m) end
end
return serve(L, r.now, r.lease, r.next)
