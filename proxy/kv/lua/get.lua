-- KEYS: values. Each value starts with the name of its group's set, so that a read can mark it as used there.
local name_length = tonumber(ARGV[1])
local values = {}
local now = clock()
for i, key in ipairs(KEYS) do
  local value = redis.call('GET', key)
  if value then
    redis.call('ZADD', string.sub(value, 1, name_length), 'XX', now, key)
    value = string.sub(value, name_length + 1)
  end
  values[i] = value
end
return values
