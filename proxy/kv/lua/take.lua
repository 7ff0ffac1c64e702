-- KEYS: of each charge its bucket and its reservations. ARGV: call, hold_us, then of each charge limit, window_us,
-- cost, kind (0 spent, 1 held, 2 concurrent). Returns: allowed, time, then of each charge allowed, remaining,
-- retry_after_us, reset_us.
local id, hold_us, now = ARGV[1], tonumber(ARGV[2]), clock()
local reply, after, all = { 1, now }, {}, true

local function look_at_places(bucket, holds, limit, cost)
  local back = 0
  for _, gone in ipairs(take_expired(holds, now)) do back = back + gone[1] end
  local soonest = redis.call('ZRANGE', holds, 0, 0, 'WITHSCORES')[2]
  -- One of the two keys may have been evicted: without reservations nothing is taken.
  local taken = free_places(bucket, soonest and back or LIMIT_MAX)
  local reset = soonest and math.max(soonest - now, 0) or 0
  if taken + cost <= limit and (cost > 0 or taken < limit) then return true, limit - taken - cost, 0, reset end
  -- When an open call will end is unknown: suggest a second, or less where the first reservation expires earlier.
  local retry = cost > limit and -1 or math.min(math.max(reset, 1), 1000000)
  return false, math.max(limit - taken, 0), retry, reset
end

local function look_at_window(bucket, holds, limit, window_us, cost)
  local state, expired = read_window(bucket), take_expired(holds, now)
  for _, gone in ipairs(expired) do state = window_settle(state, now, window_us, -gone[1], gone[2]) end
  if #expired > 0 then write_window(bucket, state, now, window_us) end
  if cost > 0 then
    local room, left, retry, reset, live, changed = window(state, now, limit, window_us, cost)
    if changed and not room then write_window(bucket, live, now, window_us) end
    return room, left, retry, reset, live
  end
  -- A cost of 0 is allowed where 1 would be; the remaining amount and the reset time are computed without that 1.
  local room, _, retry = window(state, now, limit, window_us, 1)
  local _, left, _, reset, live, changed = window(state, now, limit, window_us, 0)
  if changed then write_window(bucket, live, now, window_us) end
  return room, left, retry, reset, live
end

for i = 1, #KEYS / 2 do
  local bucket, holds, kind = KEYS[2 * i - 1], KEYS[2 * i], ARGV[4 * i + 2]
  local limit, window_us, cost = tonumber(ARGV[4 * i - 1]), tonumber(ARGV[4 * i]), tonumber(ARGV[4 * i + 1])
  local room, left, retry, reset
  if kind == '2' then
    room, left, retry, reset = look_at_places(bucket, holds, limit, cost)
  else
    room, left, retry, reset, after[i] = look_at_window(bucket, holds, limit, window_us, cost)
  end
  all = all and room
  local size = #reply
  reply[size + 1], reply[size + 2], reply[size + 3], reply[size + 4] = room and 1 or 0, left, retry, reset
end

if not all then
  reply[1] = 0
  return reply
end

for i = 1, #KEYS / 2 do
  local bucket, holds, kind = KEYS[2 * i - 1], KEYS[2 * i], ARGV[4 * i + 2]
  local window_us, cost = tonumber(ARGV[4 * i]), tonumber(ARGV[4 * i + 1])
  local concurrent = kind == '2'
  if kind ~= '0' then
    local life = hold_life(hold_us, window_us, concurrent)
    redis.call('ZADD', holds, hold_expiry(now, hold_us, now, window_us, concurrent), hold_member(cost, now, id))
    extend_expiry(holds, life)
    if concurrent then
      redis.call('INCRBY', bucket, ARGV[4 * i + 1])
      extend_expiry(bucket, life)
    end
  end
  if not concurrent and cost > 0 then write_window(bucket, after[i], now, window_us) end
end
return reply
