# Arrays, objects and the order of their members. Part of cachekey.pyx.

cdef bint write_value(Writer* w, int depth, int level, uint64_t mask, Paths paths) except -1:
    """Takes one value with the space before it and writes its canonical form; False where it is not JSON."""
    cdef byte c
    skip_space(w)
    if w.at == w.end:
        return False
    c = w.at[0]
    if c == QUOTE:
        return write_text(w)
    if c == OPEN:
        return depth < _DEPTH_MAX and write_object(w, depth + 1, level, mask, paths)
    if c == BRACKET:
        return depth < _DEPTH_MAX and write_array(w, depth + 1, level, mask, paths)
    if c == MINUS or ZERO <= c <= NINE:
        return write_number(w)
    return write_word(w, b"null", 4) or write_word(w, b"true", 4) or write_word(w, b"false", 5)


cdef bint write_word(Writer* w, const char* word, Py_ssize_t size) noexcept nogil:
    if w.end - w.at < size or memcmp(w.at, word, <size_t>size) != 0:
        return False
    put_all(w, <const byte*>word, size)
    w.at += size
    return True


cdef bint write_array(Writer* w, int depth, int level, uint64_t mask, Paths paths) except -1:
    cdef byte c
    w.at += 1
    put(w, BRACKET)
    skip_space(w)
    if w.at < w.end and w.at[0] == UNBRACKET:
        w.at += 1
        put(w, UNBRACKET)
        return True
    while write_value(w, depth, level, mask, paths):
        skip_space(w)
        if w.at == w.end or w.at[0] != COMMA and w.at[0] != UNBRACKET:
            return False
        c = w.at[0]
        put(w, c)
        w.at += 1
        if c == UNBRACKET:
            return True
    return False


cdef bint write_object(Writer* w, int depth, int level, uint64_t mask, Paths paths) except -1:
    cdef Py_ssize_t start, base = w.count, key_size
    cdef uint64_t inner = 0
    cdef bint left_out = False
    cdef byte c
    w.at += 1
    put(w, OPEN)
    skip_space(w)
    if w.at < w.end and w.at[0] == CLOSE:
        w.at += 1
        put(w, CLOSE)
        return True
    while True:
        start = w.size
        skip_space(w)
        if w.at == w.end or w.at[0] != QUOTE or not write_text(w):
            return False
        key_size = w.size - start
        skip_space(w)
        if w.at == w.end or w.at[0] != COLON:
            return False
        w.at += 1
        put(w, COLON)
        if mask:
            inner = paths.under(mask, level, w.out + start, key_size, &left_out)
        if not write_value(w, depth, level + 1, inner, paths):
            return False
        if left_out:
            w.size = start
        else:
            push(w, start, key_size)
            put(w, COMMA)
        skip_space(w)
        if w.at == w.end or w.at[0] != COMMA and w.at[0] != CLOSE:
            return False
        c = w.at[0]
        w.at += 1
        if c == CLOSE:
            break
    order(w, base)
    w.size -= w.count > base  # the last comma
    put(w, CLOSE)
    w.count = base
    return True


cdef int push(Writer* w, Py_ssize_t start, Py_ssize_t key_size) except -1:
    cdef Member* more
    if w.count == w.room:
        w.room = 2 * w.room + 32
        more = <Member*>realloc(w.members, <size_t>w.room * sizeof(Member))
        if more == NULL:
            raise MemoryError
        w.members = more
    w.members[w.count] = Member(start, key_size, w.size - start)
    w.count += 1
    return 0


cdef int compare_keys(const byte* out, const Member* a, const Member* b) noexcept nogil:
    cdef int found = memcmp(out + a.start, out + b.start, <size_t>min(a.key_size, b.key_size))
    if found == 0:
        found = (a.key_size > b.key_size) - (a.key_size < b.key_size)
    return found


cdef struct Entry:
    const byte* out
    Member member


cdef int compare_entries(const void* a, const void* b) noexcept nogil:
    cdef const Entry* one = <const Entry*>a
    cdef const Entry* two = <const Entry*>b
    cdef int found = compare_keys(one.out, &one.member, &two.member)
    return found if found else (one.member.start > two.member.start) - (one.member.start < two.member.start)


cdef int order(Writer* w, Py_ssize_t base) except -1:
    """Sorts the members from `base` on, each followed by a comma, and keeps the last of those with the same key."""
    cdef Py_ssize_t i, start, size, count = w.count - base
    cdef Member* members = w.members + base
    cdef bint sorted_ = True
    cdef Entry* entries
    cdef byte* old
    for i in range(1, count):
        if compare_keys(w.out, &members[i - 1], &members[i]) >= 0:
            sorted_ = False
            break
    if sorted_:
        return 0
    start = members[0].start
    size = w.size - start
    entries = <Entry*>malloc(<size_t>count * sizeof(Entry))
    old = <byte*>malloc(<size_t>size)
    if entries == NULL or old == NULL:
        free(entries)
        free(old)
        raise MemoryError
    memcpy(old, w.out + start, <size_t>size)
    for i in range(count):
        entries[i].out = old - start
        entries[i].member = members[i]
    qsort(entries, <size_t>count, sizeof(Entry), compare_entries)
    w.size = start
    for i in range(count):
        if i + 1 < count and compare_keys(old - start, &entries[i].member, &entries[i + 1].member) == 0:
            continue
        put_all(w, old - start + entries[i].member.start, entries[i].member.size + 1)
    free(entries)
    free(old)
    return 0
