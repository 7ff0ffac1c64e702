# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""A key of a request, its JSON read and written as bytes. `_pure/cachekey.py` is its specification.

Every value is copied to the output in its canonical form as it is read. An object's members are put in order in
place when it ends, and only where they were not in order before.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc, qsort, realloc
from libc.string cimport memcmp, memcpy

from ._pure.cachekey import DEPTH_MAX, IGNORED_MAX, Key, digest, split_paths

__all__ = ["DEPTH_MAX", "IGNORED_MAX", "Key", "cache_key", "canonical_json"]

cdef enum:
    _DEPTH_MAX = 128
    EXPONENT_DIGITS_MAX = 15
    QUOTE = 34, BACKSLASH = 92, COMMA = 44, COLON = 58, MINUS = 45, PLUS = 43, DOT = 46
    ZERO = 48, NINE = 57, BRACKET = 91, UNBRACKET = 93, OPEN = 123, CLOSE = 125

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object text)


def cache_key(namespace, str method not None, str url not None, bytes body not None, list headers not None,
              str seed not None="", tuple ignored not None=()):
    """The key of a request. See the pure twin."""
    cdef bytes canonical = canonical_json(body, ignored)
    cdef list parts = [
        b"key-1",
        namespace if isinstance(namespace, bytes) else encode(namespace),
        encode(method),
        encode(url),
        encode(seed),
        b"bytes" if canonical is None else b"json",
        body if canonical is None else canonical,
        b"%d" % len(ignored),
    ]
    cdef list named
    if ignored:
        parts.extend(sorted([encode(path) for path in ignored]))
    if headers:
        named = [(encode(name.lower()), encode(value)) for name, value in headers]
        if len(named) > 1:
            named.sort(key=first)
        for pair in named:
            parts.extend(pair)
    return digest(parts)


def first(pair):
    return pair[0]


cdef bytes encode(str text):
    return text.encode("utf-8", "surrogatepass")


cpdef bytes canonical_json(bytes body, tuple ignored=()):
    """JSON of the same meaning in one spelling, or None. See the pure twin."""
    cdef Writer w
    cdef Paths paths = None
    cdef uint64_t mask = 0
    cdef Py_ssize_t i, size = PyBytes_GET_SIZE(body)
    cdef byte seen = 0
    if ignored:
        paths = Paths(ignored)
        mask = paths.all
    w.at = <const byte*>PyBytes_AS_STRING(body)
    w.end = w.at + size
    for i in range(size):
        seen |= w.at[i]
    if seen & 128:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return None
    w.size = w.count = w.room = 0
    w.members = NULL
    w.out = <byte*>malloc(<size_t>(2 * size + 64))
    if w.out == NULL:
        raise MemoryError
    try:
        if not write_value(&w, 0, 0, mask, paths):
            return None
        skip_space(&w)
        if w.at != w.end:
            return None
        return PyBytes_FromStringAndSize(<char*>w.out, w.size)
    finally:
        free(w.members)
        free(w.out)


cdef class Paths:
    def __init__(self, tuple ignored):
        self.paths = split_paths(ignored)
        self.all = <uint64_t>-1 if len(self.paths) == 64 else (<uint64_t>1 << len(self.paths)) - 1

    cdef uint64_t under(self, uint64_t mask, int level, const byte* key, Py_ssize_t size, bint* out) except? 0:
        """Which of the paths in `mask` go on through this key; `out` is set where one ends here."""
        cdef uint64_t inner = 0
        cdef Py_ssize_t i
        cdef tuple path
        cdef bytes name
        out[0] = False
        for i in range(len(self.paths)):
            if not mask >> i & 1:
                continue
            path = <tuple>self.paths[i]
            name = <bytes>path[level]
            if PyBytes_GET_SIZE(name) == size and memcmp(PyBytes_AS_STRING(name), key, <size_t>size) == 0:
                if len(path) == level + 1:
                    out[0] = True
                else:
                    inner |= <uint64_t>1 << i
        return inner


cdef inline void skip_space(Writer* w) noexcept nogil:
    while w.at < w.end and (w.at[0] == 32 or w.at[0] == 10 or w.at[0] == 13 or w.at[0] == 9):
        w.at += 1


cdef inline void put(Writer* w, byte c) noexcept nogil:
    w.out[w.size] = c
    w.size += 1


cdef inline void put_all(Writer* w, const byte* text, Py_ssize_t size) noexcept nogil:
    memcpy(w.out + w.size, text, <size_t>size)
    w.size += size


cdef inline bint is_digit(Writer* w) noexcept nogil:
    return w.at < w.end and ZERO <= w.at[0] <= NINE


cdef bint write_value(Writer* w, int depth, int level, uint64_t mask, Paths paths) except -1:
    """Takes one value with the space before it and writes its canonical form; False where it is not JSON."""
    cdef byte c
    skip_space(w)
    if w.at == w.end:
        return False
    c = w.at[0]
    if c == QUOTE:
        return write_text(w)
    if c == OPEN:
        return depth < _DEPTH_MAX and write_object(w, depth + 1, level, mask, paths)
    if c == BRACKET:
        return depth < _DEPTH_MAX and write_array(w, depth + 1, level, mask, paths)
    if c == MINUS or ZERO <= c <= NINE:
        return write_number(w)
    return write_word(w, b"null", 4) or write_word(w, b"true", 4) or write_word(w, b"false", 5)


