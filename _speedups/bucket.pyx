# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""The arithmetic of rate limits. `_pure/bucket.py` is its specification; the steps here are those a script in doubles
takes too: no value on the way reaches 2^53."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport INT64_MIN, int64_t, uint64_t
from libc.string cimport memmove

from ._pure import bucket as plain
from ._pure.bucket import LIMIT_MAX, NEVER, NOW_MAX, SLOTS, WINDOW_MAX, Decision, scaled

__all__ = plain.__all__

cdef extern from "Python.h":
    int64_t PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1

cdef int64_t _LIMIT_MAX = LIMIT_MAX
cdef int64_t _WINDOW_MAX = WINDOW_MAX
cdef int64_t _NOW_MAX = NOW_MAX
cdef int64_t ROOM = 2 ** 52
cdef enum:
    NEVER_ = -1
    SLOT_BYTES = 7
    ROW_BYTES = 15
cdef object new_tuple = tuple.__new__


def gcra(tat_us, now_us, limit, window_us, cost=1):
    """Takes `cost` from a bucket that holds `limit` and refills in `window_us`. See the pure twin."""
    cdef Verdict verdict
    cdef int64_t tat = number(tat_us), now = number(now_us), maximum = number(limit), length = number(window_us)
    cdef int64_t price = number(cost)
    if not in_bounds(now, maximum, length, price) or not 0 <= tat <= _NOW_MAX + 2 * _WINDOW_MAX:
        return plain.gcra(tat_us, now_us, limit, window_us, cost)  # raises, naming what is wrong
    tat = gcra_take(tat, now, maximum, length, price, &verdict)
    return new_tuple(Decision, (verdict.allowed != 0, verdict.remaining, verdict.retry_after_us, verdict.reset_us, tat))


def gcra_settle(tat_us, now_us, limit, window_us, delta):
    """The state after a call turned out to cost `delta` more or less than was taken. See the pure twin."""
    cdef int64_t tat = number(tat_us), now = number(now_us), maximum = number(limit), length = number(window_us)
    cdef int64_t more = number(delta)
    if (not in_bounds(now, maximum, length, 0) or not 0 <= tat <= _NOW_MAX + 2 * _WINDOW_MAX
            or not -_LIMIT_MAX <= more <= _LIMIT_MAX):
        return plain.gcra_settle(tat_us, now_us, limit, window_us, delta)
    return gcra_after(tat, now, maximum, length, more)


def window(tuple state not None, now_us, limit, window_us, cost=1):
    """Takes `cost` where the spending of the last `window_us` leaves room for it. See the pure twin."""
    cdef Verdict verdict
    cdef Slots slots
    cdef int64_t now = number(now_us), maximum = number(limit), length = number(window_us), price = number(cost)
    if not in_bounds(now, maximum, length, price) or not read(state, &slots) or not slots_in_bounds(&slots, length):
        return plain.window(state, now_us, limit, window_us, cost)
    window_take(&slots, now, maximum, length, price, &verdict)
    return new_tuple(Decision, (verdict.allowed != 0, verdict.remaining, verdict.retry_after_us, verdict.reset_us,
                                state_of(&slots)))


def window_settle(tuple state not None, now_us, limit, window_us, delta, at_us):
    """The state after the call taken at `at_us` turned out to cost `delta` more or less. See the pure twin."""
    cdef Slots slots
    cdef int64_t now = number(now_us), maximum = number(limit), length = number(window_us), more = number(delta)
    cdef int64_t at = number(at_us)
    if (not in_bounds(now, maximum, length, 0) or not 0 <= at <= _NOW_MAX or not -_LIMIT_MAX <= more <= _LIMIT_MAX
            or not read(state, &slots) or not slots_in_bounds(&slots, length)):
        return plain.window_settle(state, now_us, limit, window_us, delta, at_us)
    window_after(&slots, now, length, more, at)
    return state_of(&slots)


def pack(tuple state not None):
    """A window's state in 15 bytes a slot. See the pure twin."""
    cdef Slots slots
    if not read(state, &slots) or not storable(&slots):
        return plain.pack(state)
    return packed(&slots)


def unpack(bytes state not None):
    """The numbers of a packed state. See the pure twin."""
    cdef Slots slots
    return state_of(&slots) if unpacked(state, &slots) else plain.unpack(state)


def window_packed(bytes state not None, now_us, limit, window_us, cost=1):
    """`window` over a packed state. See the pure twin."""
    cdef Verdict verdict
    cdef Slots slots
    cdef int64_t now = number(now_us), maximum = number(limit), length = number(window_us), price = number(cost)
    if not in_bounds(now, maximum, length, price) or not unpacked(state, &slots) or not slots_in_bounds(&slots, length):
        return plain.window_packed(state, now_us, limit, window_us, cost)
    window_take(&slots, now, maximum, length, price, &verdict)
    return new_tuple(Decision, (verdict.allowed != 0, verdict.remaining, verdict.retry_after_us, verdict.reset_us,
                                packed(&slots)))


