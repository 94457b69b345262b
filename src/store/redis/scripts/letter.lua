-- Dead letters: h (id → letter), i (id → index entry), z (all, by time), one set by time for each merchant, each reason and
-- each reason of a merchant, named by the prefixes mz, rz and bz, and rs, the reasons of which there are any.

local function index_of_both(D, merchant, reason) return D.bz .. #merchant .. ':' .. merchant .. ':' .. reason end

local function drop_letter(D, id)
  local raw = redis.call('HGET', D.i, id)
  if not raw then return 0 end
  local e = cjson.decode(raw)
  redis.call('ZREM', D.z, id)
  redis.call('ZREM', D.rz .. e.reason, id)
  if redis.call('EXISTS', D.rz .. e.reason) == 0 then redis.call('SREM', D.rs, e.reason) end
  if e.merchant then
    redis.call('ZREM', D.mz .. e.merchant, id)
    redis.call('ZREM', index_of_both(D, e.merchant, e.reason), id)
  end
  redis.call('HDEL', D.h, id)
  redis.call('HDEL', D.i, id)
  return 1
end

-- `entry` is the index entry as JSON (id, reason, merchant, at), `body` the whole letter.
local function put_letter(D, entry, body)
  local e = cjson.decode(entry)
  drop_letter(D, e.id)
  local at = string.format('%.0f', e.at)
  redis.call('HSET', D.h, e.id, body)
  redis.call('HSET', D.i, e.id, entry)
  redis.call('ZADD', D.z, at, e.id)
  redis.call('ZADD', D.rz .. e.reason, at, e.id)
  redis.call('SADD', D.rs, e.reason)
  if e.merchant then
    redis.call('ZADD', D.mz .. e.merchant, at, e.id)
    redis.call('ZADD', index_of_both(D, e.merchant, e.reason), at, e.id)
  end
  return e
end