cdef bint write_word(Writer* w, const char* word, Py_ssize_t size) noexcept nogil:
    if w.end - w.at < size or memcmp(w.at, word, <size_t>size) != 0:
        return False
    put_all(w, <const byte*>word, size)
    w.at += size
    return True


cdef bint write_array(Writer* w, int depth, int level, uint64_t mask, Paths paths) except -1:
    cdef byte c
    w.at += 1
    put(w, BRACKET)
    skip_space(w)
    if w.at < w.end and w.at[0] == UNBRACKET:
        w.at += 1
        put(w, UNBRACKET)
        return True
    while write_value(w, depth, level, mask, paths):
        skip_space(w)
        if w.at == w.end or w.at[0] != COMMA and w.at[0] != UNBRACKET:
            return False
        c = w.at[0]
        put(w, c)
        w.at += 1
        if c == UNBRACKET:
            return True
    return False


cdef bint write_object(Writer* w, int depth, int level, uint64_t mask, Paths paths) except -1:
    cdef Py_ssize_t start, base = w.count, key_size
    cdef uint64_t inner = 0
    cdef bint left_out = False
    cdef byte c
    w.at += 1
    put(w, OPEN)
    skip_space(w)
    if w.at < w.end and w.at[0] == CLOSE:
        w.at += 1
        put(w, CLOSE)
        return True
    while True:
        start = w.size
        skip_space(w)
        if w.at == w.end or w.at[0] != QUOTE or not write_text(w):
            return False
        key_size = w.size - start
        skip_space(w)
        if w.at == w.end or w.at[0] != COLON:
            return False
        w.at += 1
        put(w, COLON)
        if mask:
            inner = paths.under(mask, level, w.out + start, key_size, &left_out)
        if not write_value(w, depth, level + 1, inner, paths):
            return False
        if left_out:
            w.size = start
        else:
            push(w, start, key_size)
            put(w, COMMA)
        skip_space(w)
        if w.at == w.end or w.at[0] != COMMA and w.at[0] != CLOSE:
            return False
        c = w.at[0]
        w.at += 1
        if c == CLOSE:
            break
    order(w, base)
    w.size -= w.count > base  # the last comma
    put(w, CLOSE)
    w.count = base
    return True


cdef int push(Writer* w, Py_ssize_t start, Py_ssize_t key_size) except -1:
    cdef Member* more
    if w.count == w.room:
        w.room = 2 * w.room + 32
        more = <Member*>realloc(w.members, <size_t>w.room * sizeof(Member))
        if more == NULL:
            raise MemoryError
        w.members = more
    w.members[w.count] = Member(start, key_size, w.size - start)
    w.count += 1
    return 0


cdef int compare_keys(const byte* out, const Member* a, const Member* b) noexcept nogil:
    cdef int found = memcmp(out + a.start, out + b.start, <size_t>min(a.key_size, b.key_size))
    if found == 0:
        found = (a.key_size > b.key_size) - (a.key_size < b.key_size)
    return found


cdef struct Entry:
    const byte* out
    Member member


cdef int compare_entries(const void* a, const void* b) noexcept nogil:
    cdef const Entry* one = <const Entry*>a
    cdef const Entry* two = <const Entry*>b
    cdef int found = compare_keys(one.out, &one.member, &two.member)
    return found if found else (one.member.start > two.member.start) - (one.member.start < two.member.start)


cdef int order(Writer* w, Py_ssize_t base) except -1:
    """Sorts the members from `base` on, each followed by a comma, and keeps the last of those with the same key."""
    cdef Py_ssize_t i, start, size, count = w.count - base
    cdef Member* members = w.members + base
    cdef bint sorted_ = True
    cdef Entry* entries
    cdef byte* old
    for i in range(1, count):
        if compare_keys(w.out, &members[i - 1], &members[i]) >= 0:
            sorted_ = False
            break
    if sorted_:
        return 0
    start = members[0].start
    size = w.size - start
    entries = <Entry*>malloc(<size_t>count * sizeof(Entry))
    old = <byte*>malloc(<size_t>size)
    if entries == NULL or old == NULL:
        free(entries)
        free(old)
        raise MemoryError
    memcpy(old, w.out + start, <size_t>size)
    for i in range(count):
        entries[i].out = old - start
        entries[i].member = members[i]
    qsort(entries, <size_t>count, sizeof(Entry), compare_entries)
    w.size = start
    for i in range(count):
        if i + 1 < count and compare_keys(old - start, &entries[i].member, &entries[i + 1].member) == 0:
            continue
        put_all(w, old - start + entries[i].member.start, entries[i].member.size + 1)
    free(entries)
    free(old)
    return 0


