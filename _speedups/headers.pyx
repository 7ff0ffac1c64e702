# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""One pass over a request's headers. `_pure/headers.py` is its specification.

A name is looked up once; a value is borrowed from its pair until the end of the pass, and the lines to forward are
copied once, into one bytes object of the right size.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_GetItem
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from libc.string cimport memchr, memcmp, memcpy, memset

from ._names import CREDENTIALS, DIRECTIVES, DROPPED, JOINED, LABELS, PREFIX, PROPERTY, SLOTS, SWITCHES
from ._pure.headers import read_text

__all__ = ["Head", "forward_without", "parse"]

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    int PyUnicode_KIND(object text)
    const unsigned char* PyUnicode_1BYTE_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    long PyLong_AsLong(object number) except? -1

ctypedef unsigned char byte

cdef struct Line:
    const byte* name
    const byte* value  # NULL: not forwarded after all
    Py_ssize_t name_size
    Py_ssize_t value_size

# The text slots of `_names.HEADERS`; `PLACES` says which is whose.
cdef enum:
    HOST, CONTENT_TYPE, CONTENT_ENCODING, ACCEPT_ENCODING, TRANSFER_ENCODING, USER_AGENT, UPGRADE, AUTHORIZATION,
    X_API_KEY, API_KEY, X_GOOG_API_KEY, ANTHROPIC_VERSION, PLAIN_CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, AUTH, USER_ID, SESSION_ID,
    SESSION_PATH, SESSION_NAME, REQUEST_NAME, REQUEST_ID, PROMPT_ID, TARGET_URL, OPENAI_API_BASE, MODEL_OVERRIDE,
    RATE_POLICY, CACHE_CONTROL, TRACEPARENT
    SLOT_COUNT

# The flags.
cdef enum:
    CACHE_ENABLED, CACHE_READ, CACHE_SAVE, RETRY_ENABLED, OMIT_REQUEST, OMIT_RESPONSE, STREAM_USAGE
    SWITCH_COUNT

# A row: kind, slot or flag from bit 8 on, and from bit 16 on whether the header is forwarded, ours, percent-decoded.
cdef enum:
    SKIP, SLOT, JOIN, SWITCH, DIRECTIVE, LENGTH, OTHER
    FORWARD = 1 << 16
    OUR_OWN = 1 << 17
    DECODED = 1 << 18
    STACKED = 64  # lines that need no memory of their own

cdef dict PLACES = {
    "host": HOST, "content_type": CONTENT_TYPE, "content_encoding": CONTENT_ENCODING,
    "accept_encoding": ACCEPT_ENCODING, "transfer_encoding": TRANSFER_ENCODING, "user_agent": USER_AGENT,
    "upgrade": UPGRADE, "authorization": AUTHORIZATION, "x_api_key": X_API_KEY, "api_key": API_KEY,
    "x_goog_api_key": X_GOOG_API_KEY, "anthropic_version": ANTHROPIC_VERSION,
    "plain_cache_control": PLAIN_CACHE_CONTROL, "connection": CONNECTION, "content_length": CONTENT_LENGTH,
    "auth": AUTH, "user_id": USER_ID, "session_id": SESSION_ID, "session_path": SESSION_PATH,
    "session_name": SESSION_NAME, "request_name": REQUEST_NAME, "request_id": REQUEST_ID, "prompt_id": PROMPT_ID,
    "target_url": TARGET_URL, "openai_api_base": OPENAI_API_BASE, "model_override": MODEL_OVERRIDE,
    "rate_policy": RATE_POLICY, "cache_control": CACHE_CONTROL, "traceparent": TRACEPARENT,
}
cdef dict FLAG_PLACES = {
    "cache_enabled": CACHE_ENABLED, "cache_read": CACHE_READ, "cache_save": CACHE_SAVE,
    "retry_enabled": RETRY_ENABLED, "omit_request": OMIT_REQUEST, "omit_response": OMIT_RESPONSE,
    "stream_usage": STREAM_USAGE,
}
cdef dict ROWS = {name: SKIP for name in DROPPED}
cdef dict SHORT = {name: name[len(PREFIX):] for name in DIRECTIVES}
cdef byte[256] LETTER  # of a name: 0 not allowed, 1 allowed, 2 a capital
cdef str OURS = PREFIX
cdef str PROPERTIES = PROPERTY


