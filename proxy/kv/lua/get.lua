-- KEYS: values. A value lies behind the name of its group's set, so that reading it can tell the set of it.
local name_length = tonumber(ARGV[1])
local found = {}
local now = clock()
for i, key in ipairs(KEYS) do
  local value = redis.call('GET', key)
  if value then
    redis.call('ZADD', string.sub(value, 1, name_length), 'XX', now, key)
    value = string.sub(value, name_length + 1)
  end
  found[i] = value
end
return found
