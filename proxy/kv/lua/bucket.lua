-- How a bucket is stored in Redis: its window (or, of a concurrent one, the sum of the places taken) in one key, its
-- reservations in a sorted set by expiry, each member "amount:time of the take:call".

local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- Makes a key expire no earlier than `us` from now.
local function extend_expiry(key, us)
  local ms = math.floor(us / 1000) + 1000
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, ms) end
end

-- How long reservations are remembered: until they expire, and as long as what they would give back counts.
local function hold_life(hold_us, window_us, concurrent)
  if concurrent then return hold_us end
  return math.max(hold_us, window_us + slot_length(window_us))
end

local function hold_member(amount, at, id)
  return string.format('%.0f:%.0f:%s', amount, at, id)
end

local function hold_expiry(now, hold_us, at, window_us, concurrent)
  if concurrent then return math.min(now + hold_us, at + window_us) end
  return now + hold_us
end

local function read_window(key)
  local packed = redis.call('GET', key)
  return packed and cmsgpack.unpack(packed) or {}
end

local function write_window(key, state, now, window_us)
  if #state == 0 then
    redis.call('DEL', key)
  else
    redis.call('SET', key, cmsgpack.pack(state), 'PX', math.floor(window_ends(state, now, window_us) / 1000) + 1000)
  end
end

-- Gives `amount` places back and returns how many are taken then.
local function free_places(key, amount)
  local taken = tonumber(redis.call('GET', key) or 0) - amount
  if taken <= 0 then
    redis.call('DEL', key)
    return 0
  end
  if amount ~= 0 then redis.call('SET', key, taken, 'KEEPTTL') end
  return taken
end

-- Takes expired reservations out of the set; {amount, time of the take} each. Up to 1,000: a script blocks all others.
local function take_expired(key, now)
  local members = redis.call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, 1000)
  if #members == 0 then return members end
  redis.call('ZREM', key, unpack(members))
  for i, member in ipairs(members) do
    local amount, at = string.match(member, '^(%d+):(%d+):')
    members[i] = { tonumber(amount), tonumber(at) }
  end
  return members
end
