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
  if r.how == 'postpone' then
    m.phase = (m.phase == 'u' or m.phase == 'S') and 'u' or 'q'
  else
    m.phase = r.how == 'retry' and 'q' or 'u'
    m.attempts = m.attempts + 1
  end
  if m.phase == 'u' then save_unknown(L, r.id, m) else save(L, r.id, m) end
end
return serve(L, r.now, r.lease, r.next)
