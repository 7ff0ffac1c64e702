"""The arithmetic of rate limits: integers, time as an argument, no state but what is passed in and out.

Two ways to limit, both over a rolling window:

- `gcra` (a token bucket by its theoretical arrival time): one number of state. A full bucket may be spent at once and
  refills evenly, so that up to twice the limit can pass in one window, never as two bursts.
- `window`: at most `limit` in any `window_us`, always. Its state is the spending by 64ths of the window; a slot
  counts until all of it has left, so that room comes back late by at most a 64th of the window, never early.

Spending and limits are integers of one unit that the caller picks (`scaled` turns "0.5" into thousandths).
Every value on the way stays below 2^53 within the bounds here, so that the same steps work in Lua's doubles.
A refused call changes nothing but what the clock did.
"""

from itertools import pairwise
from typing import Final, Generic, NamedTuple, TypeVar

__all__ = [
    "LIMIT_MAX",
    "NEVER",
    "NOW_MAX",
    "SLOTS",
    "WINDOW_MAX",
    "Decision",
    "gcra",
    "gcra_settle",
    "pack",
    "scaled",
    "unpack",
    "window",
    "window_packed",
    "window_settle",
    "window_settle_packed",
]

LIMIT_MAX: Final = 10**14
"""Largest limit, cost and settlement: 66 slots and a cost of it are below 2^53."""
WINDOW_MAX: Final = 365 * 86_400 * 1_000_000
"""Longest window, in microseconds: 365 days."""
NOW_MAX: Final = 2**52
"""Latest time, in microseconds since the epoch: the year 2112."""
SLOTS: Final = 64
NEVER: Final = -1
"""`retry_after_us` of a cost above the limit."""

State = TypeVar("State", int, tuple[int, ...], bytes)
_SLOT_BYTES: Final = 7
_ROW_BYTES: Final = 15


class Decision(NamedTuple, Generic[State]):
    """What became of a call. Times are microseconds from now; `reset_us` is when all of the limit is back."""

    allowed: bool
    remaining: int
    retry_after_us: int
    reset_us: int
    state: State


def gcra(tat_us: int, now_us: int, limit: int, window_us: int, cost: int = 1) -> Decision[int]:
    """Takes `cost` from a bucket that holds `limit` and refills in `window_us`.

    `tat_us` is the state: the time at which the bucket is full again, 0 at first. Raises ValueError out of bounds:
    1 <= limit <= LIMIT_MAX, 1 <= window_us <= WINDOW_MAX, 0 <= cost <= LIMIT_MAX, 0 <= now_us <= NOW_MAX,
    0 <= tat_us <= NOW_MAX + 2 * WINDOW_MAX. A cost is worth an integer number of microseconds, rounded
    down: what the limit says always passes at once, and a call passes less than a microsecond's refill too much.
    """
    _check(now_us, limit, window_us, cost)
    _check_tat(tat_us)
    base = max(tat_us, now_us)
    if cost > limit:
        return Decision(False, _left(base - now_us, limit, window_us), NEVER, base - now_us, tat_us)
    full_at = base + _worth(cost, limit, window_us)
    if full_at - now_us > window_us:
        left = _left(base - now_us, limit, window_us)
        return Decision(False, left, full_at - now_us - window_us, base - now_us, tat_us)
    return Decision(True, _left(full_at - now_us, limit, window_us), 0, full_at - now_us, full_at)


def gcra_settle(tat_us: int, now_us: int, limit: int, window_us: int, delta: int) -> int:
    """The state after a call turned out to cost `delta` more (or less, where it is negative) than was taken.

    What was not known in time is owed: later calls are refused until it is paid back. One settlement is worth at most
    the full limit and the debt at most one window, so that nobody waits for longer than two windows.
    Bounds as in `gcra`, and -LIMIT_MAX <= delta <= LIMIT_MAX.
    """
    _check(now_us, limit, window_us, abs(delta))
    _check_tat(tat_us)
    worth = _worth(min(abs(delta), limit), limit, window_us)
    if delta < 0:
        return max(tat_us - worth, 0)
    return min(max(tat_us, now_us) + worth, now_us + 2 * window_us)