def window_settle_packed(bytes state not None, now_us, limit, window_us, delta, at_us):
    """`window_settle` over a packed state. See the pure twin."""
    cdef Slots slots
    cdef int64_t now = number(now_us), maximum = number(limit), length = number(window_us), more = number(delta)
    cdef int64_t at = number(at_us)
    if (not in_bounds(now, maximum, length, 0) or not 0 <= at <= _NOW_MAX or not -_LIMIT_MAX <= more <= _LIMIT_MAX
            or not unpacked(state, &slots) or not slots_in_bounds(&slots, length)):
        return plain.window_settle_packed(state, now_us, limit, window_us, delta, at_us)
    window_after(&slots, now, length, more, at)
    return packed(&slots)


cdef int64_t number(object value) except? -1:
    """An int as 64 bits; one that does not fit is out of every bound."""
    cdef int overflow = 0
    cdef int64_t found = PyLong_AsLongLongAndOverflow(value, &overflow)
    return INT64_MIN if overflow else found


cdef bint read(tuple state, Slots* slots) except -1:
    cdef Py_ssize_t i, count = len(state)
    if count % 2 or count > 2 * SLOTS_MAX:
        return False
    slots.count = count // 2
    for i in range(slots.count):
        slots.slot[i].slot = number(state[2 * i])
        slots.slot[i].spent = number(state[2 * i + 1])
    return True


cdef tuple state_of(const Slots* slots):
    cdef list flat = []
    cdef Py_ssize_t i
    for i in range(slots.count):
        flat.append(slots.slot[i].slot)
        flat.append(slots.slot[i].spent)
    return tuple(flat)


cdef bint storable(const Slots* slots) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(slots.count):
        if not 0 <= slots.slot[i].slot < <int64_t>1 << 56 or slots.slot[i].spent < 0:
            return False
    return True


cdef bint unpacked(bytes state, Slots* slots) noexcept:
    cdef const unsigned char* raw = <const unsigned char*>PyBytes_AS_STRING(state)
    cdef Py_ssize_t i, size = PyBytes_GET_SIZE(state)
    if size % ROW_BYTES or size > ROW_BYTES * SLOTS_MAX:
        return False
    slots.count = size // ROW_BYTES
    for i in range(slots.count):
        slots.slot[i].slot = little(raw + i * ROW_BYTES, SLOT_BYTES)
        slots.slot[i].spent = little(raw + i * ROW_BYTES + SLOT_BYTES, 8)
        if slots.slot[i].spent < 0:  # 2^63 and above: beyond every bound, and beyond these 64 bits
            return False
    return True


cdef bytes packed(const Slots* slots):
    cdef unsigned char raw[15 * 67]
    cdef Py_ssize_t i
    for i in range(slots.count):
        put_little(raw + i * ROW_BYTES, slots.slot[i].slot, SLOT_BYTES)
        put_little(raw + i * ROW_BYTES + SLOT_BYTES, slots.slot[i].spent, 8)
    return PyBytes_FromStringAndSize(<const char*>raw, slots.count * ROW_BYTES)


cdef inline int64_t little(const unsigned char* raw, Py_ssize_t count) noexcept nogil:
    cdef uint64_t value = 0
    cdef Py_ssize_t i
    for i in range(count - 1, -1, -1):
        value = value << 8 | raw[i]
    return <int64_t>value


