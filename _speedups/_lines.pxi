# Names, values and the lines that go on. Part of headers.pyx.

cdef inline Line line_of(str name, str value) noexcept:
    return Line(PyUnicode_1BYTE_DATA(name), PyUnicode_1BYTE_DATA(value),
                PyUnicode_GET_LENGTH(name), PyUnicode_GET_LENGTH(value))


cdef str lowered(str name):
    """`name` in lower case, None where it is no legal name."""
    cdef const byte* text
    cdef byte seen = 0
    cdef bint bad = False
    cdef Py_ssize_t i, size = PyUnicode_GET_LENGTH(name)
    if size == 0 or not PyUnicode_IS_COMPACT_ASCII(name):
        return None
    text = PyUnicode_1BYTE_DATA(name)
    for i in range(size):
        seen |= LETTER[text[i]]
        bad |= LETTER[text[i]] == 0
    if bad:
        return None
    return name.lower() if seen & 2 else name


cdef long row_of(str lower) except? -2:
    """The row of a legal name, -1 for None."""
    cdef PyObject* found
    if lower is None:
        return -1
    found = PyDict_GetItem(ROWS, lower)
    if found != NULL:
        return PyLong_AsLong(<object>found)
    if starts(lower, OURS):
        return OTHER | OUR_OWN | (DECODED if starts(lower, PROPERTIES) else 0)
    return SKIP | FORWARD


cdef inline bint starts(str text, str prefix) noexcept:
    """Whether ASCII `text` begins with ASCII `prefix`."""
    cdef Py_ssize_t size = PyUnicode_GET_LENGTH(prefix)
    if PyUnicode_GET_LENGTH(text) < size:
        return False
    return memcmp(PyUnicode_1BYTE_DATA(text), PyUnicode_1BYTE_DATA(prefix), <size_t>size) == 0


cdef bint unfit(str value, bint forwarded) except -1:
    """Whether a value may not be passed on: it holds CR, LF or NUL, or is to be written and does not fit latin-1."""
    cdef const byte* text
    cdef Py_ssize_t i, size
    cdef int bad = 0
    if PyUnicode_KIND(value) != 1:
        return forwarded or "\r" in value or "\n" in value or "\0" in value
    text = PyUnicode_1BYTE_DATA(value)
    size = PyUnicode_GET_LENGTH(value)
    for i in range(size):
        bad |= (text[i] == 13) | (text[i] == 10) | (text[i] == 0)
    return bad


cdef int switch_of(str value) except -3:
    cdef str text = value.strip(" \t")
    if not PyUnicode_IS_COMPACT_ASCII(text):
        return -2
    text = text.lower()
    if text == "true" or text == "1":
        return 1
    return 0 if text == "false" or text == "0" else -2


cdef long long length_of(str value) noexcept:
    cdef Py_ssize_t i, size = PyUnicode_GET_LENGTH(value)
    cdef const byte* text
    cdef long long length = 0
    if size == 0 or size > 18 or not PyUnicode_IS_COMPACT_ASCII(value):
        return -2
    text = PyUnicode_1BYTE_DATA(value)
    for i in range(size):
        if text[i] < 48 or text[i] > 57:
            return -2
        length = length * 10 + (text[i] - 48)
    return length


cdef int other(Head head, str name, str lower, str value) except -1:
    """A `helicone-` name without a row: a property, or one that is not known."""
    cdef Py_ssize_t size = PyUnicode_GET_LENGTH(PROPERTIES)
    cdef str key, spelling
    if not starts(lower, PROPERTIES):
        head.unknown.setdefault(lower, value)
    elif PyUnicode_GET_LENGTH(lower) == size:
        head.malformed.append((lower, value))
    else:
        key = lower[size:]
        if key not in head.properties:
            head.properties[key] = value
            if name is not lower:
                spelling = name[size:]
                if spelling != key:
                    head.property_names[key] = spelling
    return 0


cdef bytes write(Line* lines, Py_ssize_t count, str connection):
    cdef Py_ssize_t i, size = 0
    cdef Line line
    cdef bytes head
    cdef char* at
    cdef set listed
    if connection and connection != "keep-alive":
        listed = {word.strip(" \t").lower() for word in connection.split(",")}
        for i in range(count):
            if lines[i].name[:lines[i].name_size].decode("latin-1").lower() in listed:
                lines[i].value = NULL
    for i in range(count):
        if lines[i].value != NULL:
            size += lines[i].name_size + lines[i].value_size + 4
    head = PyBytes_FromStringAndSize(NULL, size)
    at = PyBytes_AS_STRING(head)
    for i in range(count):
        line = lines[i]
        if line.value == NULL:
            continue
        memcpy(at, line.name, <size_t>line.name_size)
        at += line.name_size
        memcpy(at, b": ", 2)
        memcpy(at + 2, line.value, <size_t>line.value_size)
        at += line.value_size + 2
        memcpy(at, b"\r\n", 2)
        at += 2
    return head
