# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Reads a complete HTTP/1.1 message that arrived in one read. `_pure/http1.py` is its specification.

Clients and providers repeat the same header lines, so lines are cached with their pairs: a line that is equal to a
cached one needs no check and no new strings. Credentials are cached too: to parse their two lines anew doubles the
time of `read_request`.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.string cimport memchr, memcmp, memcpy, memset

from sys import intern

from ._pure import http1 as plain
from ._pure.http1 import DIGITS_MAX, DROPPED, LINES_MAX, OURS, PROPERTY, TARGET_MAX, UNUSUAL

__all__ = ["read_request", "read_response", "write_headers"]

cdef extern from "Python.h":
    int PyUnicode_KIND(object text)
    const unsigned char* PyUnicode_1BYTE_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)

ctypedef unsigned char byte

cdef enum:
    MAX_KNOWN = 1024  # cached lines of each direction, at most 256 KiB; a line with the same hash replaces the one before
    MAX_CACHED = 256  # maximum bytes of a cached line
    PLAIN, LENGTH, LEFT_OUT, UNREADABLE  # what a line is

cdef byte[256] CLASS  # 1: of a name, 2: of a value but no space, 3: both
cdef list REQUEST_LINES = [None] * MAX_KNOWN
cdef list REQUEST_PAIRS = [None] * MAX_KNOWN
cdef list RESPONSE_LINES = [None] * MAX_KNOWN
cdef list RESPONSE_PAIRS = [None] * MAX_KNOWN
cdef frozenset METHODS = frozenset({b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
cdef str HOST = intern("host")
cdef int MAX_LINES = LINES_MAX
cdef int MAX_TARGET = TARGET_MAX
cdef int MAX_DIGITS = DIGITS_MAX


cdef int fill_tables() except -1:
    cdef int c
    memset(CLASS, 0, 256)
    for c in range(33, 127):
        CLASS[c] = 2
    for c in b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
        CLASS[c] = 3
    return 0


fill_tables()


cpdef tuple read_request(bytes data):
    """(method, path, query, headers, body), or None. See the pure twin."""
    cdef const byte* start = <const byte*>PyBytes_AS_STRING(data)
    cdef const byte* limit = start + PyBytes_GET_SIZE(data)
    cdef const byte* at = start
    cdef const byte* path
    cdef const byte* mark = NULL
    cdef const byte* end
    cdef long long length = -1
    cdef list pairs
    cdef str method
    while at < limit and at - start < 8 and 65 <= at[0] <= 90:
        at += 1
    if at == limit or at[0] != 32:
        return None
    method = method_of(start, at - start)
    if method is None:
        return None
    at += 1
    path = at
    if at == limit or at[0] != 47:
        return None
    while at < limit and CLASS[at[0]] & 2:
        if at[0] == 35:
            return None
        if at[0] == 63 and mark == NULL:
            mark = at
        at += 1
    end = at
    if end - path > MAX_TARGET:
        return None
    if limit - at < 11 or memcmp(at, b" HTTP/1.1\r\n", 11) != 0:
        return None
    at += 11
    pairs = headers_of(&at, limit, &length, False)
    if pairs is None or limit - at != (length if length > 0 else 0):
        return None
    if mark == NULL:
        mark = end
    return (
        method, text(path, mark - path), text(mark + 1, end - mark - 1) if mark < end else "", pairs,
        PyBytes_FromStringAndSize(<const char*>at, limit - at),
    )


cpdef tuple read_response(bytes data):
    """(status, headers, body), or None. See the pure twin."""
    cdef const byte* at = <const byte*>PyBytes_AS_STRING(data)
    cdef const byte* limit = at + PyBytes_GET_SIZE(data)
    cdef long long length = -1
    cdef int status
    cdef list pairs
    if limit - at < 14 or memcmp(at, b"HTTP/1.1 ", 9) != 0:
        return None
    if not (50 <= at[9] <= 53 and 48 <= at[10] <= 57 and 48 <= at[11] <= 57):
        return None
    status = (at[9] - 48) * 100 + (at[10] - 48) * 10 + (at[11] - 48)
    if status == 204 or status == 304:
        return None
    at += 12
    if at[0] == 32:
        while at < limit and (CLASS[at[0]] & 2 or at[0] == 32 or at[0] == 9):
            at += 1
    if limit - at < 2 or at[0] != 13 or at[1] != 10:
        return None
    at += 2
    pairs = headers_of(&at, limit, &length, True)
    if pairs is None or length < 0 or limit - at != length:
        return None
    return status, pairs, PyBytes_FromStringAndSize(<const char*>at, limit - at)


cpdef tuple write_headers(list headers):
    """(the lines of `headers`, the value of the first `content-length`). See the pure twin."""
    cdef Py_ssize_t room = 0, i, size
    cdef str name, value, length = None
    cdef tuple pair
    cdef bytes lines
    cdef byte* at
    cdef const byte* text
    for pair in headers:
        name, value = pair
        if PyUnicode_KIND(name) != 1 or PyUnicode_KIND(value) != 1:
            return plain.write_headers(headers)
        room += PyUnicode_GET_LENGTH(name) + PyUnicode_GET_LENGTH(value) + 4
    lines = PyBytes_FromStringAndSize(NULL, room)
    at = <byte*>PyBytes_AS_STRING(lines)
    for pair in headers:
        name, value = pair
        if length is None and name == "content-length":
            length = value
        size = PyUnicode_GET_LENGTH(name)
        memcpy(at, PyUnicode_1BYTE_DATA(name), <size_t>size)
        at += size
        at[0], at[1] = 58, 32
        at += 2
        text = PyUnicode_1BYTE_DATA(value)
        size = PyUnicode_GET_LENGTH(value)
        for i in range(size):
            at[i] = text[i] if text[i] != 13 and text[i] != 10 else 32
        at += size
        at[0], at[1] = 13, 10
        at += 2
    return lines, length


cdef str method_of(const byte* at, Py_ssize_t size):
    if size == 4 and memcmp(at, b"POST", 4) == 0:
        return "POST"
    name = PyBytes_FromStringAndSize(<const char*>at, size)
    return intern(name.decode()) if name in METHODS else None


cdef list headers_of(const byte** place, const byte* limit, long long* length, bint answer):
    """Returns the pairs of the lines from `place` on, which is moved behind them; None where a line is unusual."""
    cdef const byte* at = place[0]
    cdef const byte* end
    cdef list pairs = []
    cdef list lines = RESPONSE_LINES if answer else REQUEST_LINES
    cdef list known = RESPONSE_PAIRS if answer else REQUEST_PAIRS
    cdef Py_ssize_t size, slot
    cdef object line, pair
    cdef int kind, _, hosts = 0
    for _ in range(MAX_LINES):
        end = <const byte*>memchr(at, 10, <size_t>(limit - at))
        if end == NULL or end == at or (end - 1)[0] != 13:
            return None
        size = end - 1 - at
        if size == 0:
            place[0] = end + 1
            return pairs
        slot = slot_of(at, size) if size <= MAX_CACHED else -1
        if slot >= 0:
            line = lines[slot]
            if (line is not None and PyBytes_GET_SIZE(line) == size
                    and memcmp(PyBytes_AS_STRING(line), at, <size_t>size) == 0):
                pair = known[slot]
                pairs.append(pair)
                hosts += (<tuple>pair)[0] is HOST
                if hosts > 1:
                    return None
                at = end + 1
                continue
        kind, pair = line_of(at, size, answer, length)
        if kind == UNREADABLE:
            return None
        if kind != LEFT_OUT:
            pairs.append(pair)
            hosts += (<tuple>pair)[0] is HOST
            if hosts > 1:
                return None
        if kind == PLAIN and slot >= 0:
            lines[slot] = PyBytes_FromStringAndSize(<const char*>at, size)
            known[slot] = pair
        at = end + 1
    return None


cdef inline Py_ssize_t slot_of(const byte* at, Py_ssize_t size) noexcept:
    """Returns the cache slot of a line, hashed eight bytes a step. Collisions only cost another parse."""
    cdef uint64_t word, h = <uint64_t>size
    while size >= 8:
        memcpy(&word, at, 8)
        h = (h ^ word) * <uint64_t>0x9E3779B97F4A7C15
        h ^= h >> 29
        at += 8
        size -= 8
    if size:
        word = 0
        memcpy(&word, at, <size_t>size)
        h = (h ^ word) * <uint64_t>0x9E3779B97F4A7C15
        h ^= h >> 29
    return <Py_ssize_t>(h >> 20 & (MAX_KNOWN - 1))


cdef tuple line_of(const byte* at, Py_ssize_t size, bint answer, long long* length):
    """Returns (kind, pair) of a line. Stores a content length in `length`; a second one is UNREADABLE."""
    cdef const byte* limit = at + size
    cdef const byte* begin = at
    cdef Py_ssize_t i
    cdef str name, lower
    while at < limit and CLASS[at[0]] & 1:
        at += 1
    if at == begin or at == limit or at[0] != 58:
        return UNREADABLE, None
    name = text(begin, at - begin)
    at += 1
    while at < limit and (at[0] == 32 or at[0] == 9):
        at += 1
    size = limit - at
    if size == 0 or not CLASS[at[size - 1]] & 2:
        return UNREADABLE, None
    for i in range(size):
        if not (CLASS[at[i]] & 2 or at[i] == 32 or at[i] == 9):
            return UNREADABLE, None
    lower = name.lower()
    if lower in UNUSUAL:
        return UNREADABLE, None
    if lower == "content-length":
        if length[0] >= 0 or size > MAX_DIGITS:
            return UNREADABLE, None
        length[0] = 0
        for i in range(size):
            if not 48 <= at[i] <= 57:
                return UNREADABLE, None
            length[0] = length[0] * 10 + at[i] - 48
        return LENGTH, ("content-length", text(at, size))
    if lower == "connection":
        if text(at, size).lower() != "keep-alive":
            return UNREADABLE, None
        if answer:
            return LEFT_OUT, None
    elif answer and (lower in DROPPED or lower.startswith(OURS)):
        return LEFT_OUT, None
    if answer or not lower.startswith(PROPERTY):
        name = lower
    return PLAIN, (intern(name), text(at, size))


cdef inline str text(const byte* at, Py_ssize_t size):
    return (<const char*>at)[:size].decode("ascii")
