-- KEYS: value, its group's set. ARGV: value, ttl_ms, max_values. Returns how many values were removed.
local key, group, ttl_ms, max_values = KEYS[1], KEYS[2], tonumber(ARGV[2]), tonumber(ARGV[3])
local before = redis.call('GETRANGE', key, 0, #group - 1)
if before ~= '' and before ~= group then redis.call('ZREM', before, key) end
redis.call('SET', key, group .. ARGV[1], 'PX', ttl_ms)
redis.call('ZADD', group, clock(), key)
extend_expiry(group, ttl_ms * 1000)
local over = redis.call('ZCARD', group) - max_values
if over <= 0 then return 0 end
local gone = redis.call('ZPOPMIN', group, over)
for i = 1, #gone, 2 do redis.call('UNLINK', gone[i]) end
return over
