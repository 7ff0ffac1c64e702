# The search for several needles at once. Part of sse.pyx.

cdef int add(Needles* needles, bytes text, int kind) except -1:
    needles.needle[needles.count] = Needle(
        <const byte*>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text), kind
    )
    needles.count += 1
    return 0


cdef void prepare(Needles* needles) noexcept nogil:
    """The step table of needles whose texts are set."""
    cdef Py_ssize_t i, k, distance
    needles.window = 127
    needles.reach = 0
    for i in range(needles.count):
        needles.window = min(needles.window, needles.needle[i].size)
        needles.reach = max(needles.reach, needles.needle[i].size - 1)
    memset(needles.step, <int>needles.window, 256)
    for k in range(needles.window - 1):
        distance = needles.window - 1 - k
        for i in range(needles.count):
            needles.step[needles.needle[i].text[k]] = <byte>distance
    for i in range(needles.count):
        needles.step[needles.needle[i].text[needles.window - 1]] |= 128


cdef Py_ssize_t find_any(const Needles* needles, const byte* text, Py_ssize_t at, Py_ssize_t size,
                         int* which) noexcept nogil:
    """Where the first of the needles begins in text[at:size], -1 for nowhere; `which` is set to its index."""
    cdef Py_ssize_t window = needles.window
    cdef Py_ssize_t last = at + window - 1
    cdef Py_ssize_t start
    cdef byte step
    cdef const Needle* needle
    cdef int i
    while last < size:
        step = needles.step[text[last]]
        if step & 128:
            start = last - window + 1
            for i in range(needles.count):
                needle = &needles.needle[i]
                if (needle.text[0] == text[start] and needle.size <= size - start
                        and memcmp(needle.text, text + start, <size_t>needle.size) == 0):
                    which[0] = i
                    return start
        last += step & 127
    return -1
