-- The arithmetic of _speedups.window, step by step: whole numbers in doubles, all of them below 2^53.
-- A state is a flat list: slot, spending, slot, spending, ..., oldest first.
local LIMIT_MAX = 100000000000000

local function slot_length(window_us)
  return math.ceil(window_us / 64)
end

-- What of a state has not left the window, and the sum of it. Where the clock went back by more than a window, what is
-- later than now becomes as of now; the third result says whether it was so.
local function live_part(state, now, slot_us, window_us)
  local live, spent, size = {}, 0, 0
  for i = 1, #state, 2 do
    if (state[i] + 1) * slot_us + window_us > now then
      live[size + 1], live[size + 2] = state[i], state[i + 1]
      size, spent = size + 2, spent + state[i + 1]
    end
  end
  if size == 0 or live[size - 1] * slot_us <= now + window_us then return live, spent, false end
  local current, later = math.floor(now / slot_us), 0
  while size > 0 and live[size - 1] >= current do
    later = later + live[size]
    live[size - 1], live[size] = nil, nil
    size = size - 2
  end
  live[size + 1], live[size + 2] = current, math.min(later, LIMIT_MAX)
  return live, spent - later + live[size + 2], true
end

local function add(live, slot, cost)
  if cost == 0 then return end
  local size = #live
  if size > 0 and slot <= live[size - 1] then
    live[size] = live[size] + cost
  else
    live[size + 1], live[size + 2] = slot, cost
  end
end

-- Microseconds until the last of it has left the window.
local function window_ends(live, now, window_us)
  if #live == 0 then return 0 end
  return (live[#live - 1] + 1) * slot_length(window_us) + window_us - now
end

-- Returns: allowed, remaining, retry_after_us, reset_us, state, whether a refusal changes the state.
local function window(state, now, limit, window_us, cost)
  local slot_us = slot_length(window_us)
  local live, spent, was_later = live_part(state, now, slot_us, window_us)
  if spent + cost <= limit then
    add(live, math.floor(now / slot_us), cost)
    return true, limit - spent - cost, 0, window_ends(live, now, window_us), live, was_later
  end
  local retry, over = -1, spent + cost - limit
  for i = 1, #live, 2 do
    over = over - live[i + 1]
    if over <= 0 and cost <= limit then
      retry = (live[i] + 1) * slot_us + window_us - now
      break
    end
  end
  return false, math.max(limit - spent, 0), retry, window_ends(live, now, window_us), live, was_later
end

-- Returns the state.
local function window_settle(state, now, window_us, delta, at)
  local slot_us = slot_length(window_us)
  local live = live_part(state, now, slot_us, window_us)
  local wanted = math.floor(math.min(at, now) / slot_us)
  if (wanted + 1) * slot_us + window_us <= now then return live end
  for i = 1, #live, 2 do
    if live[i] >= wanted then
      live[i + 1] = math.min(math.max(live[i + 1] + delta, 0), LIMIT_MAX)
      return live
    end
  end
  add(live, wanted, math.max(delta, 0))
  return live
end
