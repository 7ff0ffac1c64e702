"""C face of `sse`: a search for several needles at once, and the scanner."""

ctypedef unsigned char byte

cdef struct Needle:
    const byte* text
    Py_ssize_t size
    int kind

cdef struct Needles:
    int count
    Py_ssize_t window  # length of the shortest
    Py_ssize_t reach   # length of the longest, less one
    byte step[256]     # by the window's last byte: how far to go on; 128 is added where a needle may end there
    Needle needle[24]

cdef Py_ssize_t find_any(const Needles* needles, const byte* text, Py_ssize_t at, Py_ssize_t size,
                         int* which) noexcept nogil

cdef class Scanner:
    cdef readonly bint first_token, done
    cdef readonly bytes usage, finish_reason
    cdef readonly Py_ssize_t events, hidden
    cdef tuple referenced
    cdef Needles own, every, marks
    cdef bint hide
    # The key automaton.
    cdef int state, kind
    cdef Py_ssize_t depth
    cdef bint in_string, escaped
    cdef bytearray caught
    cdef byte carry[80]
    cdef Py_ssize_t carried
    # The search for marks.
    cdef byte mark_carry[80]
    cdef Py_ssize_t mark_carried
    # Lines, events, and what is held of the event under way.
    cdef bint line_empty, after_cr, in_event, counted, last_hidden
    cdef int choices
    cdef Py_ssize_t size
    cdef bytes held

    cpdef bytes feed(self, bytes data)
    cpdef bytes finish(self)
    cdef void find_marks(self, const byte* data, Py_ssize_t size) noexcept
    cdef int end_of(self, const byte* line, Py_ssize_t size) noexcept
    cdef bytes sift(self, bytes data)
    cdef int scan(self, const byte* data, Py_ssize_t size) except -1
    cdef int walk(self, const byte* text, Py_ssize_t at, Py_ssize_t size) except -1
    cdef Py_ssize_t step(self, const byte* text, Py_ssize_t at, Py_ssize_t size) except -1
    cdef Py_ssize_t catch_value(self, const byte* text, Py_ssize_t at, Py_ssize_t size) except -1
