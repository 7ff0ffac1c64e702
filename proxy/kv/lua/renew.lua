-- KEYS: of each charge its bucket and its reservations. ARGV: unused (settle's `again`), call, time of the take,
-- hold_us, then of each charge window_us, cost, kind (1 held, 2 concurrent).
local id, at, hold_us, now = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), clock()

for i = 1, #KEYS / 2 do
  local bucket, holds, concurrent = KEYS[2 * i - 1], KEYS[2 * i], ARGV[3 * i + 4] == '2'
  local window_us, member = tonumber(ARGV[3 * i + 2]), hold_member(tonumber(ARGV[3 * i + 3]), at, id)
  local life = hold_life(hold_us, window_us, concurrent)
  redis.call('ZADD', holds, 'XX', hold_expiry(now, hold_us, at, window_us, concurrent), member)
  extend_expiry(holds, life)
  if concurrent then extend_expiry(bucket, life) end
end
return 1
