-- KEYS: of each charge its bucket and its reservations. ARGV: again, call, then of each charge window_us, kind (1 held,
-- 2 concurrent). For a take that was not answered: what it may have reserved is given back. Its time is not known, so
-- all reservations are searched; this is rarely called.
local id, now = ARGV[2], clock()

for i = 1, #KEYS / 2 do
  local bucket, holds = KEYS[2 * i - 1], KEYS[2 * i]
  local window_us = tonumber(ARGV[2 * i + 1])
  for _, member in ipairs(redis.call('ZRANGE', holds, 0, -1)) do
    local amount, at, call = string.match(member, '^(%d+):(%d+):(.*)$')
    if call == id then
      redis.call('ZREM', holds, member)
      if ARGV[2 * i + 2] == '2' then
        free_places(bucket, tonumber(amount))
      else
        local state = window_settle(read_window(bucket), now, window_us, -tonumber(amount), tonumber(at))
        write_window(bucket, state, now, window_us)
      end
    end
  end
end
return 1
