# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""A scanner of server-sent events that takes any cut of the bytes. `_pure/sse.py` is its specification.

Keys and marks are found with Horspool's search over the shortest needle's length, all needles in one pass;
lines with memchr. Facts are found strictly in the order of the bytes, so a split changes nothing.
"""

from cpython.bytearray cimport PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memchr, memcmp, memcpy, memset

from ._pure.sse import HELD_MAX, USAGE_MAX, _check, _OWN

__all__ = ["HELD_MAX", "USAGE_MAX", "Scanner"]

cdef enum:
    _HELD_MAX = 16384
    _USAGE_MAX = 16384
    REASON_MAX = 64
    JOINT = 80  # room for the longest needle: a key of 64 bytes and its quotes

cdef enum:
    TOKEN, USAGE, METADATA, REASON, CHOICES

cdef enum:
    SEEK, AFTER_KEY, AFTER_COLON, IN_TOKEN, IN_OBJECT, IN_REASON, IN_ARRAY

cdef enum:
    INSIDE, END, STRAY, TAIL

cdef enum:
    LF = 10, CR = 13, TAB = 9, BLANK = 32, QUOTE = 34, COLON = 58, BRACKET = 91, BACKSLASH = 92, UNBRACKET = 93
    OPEN = 123, CLOSE = 125


include "_needles.pxi"


cdef inline bint is_end(byte c) noexcept nogil:
    return c == LF or c == CR


cdef Py_ssize_t line_end(const byte* data, Py_ssize_t at, Py_ssize_t size, bint turns) noexcept nogil:
    """The index after the line that begins at `at`, its end (LF, CR or CRLF) included."""
    cdef const byte* feed = <const byte*>memchr(data + at, LF, <size_t>(size - at))
    cdef Py_ssize_t limit = feed - data if feed != NULL else size
    cdef const byte* turn
    if turns:
        turn = <const byte*>memchr(data + at, CR, <size_t>(limit - at))
        if turn != NULL and turn - data + 1 != limit:
            return turn - data + 1
    return limit + 1 if feed != NULL else size


cdef Py_ssize_t unfinished(const byte* text, Py_ssize_t at, Py_ssize_t size, byte* carry) noexcept nogil:
    """Copies the end of text[at:size] that no line end follows to `carry` and returns its length."""
    cdef Py_ssize_t start = size
    while start > at and not is_end(text[start - 1]):
        start -= 1
    memcpy(carry, text + start, <size_t>(size - start))
    return size - start


cdef class Scanner:
    """Facts of one stream, and its bytes less the event that the caller did not ask for. See the pure twin."""

    def __init__(self, tuple token_keys not None, tuple done_marks not None, bint hide_usage=False):
        cdef bytes text
        cdef list keys = list(OWN_KEYS)
        _check(token_keys, done_marks)
        if hide_usage:
            keys.append((b'"choices"', CHOICES))
        self.referenced = (token_keys, done_marks, keys)
        self.hide = hide_usage
        for text, kind in keys:
            add(&self.own, text, kind)
        self.every = self.own
        for key in token_keys:
            text = b'"' + key + b'"'
            keys.append((text, TOKEN))
            add(&self.every, text, TOKEN)
        for text in done_marks:
            add(&self.marks, text, 0)
        prepare(&self.own)
        prepare(&self.every)
        prepare(&self.marks)
        self.line_empty = True
        self.held = b""

    cpdef bytes feed(self, bytes data):
        """The bytes to pass on: `data` itself, unless something of it is held or hidden or was held before."""
        cdef const byte* text = <const byte*>PyBytes_AS_STRING(data)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
        cdef Py_ssize_t at = 0, end
        cdef bint turns
        if size == 0:
            return data
        if self.marks.count and not self.done:
            self.find_marks(text, size)
        if self.hide:
            return self.sift(data)
        self.scan(text, size)
        turns = memchr(text, CR, <size_t>size) != NULL
        while at < size:
            end = line_end(text, at, size, turns)
            self.end_of(text + at, end - at)
            at = end
        return data

    cpdef bytes finish(self):
        """What was held back of an event that the stream's end cut short."""
        cdef bytes held = self.held
        self.held = b""
        return held

    cdef void find_marks(self, const byte* data, Py_ssize_t size) noexcept:
        cdef byte joint[2 * JOINT]
        cdef int which = 0
        cdef Py_ssize_t taken, total, carried = self.mark_carried
        if carried:
            taken = min(size, <Py_ssize_t>JOINT)
            memcpy(joint, self.mark_carry, <size_t>carried)
            memcpy(joint + carried, data, <size_t>taken)
            total = carried + taken
            self.mark_carried = 0
            self.done = find_any(&self.marks, joint, 0, total, &which) >= 0
            if taken == size:
                self.mark_carried = unfinished(joint, max(0, total - self.marks.reach), total, self.mark_carry)
                return
        self.done = self.done or find_any(&self.marks, data, 0, size, &which) >= 0
        self.mark_carried = unfinished(data, max(0, size - self.marks.reach), size, self.mark_carry)

    cdef int end_of(self, const byte* line, Py_ssize_t size) noexcept:
        cdef byte last = line[size - 1]
        if self.after_cr:
            self.after_cr = False
            if size == 1 and last == LF:
                return INSIDE if self.in_event else TAIL
        self.after_cr = last == CR
        if self.line_empty and is_end(line[0]):
            if not self.in_event:
                return STRAY
            self.in_event = False
            self.events += 1
            return END
        self.line_empty = is_end(last)
        self.in_event = True
        return INSIDE

    cdef bytes sift(self, bytes data):
        cdef const byte* text = <const byte*>PyBytes_AS_STRING(data)
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
        cdef Py_ssize_t passed = 0, start = 0, at = 0, end
        cdef bint turns = memchr(text, CR, <size_t>size) != NULL
        cdef int place
        cdef list chunks = None
        while at < size:
            end = line_end(text, at, size, turns)
            self.scan(text + at, end - at)
            place = self.end_of(text + at, end - at)
            if place == INSIDE:
                self.size += end - at
                at = end
                continue
            at = end
            if place == END:
                self.last_hidden = self.choices == 1 and self.counted and self.size + 1 <= _HELD_MAX
                self.hidden += self.last_hidden
                self.choices = self.counted = False
                self.size = 0
            elif place == STRAY:
                self.last_hidden = False
            if self.last_hidden:
                chunks = put(chunks, text, passed, start)
                passed = end
            elif self.held:
                chunks = [self.held] if chunks is None else chunks + [self.held]
            self.held = b""
            start = end
        if self.choices == 2 or self.size > _HELD_MAX:
            start = size
            if self.held:
                chunks = [self.held] if chunks is None else chunks + [self.held]
                self.held = b""
        if passed == 0 and start == size and chunks is None:
            return data
        if start < size:
            self.held = self.held + text[start:size]
        if chunks is None:
            return text[passed:start]
        return b"".join(put(chunks, text, passed, start))

    cdef int scan(self, const byte* data, Py_ssize_t size) except -1:
        cdef byte joint[2 * JOINT]
        cdef Py_ssize_t at, taken, carried = self.carried
        cdef int which = 0
        cdef Needles* needles
        if carried == 0:
            return self.walk(data, 0, size)
        taken = min(size, <Py_ssize_t>JOINT)
        memcpy(joint, self.carry, <size_t>carried)
        memcpy(joint + carried, data, <size_t>taken)
        self.carried = 0
        if taken == size:
            return self.walk(joint, 0, carried + taken)
        needles = &self.own if self.first_token else &self.every
        at = find_any(needles, joint, 0, carried + taken, &which)
        if at < 0 or at >= carried:
            return self.walk(data, 0, size)
        self.kind = needles.needle[which].kind
        self.state = AFTER_KEY
        return self.walk(data, at + needles.needle[which].size - carried, size)

    cdef int walk(self, const byte* text, Py_ssize_t at, Py_ssize_t size) except -1:
        cdef Needles* needles
        cdef Py_ssize_t found, tail
        cdef const byte* quote
        cdef int which = 0
        while at < size:
            if self.state != SEEK:
                at = self.step(text, at, size)
                continue
            needles = &self.own if self.first_token else &self.every
            found = find_any(needles, text, at, size, &which)
            if found < 0:
                if not is_end(text[size - 1]):
                    tail = max(at, size - self.every.reach)
                    quote = <const byte*>memchr(text + tail, QUOTE, <size_t>(size - tail))
                    if quote != NULL:
                        self.carried = unfinished(text, quote - text, size, self.carry)
                return 0
            at = found + needles.needle[which].size
            self.kind = needles.needle[which].kind
            self.state = AFTER_KEY
        return 0

    cdef Py_ssize_t step(self, const byte* text, Py_ssize_t at, Py_ssize_t size) except -1:
        """Takes bytes from `at` in a state that is not SEEK; returns where to go on."""
        cdef byte c = text[at]
        cdef int state = self.state
        if state == IN_OBJECT or state == IN_REASON:
            return self.catch_value(text, at, size)
        if state == IN_TOKEN:
            self.state = SEEK
            self.first_token = self.first_token or (c != QUOTE and not is_end(c))
            return at + (c == QUOTE)
        if c == BLANK or c == TAB:
            return at + 1
        self.state = SEEK
        if state == AFTER_KEY:
            if c == COLON:
                self.state = AFTER_COLON
                return at + 1
        elif state == IN_ARRAY:
            if c == UNBRACKET:
                self.choices = self.choices or 1
                return at + 1
            if not is_end(c):
                self.choices = 2
        elif self.kind == TOKEN and c == QUOTE:
            self.state = IN_TOKEN
            return at + 1
        elif self.kind == CHOICES and c == BRACKET:
            self.state = IN_ARRAY
            return at + 1
        elif self.kind == REASON and c == QUOTE or (self.kind == USAGE or self.kind == METADATA) and c == OPEN:
            self.state = IN_REASON if c == QUOTE else IN_OBJECT
            self.depth = 0 if c == QUOTE else 1
            self.in_string = c == QUOTE
            self.escaped = False
            self.caught = bytearray(b"" if c == QUOTE else b"{")
            return at + 1
        return at

    cdef Py_ssize_t catch_value(self, const byte* text, Py_ssize_t at, Py_ssize_t size) except -1:
        """Gathers an object, or a string whose first quote was taken, up to its end, a line's end or its limit."""
        cdef bint reason = self.state == IN_REASON
        cdef Py_ssize_t start = at, room = REASON_MAX if reason else _USAGE_MAX
        cdef byte c
        room -= PyByteArray_GET_SIZE(self.caught)
        while at < size:
            c = text[at]
            if is_end(c) or at - start == room:
                self.state = SEEK
                return at
            at += 1
            if self.in_string:
                if self.escaped:
                    self.escaped = False
                elif c == BACKSLASH:
                    self.escaped = True
                elif c == QUOTE:
                    self.in_string = False
                    if reason:
                        self.state = SEEK
                        self.caught += text[start:at - 1]
                        if self.caught:
                            self.finish_reason = bytes(self.caught)
                        return at
            elif c == QUOTE:
                self.in_string = True
            elif c == OPEN:
                self.depth += 1
            elif c == CLOSE:
                self.depth -= 1
                if self.depth == 0:
                    self.state = SEEK
                    self.usage = bytes(self.caught + text[start:at])
                    self.counted = self.counted or self.kind == USAGE
                    return at
        self.caught += text[start:size]
        return size


cdef list OWN_KEYS = [(b'"' + key + b'"', kind) for key, kind in _OWN.items()]


cdef list put(list chunks, const byte* text, Py_ssize_t start, Py_ssize_t end):
    if chunks is None:
        chunks = []
    if end > start:
        chunks.append(PyBytes_FromStringAndSize(<const char*>text + start, end - start))
    return chunks
