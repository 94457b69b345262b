-- A batch of product news. A fact is stored as version|learned|merchant version|gone|length of offer|offer product.
local r = cjson.decode(ARGV[1])

local function num(x) return string.format('%.0f', x) end

local function read(raw)
  local v, learned, mv, gone, len, at = string.match(raw, '^(%d+)|(-?%d+)|([%d-]+)|([01])|(%d+)|()')
  if not v then error('unreadable product fact') end
  local offer = string.sub(raw, at, at + tonumber(len) - 1)
  return { version = tonumber(v), learned = tonumber(learned), mv = mv, gone = gone, offer = offer, product = string.sub(raw, at + #offer) }
end

local function write(w, version, mv, offer, product)
  local raw = table.concat({ num(version), num(w.learned), mv, w.gone, num(#offer), offer .. product }, '|')
  redis.call('HSET', r.facts, w.id, raw)
end

local function put(w)
  local offer, product = ARGV[w.offer], ARGV[w.product]
  local raw = redis.call('HGET', r.facts, w.id)
  if not raw then
    if w.gone == '1' then return { 'unchanged', 0 } end
    redis.call('INCR', r.generation)
    write(w, 1, w.mv, offer, product)
    return { 'stored', 1 }
  end
  local f = read(raw)
  -- merchant versions are 20 digits, so that texts compare like numbers, or '-'
  local versioned = w.mv ~= '-' and f.mv ~= '-'
  if versioned and w.mv < f.mv then return { 'older', 0 } end
  -- A higher version is newer whatever the clocks of two replicas say.
  if w.learned < f.learned then
    if not (versioned and w.mv > f.mv) then return { 'older', 0 } end
    w.learned = f.learned
  end
  local mv = w.mv ~= '-' and w.mv or f.mv
  local told = w.gone ~= f.gone or (w.gone == '0' and offer ~= f.offer)
  if not told and product == f.product then
    if w.learned > f.learned or mv ~= f.mv then write(w, f.version, mv, offer, product) end
    return { 'unchanged', f.version }
  end
  redis.call('INCR', r.generation)
  write(w, f.version + 1, mv, offer, product)
  return { told and 'changed' or 'stored', f.version + 1 }
end

local replies = {}
for n, w in ipairs(r.writes) do replies[n] = put(w) end
return replies
