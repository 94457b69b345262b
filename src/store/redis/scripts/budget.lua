-- Budgets: a generic cell rate (GCRA) in microseconds; the key holds the theoretical arrival time of the next unit.

local function us(x) return string.format('%.0f', x) end

local function keep(key, tat, now)
  redis.call('SET', key, us(tat), 'PX', us(math.ceil((tat - now) / 1000) + 1000))
end

-- Takes one unit of each budget, or none: then returns when (ms) to come back, and which budget (from 0) says so. Bulk leaves 30 % of the burst to replies.
local function take(budgets, now_ms, bulk)
  local now, wait, who, takes = now_ms * 1000, nil, nil, {}
  for n, b in ipairs(budgets) do
    local tat = math.max(tonumber(redis.call('GET', b.key) or '0'), now)
    local limit = math.max(b.burst, 1) * b.interval
    if bulk then limit = math.max(b.interval, math.floor(limit * 7 / 10)) end
    takes[n] = tat + b.interval
    if takes[n] - now > limit then
      local at = math.ceil((takes[n] - limit) / 1000)
      if not wait or at > wait then wait, who = at, n - 1 end
    end
  end
  if wait then return wait, who end
  for n, b in ipairs(budgets) do keep(b.key, takes[n], now) end
  return nil
end
