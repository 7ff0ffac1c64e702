-- KEYS: of each charge its bucket and its reservations. ARGV: again, call, time of the take, then of each charge
-- window_us, cost, spent, kind (1 held, 2 concurrent). `again` is 1 where the first try may have been carried out.
local again, id, at, now = ARGV[1] == '1', ARGV[2], tonumber(ARGV[3]), clock()

for i = 1, #KEYS / 2 do
  local bucket, holds = KEYS[2 * i - 1], KEYS[2 * i]
  local window_us, cost, spent = tonumber(ARGV[4 * i]), tonumber(ARGV[4 * i + 1]), tonumber(ARGV[4 * i + 2])
  local held = redis.call('ZREM', holds, hold_member(cost, at, id)) == 1
  if ARGV[4 * i + 3] == '2' then
    if held then free_places(bucket, cost) end
  else
    local delta = 0
    if held then
      delta = spent - cost
    elseif not again then -- expired and given back: all of it is spent afresh
      delta = spent
    end
    delta = math.min(math.max(delta, -LIMIT_MAX), LIMIT_MAX)
    if delta ~= 0 then
      write_window(bucket, window_settle(read_window(bucket), now, window_us, delta, at), now, window_us)
    end
  end
end
return 1