cdef int fill_tables() except -1:
    cdef int i
    cdef byte c
    if set(SLOTS.values()) != set(PLACES) or set(SWITCHES.values()) != set(FLAG_PLACES):
        unmatched = (set(SLOTS.values()) ^ set(PLACES)) | (set(SWITCHES.values()) ^ set(FLAG_PLACES))
        raise RuntimeError(f"_speedups: headers.pyx and the table of _names.py differ in {sorted(unmatched)}")
    if CREDENTIALS != ("authorization", "x-api-key", "api-key", "x-goog-api-key"):
        raise RuntimeError("_speedups: headers.pyx reads other credentials than the table of _names.py")
    for name, slot in SLOTS.items():
        i = PLACES[slot]
        kind = JOIN if name in JOINED else LENGTH if name == "content-length" else SLOT
        forwarded = name not in DROPPED and not name.startswith(PREFIX)
        ROWS[name] = (kind | i << 8 | (FORWARD if forwarded else 0) | (OUR_OWN if name.startswith(PREFIX) else 0)
                      | (DECODED if name in LABELS else 0))
    for name, slot in SWITCHES.items():
        i = FLAG_PLACES[slot]
        ROWS[name] = SWITCH | i << 8 | OUR_OWN
    for name in DIRECTIVES:
        ROWS[name] = DIRECTIVE | OUR_OWN
    memset(LETTER, 0, 256)
    for c in b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz":
        LETTER[c] = 1
    for c in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        LETTER[c] = 2
    return 0


fill_tables()


cdef class Head:
    """What a request's headers say. See the pure twin."""

    def __cinit__(self):
        self.host = self.content_type = self.content_encoding = self.accept_encoding = ""
        self.transfer_encoding = self.user_agent = self.upgrade = self.auth = ""
        self.user_id = self.session_id = self.session_path = self.session_name = ""
        self.request_name = self.request_id = self.prompt_id = self.target_url = ""
        self.openai_api_base = self.model_override = self.rate_policy = self.authorization = ""
        self.credential = self.cache_control = self.traceparent = self.fault = ""
        self.x_goog_api_key = self.anthropic_version = ""
        self.content_length = -1
        self.cache_enabled = self.cache_read = self.cache_save = self.retry_enabled = -1
        self.omit_request = self.omit_response = self.stream_usage = -1
        self.forward = b""

    @property
    def directives(self):
        if self.directives_ is None:
            self.directives_ = {}
        return self.directives_

    @property
    def unknown(self):
        if self.unknown_ is None:
            self.unknown_ = {}
        return self.unknown_

    @property
    def properties(self):
        if self.properties_ is None:
            self.properties_ = {}
        return self.properties_

    @property
    def property_names(self):
        if self.property_names_ is None:
            self.property_names_ = {}
        return self.property_names_

    @property
    def malformed(self):
        if self.malformed_ is None:
            self.malformed_ = []
        return self.malformed_