def window(state: tuple[int, ...], now_us: int, limit: int, window_us: int, cost: int = 1) -> Decision[tuple[int, ...]]:
    """Takes `cost` where the spending of the last `window_us` leaves room for it.

    The state is flat: slot, spending, slot, spending, …, oldest first, empty at first; a slot is a time divided by
    the slot's length, `ceil(window_us / 64)`. Bounds as in `gcra`; also ValueError for a state of more than 66 slots,
    one out of order, or a spending above LIMIT_MAX. A clock that goes back is taken for the latest slot; by more than a
    window, all that is later than now counts as of now, and a refused call changes the state in this alone.
    """
    _check(now_us, limit, window_us, cost)
    slot_us = -(-window_us // SLOTS)
    live = _live(state, now_us, slot_us, window_us)
    spent = sum(live[1::2])
    if spent + cost <= limit:
        live = _add(live, now_us // slot_us, cost)
        return Decision(True, limit - spent - cost, 0, _ends(live, slot_us, window_us, now_us), live)
    retry_us, over = NEVER, spent + cost - limit
    for slot, count in zip(live[::2], live[1::2], strict=True):
        over -= count
        if over <= 0 and cost <= limit:
            retry_us = (slot + 1) * slot_us + window_us - now_us
            break
    return Decision(False, max(limit - spent, 0), retry_us, _ends(live, slot_us, window_us, now_us), live)


def window_settle(
    state: tuple[int, ...], now_us: int, limit: int, window_us: int, delta: int, at_us: int
) -> tuple[int, ...]:
    """The state after the call taken at `at_us` turned out to cost `delta` more or less than was taken then.

    It counts in the slot of that time, or the next one there is: above the limit where need be (up to LIMIT_MAX a
    slot), never below 0. A call that has left the window changes nothing. Bounds as in `window`, and
    0 <= at_us <= NOW_MAX.
    """
    _check(now_us, limit, window_us, abs(delta))
    _check(at_us, limit, window_us, 0)
    slot_us = -(-window_us // SLOTS)
    live = _live(state, now_us, slot_us, window_us)
    wanted = min(at_us, now_us) // slot_us
    if (wanted + 1) * slot_us + window_us <= now_us:
        return live
    for place in range(0, len(live), 2):
        if live[place] >= wanted:
            count = min(max(live[place + 1] + delta, 0), LIMIT_MAX)
            return (*live[: place + 1], count, *live[place + 2 :])
    return _add(live, wanted, max(delta, 0))


def pack(state: tuple[int, ...]) -> bytes:
    """A window's state in 15 bytes a slot: 7 for the slot, 8 for its spending, little-endian."""
    rows = zip(state[::2], state[1::2], strict=True)
    return b"".join(slot.to_bytes(_SLOT_BYTES, "little") + spent.to_bytes(8, "little") for slot, spent in rows)


def unpack(state: bytes) -> tuple[int, ...]:
    """The numbers of a packed state. Raises ValueError where its length is not a multiple of a slot's."""
    if len(state) % _ROW_BYTES:
        raise ValueError(f"a state of {len(state)} bytes; expected {_ROW_BYTES} a slot")
    found: list[int] = []
    for at in range(0, len(state), _ROW_BYTES):
        found.append(int.from_bytes(state[at : at + _SLOT_BYTES], "little"))
        found.append(int.from_bytes(state[at + _SLOT_BYTES : at + _ROW_BYTES], "little"))
    return tuple(found)


def window_packed(state: bytes, now_us: int, limit: int, window_us: int, cost: int = 1) -> Decision[bytes]:
    """`window` over a packed state."""
    decision = window(unpack(state), now_us, limit, window_us, cost)
    return Decision(*decision[:4], pack(decision.state))


def window_settle_packed(state: bytes, now_us: int, limit: int, window_us: int, delta: int, at_us: int) -> bytes:
    """`window_settle` over a packed state."""
    return pack(window_settle(unpack(state), now_us, limit, window_us, delta, at_us))


def scaled(text: str, scale: int) -> int:
    """A decimal number such as "2.5" in units of 1/scale, exactly; scale is a power of ten.

    Raises ValueError for anything but digits with at most one point, more decimals than `scale` holds, 0, or a
    result above LIMIT_MAX.
    """
    integer, point, fraction = text.partition(".")
    places = len(str(scale)) - 1
    plain = (integer + fraction).isascii() and (integer + fraction).isdigit() and (bool(fraction) or not point)
    if not plain or scale != 10**places or len(fraction.rstrip("0")) > places or len(text) > 40:
        raise ValueError(f"{text!r}; expected a decimal number with at most {places} decimals")
    value = int(integer or "0") * scale + int(fraction.rstrip("0").ljust(places, "0") or "0")
    if not 0 < value <= LIMIT_MAX:
        raise ValueError(f"{text!r}; expected a number above 0 and at most {LIMIT_MAX // scale}")
    return value


def _check(now_us: int, limit: int, window_us: int, cost: int) -> None:
    if not 0 < limit <= LIMIT_MAX:
        raise ValueError(f"limit is {limit}; expected 1 to {LIMIT_MAX}")
    if not 0 < window_us <= WINDOW_MAX:
        raise ValueError(f"window_us is {window_us}; expected 1 to {WINDOW_MAX}")
    if not 0 <= cost <= LIMIT_MAX:
        raise ValueError(f"cost is {cost}; expected 0 to {LIMIT_MAX}")
    if not 0 <= now_us <= NOW_MAX:
        raise ValueError(f"time is {now_us}; expected 0 to {NOW_MAX} microseconds")


def _check_tat(tat_us: int) -> None:
    if not 0 <= tat_us <= NOW_MAX + 2 * WINDOW_MAX:
        raise ValueError(f"tat_us is {tat_us}; expected 0 to {NOW_MAX + 2 * WINDOW_MAX}")


def _live(state: tuple[int, ...], now_us: int, slot_us: int, window_us: int) -> tuple[int, ...]:
    """`state`, checked, less what has left the window. Where the clock went back by more than a window, what is later
    than now is as of now."""
    slots, counts = state[::2], state[1::2]
    if len(state) % 2 or len(slots) > SLOTS + 2:
        raise ValueError(f"a state of {len(state)} numbers; expected pairs of slot and spending, at most {SLOTS + 2}")
    rising = all(before < after for before, after in pairwise(slots))
    if not rising or (slots and not 0 <= slots[0] <= slots[-1] <= NOW_MAX // slot_us):
        raise ValueError("a state whose slots do not rise, or are no time")
    if not all(0 <= count <= LIMIT_MAX for count in counts):
        raise ValueError(f"a state with a spending that is not 0 to {LIMIT_MAX}")
    gone = sum((slot + 1) * slot_us + window_us <= now_us for slot in slots)
    if gone == len(slots) or slots[-1] * slot_us <= now_us + window_us:
        return state[2 * gone :]
    current = now_us // slot_us
    past = sum(slot < current for slot in slots)
    return (*state[2 * gone : 2 * past], current, min(sum(counts[past:]), LIMIT_MAX))


def _add(live: tuple[int, ...], slot: int, cost: int) -> tuple[int, ...]:
    if not cost:
        return live
    if live and slot <= live[-2]:
        return (*live[:-1], live[-1] + cost)
    return (*live, slot, cost)


def _ends(live: tuple[int, ...], slot_us: int, window_us: int, now_us: int) -> int:
    """Microseconds until the last of it has left the window."""
    return (live[-2] + 1) * slot_us + window_us - now_us if live else 0


def _worth(cost: int, limit: int, window_us: int) -> int:
    """The time in which `cost` comes back, rounded down."""
    return cost * window_us // limit


def _left(wait_us: int, limit: int, window_us: int) -> int:
    """What a bucket holds that is full again in `wait_us`, rounded down."""
    return max(window_us - wait_us, 0) * limit // window_us
