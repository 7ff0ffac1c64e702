# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""A key of a request, its JSON read and written as bytes. `_pure/cachekey.py` is its specification.

Every value is copied to the output in its canonical form as it is read. An object's members are put in order in
place when it ends, and only where they were not in order before.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc, qsort, realloc
from libc.string cimport memcmp, memcpy

from hashlib import sha256

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
    const unsigned char* PyUnicode_1BYTE_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)


def cache_key(namespace, str method not None, str url not None, bytes body not None, list headers not None,
              str seed not None="", tuple ignored not None=()):
    """The key of a request. See the pure twin."""
    cdef bytes name_space = namespace if isinstance(namespace, bytes) else encode(namespace)
    cdef Paths paths = Paths(ignored) if ignored else None
    cdef list tail = [encode(path) for path in ignored]
    cdef bytes named = encode(method), address = encode(url), sown = encode(seed), frame
    cdef Py_ssize_t size, room
    cdef bytes part
    cdef Writer w
    tail.sort()
    add_headers(tail, headers)
    room = 2 * PyBytes_GET_SIZE(body) + 256 + PyBytes_GET_SIZE(name_space)
    room += PyBytes_GET_SIZE(named) + PyBytes_GET_SIZE(address) + PyBytes_GET_SIZE(sown)
    for part in tail:
        room += 8 + PyBytes_GET_SIZE(part)
    w.out = <byte*>malloc(<size_t>room)
    if w.out == NULL:
        raise MemoryError
    w.members = NULL
    try:
        w.size = 0
        put_part(&w, b"key-2")
        put_part(&w, name_space)
        put_part(&w, named)
        put_part(&w, address)
        put_part(&w, sown)
        size = w.size
        put_part(&w, b"json")
        if not put_canonical(&w, body, paths):
            w.size = size
            put_part(&w, b"bytes")
            put_part(&w, body)
        put_part(&w, b"%d" % len(ignored))
        for part in tail:
            put_part(&w, part)
        frame = PyBytes_FromStringAndSize(<char*>w.out, w.size)
    finally:
        free(w.members)
        free(w.out)
    return new_tuple(Key, (xxh3_128_digest(frame), sha256(frame).digest()))


cdef int add_headers(list parts, list headers) except -1:
    """Names and values, by their names in lower case; those of one name in their order."""
    cdef list names = [], values = []
    cdef bytes name
    cdef Py_ssize_t at
    for pair in headers:
        name = encode((<str?>pair[0]).lower())
        at = len(names)
        while at and <bytes>names[at - 1] > name:
            at -= 1
        names.insert(at, name)
        values.insert(at, encode(pair[1]))
    for at in range(len(names)):
        parts.append(names[at])
        parts.append(values[at])
    return 0


cdef inline void put_length(byte* at, Py_ssize_t length) noexcept nogil:
    """Eight bytes, the least first."""
    cdef int i
    for i in range(8):
        at[i] = <byte>(length >> (8 * i) & 255)


cdef void put_part(Writer* w, bytes part) noexcept:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(part)
    put_length(w.out + w.size, size)
    w.size += 8
    put_all(w, <const byte*>PyBytes_AS_STRING(part), size)


cdef bint put_canonical(Writer* w, bytes body, Paths paths) except -1:
    """The canonical form with its length before it; False where there is none, and then the output is anything."""
    cdef Py_ssize_t start = w.size
    w.size += 8
    if not write_body(w, body, paths):
        return False
    put_length(w.out + start, w.size - start - 8)
    return True


cdef object new_tuple = tuple.__new__


cdef bytes encode(str text):
    if PyUnicode_IS_COMPACT_ASCII(text):
        return PyBytes_FromStringAndSize(<const char*>PyUnicode_1BYTE_DATA(text), PyUnicode_GET_LENGTH(text))
    return text.encode("utf-8", "surrogatepass")


cpdef bytes canonical_json(bytes body, tuple ignored=()):
    """JSON of the same meaning in one spelling, or None. See the pure twin."""
    cdef Paths paths = Paths(ignored) if ignored else None
    cdef Writer w
    w.size = 0
    w.members = NULL
    w.out = <byte*>malloc(<size_t>(2 * PyBytes_GET_SIZE(body) + 64))
    if w.out == NULL:
        raise MemoryError
    try:
        return PyBytes_FromStringAndSize(<char*>w.out, w.size) if write_body(&w, body, paths) else None
    finally:
        free(w.members)
        free(w.out)


cdef bint write_body(Writer* w, bytes body, Paths paths) except -1:
    """Writes the canonical form of `body`; False where it has none. `w` has the room for it, and `members` NULL."""
    cdef Py_ssize_t i, size = PyBytes_GET_SIZE(body)
    cdef byte seen = 0
    w.at = <const byte*>PyBytes_AS_STRING(body)
    w.end = w.at + size
    for i in range(size):
        seen |= w.at[i]
    if seen & 128:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return False
    w.count = w.room = 0
    if not write_value(w, 0, 0, paths.all if paths is not None else 0, paths):
        return False
    skip_space(w)
    return w.at == w.end


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
