# Strings and numbers in their canonical form. Part of cachekey.pyx.

cdef inline void skip_space(Writer* w) noexcept nogil:
    while w.at < w.end and (w.at[0] == 32 or w.at[0] == 10 or w.at[0] == 13 or w.at[0] == 9):
        w.at += 1


cdef inline void put(Writer* w, byte c) noexcept nogil:
    w.out[w.size] = c
    w.size += 1


cdef inline void put_all(Writer* w, const byte* text, Py_ssize_t size) noexcept nogil:
    memcpy(w.out + w.size, text, <size_t>size)
    w.size += size


cdef inline bint is_digit(Writer* w) noexcept nogil:
    return w.at < w.end and ZERO <= w.at[0] <= NINE


cdef bint write_number(Writer* w) noexcept nogil:
    cdef bint negative = w.at[0] == MINUS
    cdef const byte* digits
    cdef Py_ssize_t start, end, i, fraction = 0, power_digits = 0
    cdef long long power = 0
    cdef bint minus = False
    start = w.size + negative
    if negative:
        put(w, MINUS)
        w.at += 1
    digits = w.at
    if not is_digit(w):
        return False
    if w.at[0] == ZERO:
        w.at += 1
    else:
        while is_digit(w):
            put(w, w.at[0])
            w.at += 1
    if w.at < w.end and w.at[0] == DOT:
        w.at += 1
        if not is_digit(w):
            return False
        while is_digit(w):
            if w.size > start or w.at[0] != ZERO:
                put(w, w.at[0])
            fraction += 1
            w.at += 1
    if w.at < w.end and (w.at[0] == 101 or w.at[0] == 69):
        w.at += 1
        if w.at < w.end and (w.at[0] == MINUS or w.at[0] == PLUS):
            minus = w.at[0] == MINUS
            w.at += 1
        if not is_digit(w):
            return False
        while is_digit(w):
            power = power * 10 + (w.at[0] - ZERO) if power_digits <= EXPONENT_DIGITS_MAX else 0
            power_digits += power_digits > 0 or w.at[0] != ZERO
            w.at += 1
        if power_digits > EXPONENT_DIGITS_MAX:
            return False
    end = w.size
    while w.size > start and w.out[w.size - 1] == ZERO:
        w.size -= 1
    if w.size == start:
        w.size = start - negative
        put(w, ZERO)
        return True
    power = (-power if minus else power) - fraction + (end - w.size)
    if power:
        put_power(w, power)
    return True


cdef void put_power(Writer* w, long long power) noexcept nogil:
    cdef byte digits[24]
    cdef int count = 0
    put(w, 101)
    if power < 0:
        put(w, MINUS)
        power = -power
    while power:
        digits[count] = <byte>(ZERO + power % 10)
        power //= 10
        count += 1
    while count:
        count -= 1
        put(w, digits[count])


cdef inline bint is_plain(const byte* at) noexcept nogil:
    """Whether eight bytes stand for themselves: none is a quote, a backslash or below a space.

    A byte less one has its high bit set where it was zero; exact up to the lowest such byte, so exact
    as an answer to whether there is one.
    """
    cdef uint64_t word, quote, slash
    cdef uint64_t ones = <uint64_t>0x0101010101010101, highs = <uint64_t>0x8080808080808080
    memcpy(&word, at, 8)
    quote = word ^ ones * QUOTE
    slash = word ^ ones * BACKSLASH
    return not (
        (quote - ones & ~quote | slash - ones & ~slash | word - ones * 32 & ~word) & highs
    )


cdef bint write_text(Writer* w) noexcept nogil:
    """Takes a string, its quotes included; an escape becomes what it stands for."""
    cdef const byte* start
    cdef byte c
    cdef long code, low
    put(w, QUOTE)
    w.at += 1
    while True:
        start = w.at
        while w.end - w.at >= 8 and is_plain(w.at):
            w.at += 8
        while w.at < w.end and w.at[0] != QUOTE and w.at[0] != BACKSLASH and w.at[0] >= 32:
            w.at += 1
        put_all(w, start, w.at - start)
        if w.at == w.end or w.at[0] < 32:
            return False
        c = w.at[0]
        w.at += 1
        if c == QUOTE:
            put(w, QUOTE)
            return True
        if w.at == w.end:
            return False
        c = w.at[0]
        w.at += 1
        if c == QUOTE or c == BACKSLASH:
            put(w, BACKSLASH)
            put(w, c)
        elif c == 47:  # /
            put(w, c)
        elif c == 98:  # b
            put(w, 8)
        elif c == 102:  # f
            put(w, 12)
        elif c == 110:  # n
            put(w, 10)
        elif c == 114:  # r
            put(w, 13)
        elif c == 116:  # t
            put(w, 9)
        elif c == 117:  # u
            code = hex_of(w)
            if code < 0:
                return False
            if 0xD800 <= code < 0xDC00 and w.end - w.at >= 6 and w.at[0] == BACKSLASH and w.at[1] == 117:
                w.at += 2
                low = hex_of(w)
                if 0xDC00 <= low < 0xE000:
                    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                else:
                    w.at -= 2 if low < 0 else 6
            put_code(w, code)
        else:
            return False


cdef long hex_of(Writer* w) noexcept nogil:
    """The number of four hexadecimal digits, which are taken; -1 where there are none."""
    cdef long code = 0
    cdef byte c
    cdef int i
    if w.end - w.at < 4:
        return -1
    for i in range(4):
        c = w.at[i]
        if ZERO <= c <= NINE:
            code = code << 4 | (c - ZERO)
        elif 97 <= c | 32 <= 102:
            code = code << 4 | ((c | 32) - 87)
        else:
            return -1
    w.at += 4
    return code


cdef void put_code(Writer* w, long code) noexcept nogil:
    """A character as UTF-8; half a surrogate pair as its three bytes."""
    if code == QUOTE or code == BACKSLASH:
        put(w, BACKSLASH)
    if code < 0x80:
        put(w, <byte>code)
    elif code < 0x800:
        put(w, <byte>(0xC0 | code >> 6))
        put(w, <byte>(0x80 | (code & 63)))
    else:
        if code < 0x10000:
            put(w, <byte>(0xE0 | code >> 12))
        else:
            put(w, <byte>(0xF0 | code >> 18))
            put(w, <byte>(0x80 | (code >> 12 & 63)))
        put(w, <byte>(0x80 | (code >> 6 & 63)))
        put(w, <byte>(0x80 | (code & 63)))
