# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""A key of a request, its JSON read and written as bytes. `_pure/cachekey.py` is its specification.

Every value is copied to the output in its canonical form as it is read. An object's members are put in order in
place when it ends, and only where they were not in order before.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc, qsort, realloc
from libc.string cimport memcmp, memcpy

from hashlib import blake2b

from xxhash import xxh3_128_digest

from ._pure.cachekey import DEPTH_MAX, IGNORED_MAX, Key, split_paths

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


cdef digest(list parts):
    cdef Py_ssize_t total = 0, size
    cdef uint64_t length
    cdef bytes part, frame
    cdef char* at
    cdef int i
    for part in parts:
        total += 8 + PyBytes_GET_SIZE(part)
    frame = PyBytes_FromStringAndSize(NULL, total)
    at = PyBytes_AS_STRING(frame)
    for part in parts:
        size = PyBytes_GET_SIZE(part)
        length = <uint64_t>size
        for i in range(8):
            at[i] = <char>(length >> (8 * i) & 255)
        memcpy(at + 8, PyBytes_AS_STRING(part), <size_t>size)
        at += 8 + size
    return new_tuple(Key, (xxh3_128_digest(frame), blake2b(frame, digest_size=32).digest()))


cdef object new_tuple = tuple.__new__


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


include "_scalars.pxi"
include "_canonical.pxi"
