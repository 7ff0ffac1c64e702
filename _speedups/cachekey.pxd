"""C face of `cachekey`: canonical JSON from bytes to bytes."""

from libc.stdint cimport uint64_t

ctypedef unsigned char byte

cdef struct Member:
    Py_ssize_t start     # of the key, in the output
    Py_ssize_t key_size
    Py_ssize_t size      # of key, colon and value

cdef struct Writer:
    const byte* at
    const byte* end
    byte* out            # room for twice the input and 64 bytes more
    Py_ssize_t size
    Member* members      # a stack of the members of all open objects
    Py_ssize_t count
    Py_ssize_t room

cdef class Paths:
    """Dotted paths that are left out, at most 64: bit i of a mask stands for path i."""
    cdef list paths
    cdef uint64_t all

    cdef uint64_t under(self, uint64_t mask, int level, const byte* key, Py_ssize_t size, bint* out) except? 0

cpdef bytes canonical_json(bytes body, tuple ignored=*)
cdef bint write_value(Writer* w, int depth, int level, uint64_t mask, Paths paths) except -1