cdef inline void put_little(unsigned char* raw, int64_t value, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(count):
        raw[i] = <unsigned char>(value >> 8 * i & 255)


cdef bint in_bounds(int64_t now_us, int64_t limit, int64_t window_us, int64_t cost) noexcept nogil:
    return (0 < limit <= _LIMIT_MAX and 0 < window_us <= _WINDOW_MAX and 0 <= cost <= _LIMIT_MAX
            and 0 <= now_us <= _NOW_MAX)


cdef inline int64_t slot_length(int64_t window_us) noexcept nogil:
    return (window_us + 63) // 64


cdef bint slots_in_bounds(const Slots* slots, int64_t window_us) noexcept nogil:
    cdef int64_t before = -1
    cdef Py_ssize_t i
    for i in range(slots.count):
        if slots.slot[i].slot <= before or not 0 <= slots.slot[i].spent <= _LIMIT_MAX:
            return False
        before = slots.slot[i].slot
    return before <= _NOW_MAX // slot_length(window_us)


cdef int64_t share(int64_t a, int64_t b, int64_t c) noexcept nogil:
    """a * b / c for 0 <= a <= c, rounded down, by long multiplication: b is taken in digits so small that a
    remainder below c times the base, and a digit times a, stay below 2^52."""
    cdef int64_t base = ROOM // c, unit = 1, digit, quotient = 0, rest = 0
    while unit <= b // base:
        unit *= base
    while unit > 0:
        digit = b // unit % base
        rest = rest * base + digit * a
        quotient = quotient * base + rest // c
        rest %= c
        unit //= base
    return quotient


cdef inline int64_t left(int64_t wait_us, int64_t limit, int64_t window_us) noexcept nogil:
    return 0 if wait_us >= window_us else share(window_us - wait_us, limit, window_us)


cdef int64_t gcra_take(int64_t tat_us, int64_t now_us, int64_t limit, int64_t window_us, int64_t cost,
                       Verdict* verdict) noexcept nogil:
    """Takes `cost` and returns the new state."""
    cdef int64_t base = max(tat_us, now_us)
    cdef int64_t full_at = base
    verdict.allowed = False
    verdict.retry_after_us = NEVER_
    verdict.reset_us = base - now_us
    if cost <= limit:
        full_at = base + share(cost, window_us, limit)
        verdict.retry_after_us = full_at - now_us - window_us
        if verdict.retry_after_us <= 0:
            verdict.allowed = True
            verdict.retry_after_us = 0
            verdict.reset_us = full_at - now_us
            tat_us = full_at
    verdict.remaining = left(verdict.reset_us, limit, window_us)
    return tat_us


cdef int64_t gcra_after(int64_t tat_us, int64_t now_us, int64_t limit, int64_t window_us,
                        int64_t delta) noexcept nogil:
    """The state after `delta` was settled."""
    cdef int64_t worth = share(min(-delta if delta < 0 else delta, limit), window_us, limit)
    if delta < 0:
        return max(tat_us - worth, <int64_t>0)
    return min(max(tat_us, now_us) + worth, now_us + 2 * window_us)


cdef void prune(Slots* slots, int64_t now_us, int64_t slot_us, int64_t window_us) noexcept nogil:
    """Drops what has left the window. Where the clock went back by more than a window, what is later than now becomes
    as of now."""
    cdef Py_ssize_t gone = 0
    cdef int64_t current = now_us // slot_us, later = 0
    while gone < slots.count and (slots.slot[gone].slot + 1) * slot_us + window_us <= now_us:
        gone += 1
    if gone:
        slots.count -= gone
        memmove(&slots.slot[0], &slots.slot[gone], <size_t>slots.count * sizeof(Slot))
    if slots.count and slots.slot[slots.count - 1].slot * slot_us > now_us + window_us:
        while slots.count and slots.slot[slots.count - 1].slot >= current:
            slots.count -= 1
            later += slots.slot[slots.count].spent
        slots.slot[slots.count].slot = current
        slots.slot[slots.count].spent = min(later, _LIMIT_MAX)
        slots.count += 1


cdef void append(Slots* slots, int64_t slot, int64_t cost) noexcept nogil:
    if cost == 0:
        return
    if slots.count and slot <= slots.slot[slots.count - 1].slot:
        slots.slot[slots.count - 1].spent += cost
    else:
        slots.slot[slots.count].slot = slot
        slots.slot[slots.count].spent = cost
        slots.count += 1


cdef void window_take(Slots* slots, int64_t now_us, int64_t limit, int64_t window_us, int64_t cost,
                      Verdict* verdict) noexcept nogil:
    """Takes `cost` where there is room and changes `slots`."""
    cdef int64_t slot_us = slot_length(window_us), spent = 0, over
    cdef Py_ssize_t i
    prune(slots, now_us, slot_us, window_us)
    for i in range(slots.count):
        spent += slots.slot[i].spent
    over = spent + cost - limit
    verdict.allowed = over <= 0
    verdict.retry_after_us = 0
    if verdict.allowed:
        append(slots, now_us // slot_us, cost)
        verdict.remaining = -over
    else:
        verdict.remaining = max(limit - spent, <int64_t>0)
        verdict.retry_after_us = NEVER_
        if cost <= limit:
            for i in range(slots.count):
                over -= slots.slot[i].spent
                if over <= 0:
                    verdict.retry_after_us = (slots.slot[i].slot + 1) * slot_us + window_us - now_us
                    break
    verdict.reset_us = 0
    if slots.count:
        verdict.reset_us = (slots.slot[slots.count - 1].slot + 1) * slot_us + window_us - now_us


cdef void window_after(Slots* slots, int64_t now_us, int64_t window_us, int64_t delta, int64_t at_us) noexcept nogil:
    """Settles `delta` for the call taken at `at_us`."""
    cdef int64_t slot_us = slot_length(window_us)
    cdef int64_t wanted = min(at_us, now_us) // slot_us
    cdef Py_ssize_t i
    prune(slots, now_us, slot_us, window_us)
    if (wanted + 1) * slot_us + window_us <= now_us:
        return
    for i in range(slots.count):
        if slots.slot[i].slot >= wanted:
            slots.slot[i].spent = min(max(slots.slot[i].spent + delta, <int64_t>0), _LIMIT_MAX)
            return
    append(slots, wanted, max(delta, <int64_t>0))