cdef bint write_number(Writer* w) noexcept nogil:
    cdef bint negative = w.at[0] == MINUS
    cdef const byte* digits
    cdef Py_ssize_t start, end, i, fraction = 0, power_digits = 0
    cdef long long power = 0
    cdef bint minus = False
    start = w.size + negative
    if negative:
        put(w, MINUS)
        w.at += 1
    digits = w.at
    if not is_digit(w):
        return False
    if w.at[0] == ZERO:
        w.at += 1
    else:
        while is_digit(w):
            put(w, w.at[0])
            w.at += 1
    if w.at < w.end and w.at[0] == DOT:
        w.at += 1
        if not is_digit(w):
            return False
        while is_digit(w):
            if w.size > start or w.at[0] != ZERO:
                put(w, w.at[0])
            fraction += 1
            w.at += 1
    if w.at < w.end and (w.at[0] == 101 or w.at[0] == 69):
        w.at += 1
        if w.at < w.end and (w.at[0] == MINUS or w.at[0] == PLUS):
            minus = w.at[0] == MINUS
            w.at += 1
        if not is_digit(w):
            return False
        while is_digit(w):
            power = power * 10 + (w.at[0] - ZERO) if power_digits <= EXPONENT_DIGITS_MAX else 0
            power_digits += power_digits > 0 or w.at[0] != ZERO
            w.at += 1
        if power_digits > EXPONENT_DIGITS_MAX:
            return False
    end = w.size
    while w.size > start and w.out[w.size - 1] == ZERO:
        w.size -= 1
    if w.size == start:
        w.size = start - negative
        put(w, ZERO)
        return True
    power = (-power if minus else power) - fraction + (end - w.size)
    if power:
        put_power(w, power)
    return True


cdef void put_power(Writer* w, long long power) noexcept nogil:
    cdef byte digits[24]
    cdef int count = 0
    put(w, 101)
    if power < 0:
        put(w, MINUS)
        power = -power
    while power:
        digits[count] = <byte>(ZERO + power % 10)
        power //= 10
        count += 1
    while count:
        count -= 1
        put(w, digits[count])


cdef bint write_text(Writer* w) noexcept nogil:
    """Takes a string, its quotes included; an escape becomes what it stands for."""
    cdef const byte* start
    cdef byte c
    cdef long code, low
    put(w, QUOTE)
    w.at += 1
    while True:
        start = w.at
        while w.at < w.end and w.at[0] != QUOTE and w.at[0] != BACKSLASH and w.at[0] >= 32:
            w.at += 1
        put_all(w, start, w.at - start)
        if w.at == w.end or w.at[0] < 32:
            return False
        c = w.at[0]
        w.at += 1
        if c == QUOTE:
            put(w, QUOTE)
            return True
        if w.at == w.end:
            return False
        c = w.at[0]
        w.at += 1
        if c == QUOTE or c == BACKSLASH:
            put(w, BACKSLASH)
            put(w, c)
        elif c == 47:  # /
            put(w, c)
        elif c == 98:  # b
            put(w, 8)
        elif c == 102:  # f
            put(w, 12)
        elif c == 110:  # n
            put(w, 10)
        elif c == 114:  # r
            put(w, 13)
        elif c == 116:  # t
            put(w, 9)
        elif c == 117:  # u
            code = hex_of(w)
            if code < 0:
                return False
            if 0xD800 <= code < 0xDC00 and w.end - w.at >= 6 and w.at[0] == BACKSLASH and w.at[1] == 117:
                w.at += 2
                low = hex_of(w)
                if 0xDC00 <= low < 0xE000:
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                else:
                    w.at -= 2 if low < 0 else 6
            put_code(w, code)
        else:
            return False


cdef long hex_of(Writer* w) noexcept nogil:
    """The number of four hexadecimal digits, which are taken; -1 where there are none."""
    cdef long code = 0
    cdef byte c
    cdef int i
    if w.end - w.at < 4:
        return -1
    for i in range(4):
        c = w.at[i]
        if ZERO <= c <= NINE:
            code = code << 4 | (c - ZERO)
        elif 97 <= c | 32 <= 102:
            code = code << 4 | ((c | 32) - 87)
        else:
            return -1
    w.at += 4
    return code


cdef void put_code(Writer* w, long code) noexcept nogil:
    """A character as UTF-8; half a surrogate pair as its three bytes."""
    if code == QUOTE or code == BACKSLASH:
        put(w, BACKSLASH)
    if code < 0x80:
        put(w, <byte>code)
    elif code < 0x800:
        put(w, <byte>(0xC0 | code >> 6))
        put(w, <byte>(0x80 | (code & 63)))
    else:
        if code < 0x10000:
            put(w, <byte>(0xE0 | code >> 12))
        else:
            put(w, <byte>(0xF0 | code >> 18))
            put(w, <byte>(0x80 | (code >> 12 & 63)))
        put(w, <byte>(0x80 | (code >> 6 & 63)))
        put(w, <byte>(0x80 | (code & 63)))
