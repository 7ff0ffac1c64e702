"""C face of `bucket`. All times are microseconds; the bounds are those of `_pure/bucket.py`, checked by `in_bounds`
and `slots_in_bounds` and nowhere else."""

from libc.stdint cimport int64_t

cdef enum:
    SLOTS_MAX = 66

cdef struct Verdict:
    bint allowed
    int64_t remaining
    int64_t retry_after_us  # -1: never
    int64_t reset_us

cdef struct Slot:
    int64_t slot
    int64_t spent

cdef struct Slots:
    Py_ssize_t count
    Slot slot[67]

cdef bint in_bounds(int64_t now_us, int64_t limit, int64_t window_us, int64_t cost) noexcept nogil
cdef bint slots_in_bounds(const Slots* slots, int64_t window_us) noexcept nogil
cdef int64_t gcra_take(int64_t tat_us, int64_t now_us, int64_t limit, int64_t window_us, int64_t cost,
                       Verdict* verdict) noexcept nogil
cdef int64_t gcra_after(int64_t tat_us, int64_t now_us, int64_t limit, int64_t window_us,
                        int64_t delta) noexcept nogil
cdef void window_take(Slots* slots, int64_t now_us, int64_t limit, int64_t window_us, int64_t cost,
                      Verdict* verdict) noexcept nogil
cdef void window_after(Slots* slots, int64_t now_us, int64_t window_us, int64_t delta, int64_t at_us) noexcept nogil
