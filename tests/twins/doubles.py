"""The steps of `_speedups.bucket` as a script in doubles takes them, each value on the way checked against 2^53."""

from collections.abc import Callable
from math import floor
from typing import Any

__all__ = ["CALLS"]


def d(value: float) -> float:
    """A value on the way: a whole number that a double holds exactly."""
    assert isinstance(value, float) and -(2.0**53) < value < 2.0**53 and value == floor(value)
    return value


def divide(a: float, b: float) -> tuple[float, float]:
    """Quotient and remainder, as `math.floor(a / b)` and a correction find them."""
    quotient = float(floor(a / b))
    rest = d(a - d(quotient * b))
    if rest < 0:
        quotient, rest = d(quotient - 1), d(rest + b)
    return quotient, rest


def share(a: float, b: float, c: float) -> float:
    base, _ = divide(2.0**52, c)
    digits: list[float] = []
    while b > 0:
        b, digit = divide(b, base)
        digits.append(digit)
    quotient = rest = 0.0
    for digit in reversed(digits):
        more, rest = divide(d(d(rest * base) + d(digit * a)), c)
        quotient = d(d(quotient * base) + more)
    return quotient


def gcra(tat: float, now: float, limit: float, window: float, cost: float) -> list[Any]:
    base, retry, allowed = max(tat, now), -1.0, False
    wait = d(base - now)
    if cost <= limit:
        full_at = d(base + share(cost, window, limit))
        retry = d(d(full_at - now) - window)
        if retry <= 0:
            allowed, retry, tat, wait = True, 0.0, full_at, d(full_at - now)
    left = 0.0 if wait >= window else share(d(window - wait), limit, window)
    return [allowed, left, retry, wait, tat]


def gcra_settle(tat: float, now: float, limit: float, window: float, delta: float) -> float:
    worth = share(min(abs(delta), limit), window, limit)
    if delta < 0:
        return max(d(tat - worth), 0.0)
    return min(d(max(tat, now) + worth), d(now + d(2 * window)))


def pruned(state: list[float], now: float, slot: float, window: float) -> list[float]:
    state = list(state)
    while state and d(d(d(state[0] + 1) * slot) + window) <= now:
        del state[:2]
    if state and d(state[-2] * slot) > d(now + window):
        current, later = divide(now, slot)[0], 0.0
        while state and state[-2] >= current:
            later = d(later + state[-1])
            del state[-2:]
        state += [current, min(later, 1e14)]
    return state


def slot_of(window: float) -> float:
    return divide(d(window + 63), 64.0)[0]


def window(state: list[float], now: float, limit: float, length: float, cost: float) -> list[Any]:
    slot = slot_of(length)
    state = pruned(state, now, slot, length)
    spent = 0.0
    for count in state[1::2]:
        spent = d(spent + count)
    over = d(d(spent + cost) - limit)
    allowed, retry, left = over <= 0, 0.0, -over
    if allowed:
        at, _ = divide(now, slot)
        if cost and state and at <= state[-2]:
            state[-1] = d(state[-1] + cost)
        elif cost:
            state += [at, cost]
    else:
        retry, left = -1.0, max(d(limit - spent), 0.0)
        for place in range(0, len(state) if cost <= limit else 0, 2):
            over = d(over - state[place + 1])
            if over <= 0:
                retry = d(d(d(d(state[place] + 1) * slot) + length) - now)
                break
    reset = d(d(d(d(state[-2] + 1) * slot) + length) - now) if state else 0.0
    return [allowed, left, retry, reset, state]


def window_settle(state: list[float], now: float, limit: float, length: float, delta: float, at: float) -> list[float]:
    slot = slot_of(length)
    state = pruned(state, now, slot, length)
    wanted, _ = divide(min(at, now), slot)
    if d(d(d(wanted + 1) * slot) + length) <= now:
        return state
    for place in range(0, len(state), 2):
        if state[place] >= wanted:
            state[place + 1] = min(max(d(state[place + 1] + delta), 0.0), 1e14)
            return state
    return [*state, wanted, delta] if delta > 0 else state


CALLS: dict[str, Callable[..., Any]] = {
    "gcra": gcra,
    "gcra_settle": gcra_settle,
    "window": window,
    "window_settle": window_settle,
}