cpdef Head parse(list items):
    """The head of a request, from its (name, value) pairs in the order they were sent. See the pure twin."""
    cdef Head head = Head.__new__(Head)
    cdef PyObject* text[SLOT_COUNT]
    cdef int state[SWITCH_COUNT]
    cdef Line stacked[STACKED]
    cdef Line* lines = stacked
    cdef Py_ssize_t count = 0
    cdef list made = []  # keeps the texts that are made here alive until they are in their slots
    cdef str name, lower, value, before, text_read
    cdef PyObject* found
    cdef long row
    cdef int kind, slot, one
    cdef long long length
    cdef tuple pair
    memset(text, 0, sizeof(text))
    memset(state, 0xff, sizeof(state))
    if len(items) > STACKED:
        lines = <Line*>PyMem_Malloc(<size_t>len(items) * sizeof(Line))
        if lines == NULL:
            raise MemoryError
    try:
        for pair in items:
            name, value = pair
            lower = name
            found = PyDict_GetItem(ROWS, name)
            if found != NULL:
                row = PyLong_AsLong(<object>found)
            else:
                lower = lowered(name)
                row = row_of(lower)
            if row < 0 or unfit(value, row & FORWARD != 0):
                head.fault = head.fault or name or "(empty)"
                continue
            if row & FORWARD:
                lines[count] = line_of(name, value)
                count += 1
            elif row & OUR_OWN and not plain_text(value, row & DECODED != 0):
                text_read = read_text(value, row & DECODED != 0)
                if text_read is None:
                    head.malformed.append((lower, value))
                    continue
                value = text_read
                made.append(value)
            kind = row & 255
            if kind == SKIP:
                continue
            slot = row >> 8 & 255
            if kind == SLOT:
                if text[slot] == NULL:
                    text[slot] = text_of(value)
            elif kind == JOIN:
                if slot == RATE_POLICY and not value:
                    head.malformed.append((lower, value))  # a limit that is empty by mistake must not be none
                if text[slot] != NULL:
                    before = <str>text[slot]
                    value = before + "," + value
                    made.append(value)
                text[slot] = text_of(value)
            elif kind == SWITCH:
                one = switch_of(value)
                if one == -2 or state[slot] != -1 and state[slot] != one:
                    one = -2
                    head.malformed.append((lower, value))
                state[slot] = one
            elif kind == DIRECTIVE:
                head.directives.setdefault(SHORT[lower], value)
            elif kind == LENGTH:
                length = length_of(value)
                head.content_length = length if head.content_length == -1 or head.content_length == length else -2
            else:
                other(head, name, lower, value)
        head.host = taken(text[HOST])
        head.content_type = taken(text[CONTENT_TYPE])
        head.content_encoding = taken(text[CONTENT_ENCODING])
        head.accept_encoding = taken(text[ACCEPT_ENCODING])
        head.transfer_encoding = taken(text[TRANSFER_ENCODING])
        head.user_agent = taken(text[USER_AGENT])
        head.upgrade = taken(text[UPGRADE])
        head.auth = taken(text[AUTH])
        head.user_id = taken(text[USER_ID])
        head.session_id = taken(text[SESSION_ID])
        head.session_path = taken(text[SESSION_PATH])
        head.session_name = taken(text[SESSION_NAME])
        head.request_name = taken(text[REQUEST_NAME])
        head.request_id = taken(text[REQUEST_ID])
        head.prompt_id = taken(text[PROMPT_ID])
        head.target_url = taken(text[TARGET_URL])
        head.openai_api_base = taken(text[OPENAI_API_BASE])
        head.model_override = taken(text[MODEL_OVERRIDE])
        head.rate_policy = taken(text[RATE_POLICY])
        head.authorization = taken(text[AUTHORIZATION])
        head.x_goog_api_key = taken(text[X_GOOG_API_KEY])
        head.anthropic_version = taken(text[ANTHROPIC_VERSION])
        head.credential = (head.authorization or taken(text[X_API_KEY]) or taken(text[API_KEY])
                           or head.x_goog_api_key)
        head.cache_control = taken(text[CACHE_CONTROL]) or taken(text[PLAIN_CACHE_CONTROL])
        head.traceparent = taken(text[TRACEPARENT])
        head.cache_enabled = state[CACHE_ENABLED]
        head.cache_read = state[CACHE_READ]
        head.cache_save = state[CACHE_SAVE]
        head.retry_enabled = state[RETRY_ENABLED]
        head.omit_request = state[OMIT_REQUEST]
        head.omit_response = state[OMIT_RESPONSE]
        head.stream_usage = state[STREAM_USAGE]
        head.forward = write(lines, count, taken(text[CONNECTION]))
    finally:
        if lines != stacked:
            PyMem_Free(lines)
    return head


cpdef bytes forward_without(list items, frozenset names):
    """The lines of `parse(items).forward` less those whose name (lower case) is in `names`."""
    cdef Line stacked[STACKED]
    cdef Line* lines = stacked
    cdef Py_ssize_t count = 0
    cdef str name, lower, value, connection = ""
    cdef PyObject* found
    cdef long row
    cdef tuple pair
    if len(items) > STACKED:
        lines = <Line*>PyMem_Malloc(<size_t>len(items) * sizeof(Line))
        if lines == NULL:
            raise MemoryError
    try:
        for pair in items:
            name, value = pair
            lower = name
            found = PyDict_GetItem(ROWS, name)
            if found != NULL:
                row = PyLong_AsLong(<object>found)
            else:
                lower = lowered(name)
                row = row_of(lower)
            if row < 0 or unfit(value, row & FORWARD != 0):
                continue
            if row == CONNECTION_ROW:
                connection = connection + "," + value if connection else value
            elif row & FORWARD and lower not in names:
                lines[count] = line_of(name, value)
                count += 1
        return write(lines, count, connection)
    finally:
        if lines != stacked:
            PyMem_Free(lines)


cdef long CONNECTION_ROW = ROWS["connection"]


cdef inline PyObject* text_of(str value) noexcept:
    """A borrowed reference, NULL for an empty text: of a repeated header the first that says something counts."""
    return <PyObject*>value if PyUnicode_GET_LENGTH(value) else NULL


cdef inline bint plain_text(str value, bint decoded) noexcept:
    """ASCII, and without a percent sign where percent-encoding is decoded."""
    if not PyUnicode_IS_COMPACT_ASCII(value):
        return False
    return not decoded or memchr(PyUnicode_1BYTE_DATA(value), 37, <size_t>PyUnicode_GET_LENGTH(value)) == NULL


cdef inline str taken(PyObject* text):
    return <str>text if text != NULL else ""


include "_lines.pxi"
