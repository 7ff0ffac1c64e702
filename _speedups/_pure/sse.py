"""A scanner of server-sent events that takes any cut of the bytes.

It is one automaton over the bytes, so that a cut changes nothing. Keys are looked for in any line (`"key"`, white
space, colon, white space, value); a quote within a JSON string is escaped, so text that speaks of `"usage"` is not
taken for it. White space is blank or tab; the end of a line ends whatever was under way.
"""

from typing import Final

__all__ = ["HELD_MAX", "USAGE_MAX", "Scanner"]

HELD_MAX: Final = 16384
"""Most bytes of an unfinished event that are held back; a longer event is never hidden."""
USAGE_MAX: Final = 16384
"""Bytes of a usage object above which it is ignored."""
_REASON_MAX: Final = 64

_TOKEN, _USAGE, _METADATA, _REASON, _CHOICES = range(5)
_SEEK, _AFTER_KEY, _AFTER_COLON, _IN_TOKEN, _IN_OBJECT, _IN_REASON, _IN_ARRAY = range(7)

_OWN: Final = {
    b"usage": _USAGE,
    b"usageMetadata": _METADATA,
    b"finish_reason": _REASON,
    b"stop_reason": _REASON,
    b"finishReason": _REASON,
}
_CR, _QUOTE, _BACKSLASH, _COLON = b'\r"\\:'
_OPEN, _CLOSE, _BRACKET, _UNBRACKET = b"{}[]"
_BLANKS: Final = b" \t"
_ENDS: Final = b"\r\n"
_INSIDE, _END, _STRAY, _TAIL = range(4)

# By kind of key: the byte its value must begin with, and the state that follows.
_VALUES: Final = {
    _TOKEN: (_QUOTE, _IN_TOKEN),
    _USAGE: (_OPEN, _IN_OBJECT),
    _METADATA: (_OPEN, _IN_OBJECT),
    _REASON: (_QUOTE, _IN_REASON),
    _CHOICES: (_BRACKET, _IN_ARRAY),
}


class Scanner:
    """Facts of one stream, and its bytes less the event that the caller did not ask for.

    `first_token`: a non-empty string was seen under one of `token_keys`. `done`: one of `done_marks` was seen.
    `usage`: the last object under `usage` or `usageMetadata`, as sent. `finish_reason`: the last string that was not
    empty under `finish_reason`, `stop_reason` or `finishReason`, as sent. `events`: finished events. `hidden`: those
    taken out. With `hide_usage` an event with an empty `choices` list and a `usage` object is taken out completely.
    """

    first_token: bool
    done: bool
    usage: bytes | None
    finish_reason: bytes | None
    events: int
    hidden: int

    def __init__(self, token_keys: tuple[bytes, ...], done_marks: tuple[bytes, ...], hide_usage: bool = False) -> None:
        """Raises ValueError for a key or mark that is empty, over 64 bytes, holds a line end, or (key) a quote or a
        backslash, or is one of the scanner's own keys; and for more than 16 of either."""
        _check(token_keys, done_marks)
        self.first_token = False
        self.done = False
        self.usage = None
        self.finish_reason = None
        self.events = 0
        self.hidden = 0
        own = [(b'"%b"' % key, kind) for key, kind in _OWN.items()]
        if hide_usage:
            own.append((b'"choices"', _CHOICES))
        tokens = [(b'"%b"' % key, _TOKEN) for key in token_keys]
        self._own = own
        self._needles = own + tokens
        self._reach = max(len(needle) for needle, _ in self._needles) - 1
        self._marks = done_marks
        self._mark_reach = max((len(mark) for mark in done_marks), default=1) - 1
        self._hide = hide_usage
        # The key automaton.
        self._state = _SEEK
        self._kind = _TOKEN
        self._carry = b""
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._caught = bytearray()
        # The search for marks.
        self._mark_carry = b""
        # Lines and events.
        self._line_empty = True
        self._after_cr = False
        self._in_event = False
        # What is known of the event under way, and what is held of it.
        self._choices = 0  # 1: an empty list was seen, 2: one with something in it
        self._counted = False  # a `usage` object was seen
        self._size = 0
        self._held = b""
        self._last_hidden = False

    def feed(self, data: bytes) -> bytes:
        """The bytes to pass on: `data` itself, unless something of it is held or hidden or was held before."""
        if not data:
            return data
        if self._marks and not self.done:
            self._find_marks(data)
        if self._hide:
            return self._sift(data)
        self._scan(data)
        for line in data.splitlines(keepends=True):
            self._end_of(line)
        return data

    def finish(self) -> bytes:
        """What was held back of an event that the stream's end cut short."""
        held, self._held = self._held, b""
        return held

    def _find_marks(self, data: bytes) -> None:
        text = self._mark_carry + data
        self.done = any(mark in text for mark in self._marks)
        self._mark_carry = text[-self._mark_reach :] if self._mark_reach and data[-1] not in _ENDS else b""

    def _end_of(self, line: bytes) -> int:
        """Takes one line with its end, as far as it came: _INSIDE an event, its _END, a _STRAY blank line between
        events, or the _TAIL of a CRLF whose CR was taken for the complete line end."""
        if self._after_cr:
            self._after_cr = False
            if line == b"\n":
                return _INSIDE if self._in_event else _TAIL
        last = line[-1]
        self._after_cr = last == _CR
        if self._line_empty and line[0] in _ENDS:
            if not self._in_event:
                return _STRAY
            self._in_event = False
            self.events += 1
            return _END
        self._line_empty = last in _ENDS
        self._in_event = True
        return _INSIDE

    def _sift(self, data: bytes) -> bytes:
        chunks: list[bytes] = []
        passed = start = position = 0  # data[passed:start] passes, data[start:] is the event under way
        for line in data.splitlines(keepends=True):
            self._scan(line)
            place = self._end_of(line)
            position += len(line)
            if place == _INSIDE:
                self._size += len(line)
                continue
            if place == _END:
                # The LF of a CRLF is not counted: it may come with the next chunk.
                size = self._size + 1
                self._last_hidden = self._choices == 1 and self._counted and size <= HELD_MAX
                self.hidden += self._last_hidden
                self._choices, self._counted, self._size = 0, False, 0
            elif place == _STRAY:
                self._last_hidden = False
            if self._last_hidden:
                chunks.append(data[passed:start])
                passed = position
            elif self._held:
                chunks.append(self._held)
            self._held = b""
            start = position
        if self._choices == 2 or self._size > HELD_MAX:
            start = position
            chunks.append(self._held)
            self._held = b""
        if passed == 0 and start == len(data) and not any(chunks):
            return data
        chunks.append(data[passed:start])
        self._held += data[start:]
        return b"".join(chunks)

    def _scan(self, data: bytes) -> None:
        text = self._carry + data
        self._carry = b""
        needles = self._needles
        ahead = [text.find(needle) for needle, _ in needles]
        position, size = 0, len(text)
        while position < size:
            if self._state != _SEEK:
                position = self._step(text, position)
                continue
            if needles is not self._needles:
                needles = self._needles
                ahead = [text.find(needle, position) for needle, _ in needles]
            best = -1
            for index, at in enumerate(ahead):
                if 0 <= at < position:
                    at = ahead[index] = text.find(needles[index][0], position)
                if at >= 0 and (best < 0 or at < ahead[best]):
                    best = index
            if best < 0:
                self._carry = self._unfinished(text[max(position, size - self._reach) :])
                return
            position = ahead[best] + len(needles[best][0])
            self._kind = needles[best][1]
            self._state = _AFTER_KEY

    @staticmethod
    def _unfinished(tail: bytes) -> bytes:
        """What of `tail` may be the beginning of a key: from its first quote on, if no line ends after it."""
        tail = tail[max(tail.rfind(b"\n"), tail.rfind(b"\r")) + 1 :]
        quote = tail.find(b'"')
        return tail[quote:] if quote >= 0 else b""

    def _step(self, text: bytes, position: int) -> int:
        """Takes bytes from `position` in a state that is not _SEEK; returns where to go on."""
        state, byte = self._state, text[position]
        if state == _IN_OBJECT:
            return self._catch_object(text, position)
        if state == _IN_REASON:
            return self._catch_reason(text, position)
        if state == _IN_TOKEN:
            self._state = _SEEK
            if byte != _QUOTE and byte not in _ENDS:
                self.first_token = True
                self._needles = self._own
            return position + (byte == _QUOTE)
        if byte in _BLANKS:
            return position + 1
        if state == _AFTER_KEY:
            self._state = _AFTER_COLON if byte == _COLON else _SEEK
            return position + (byte == _COLON)
        if state == _IN_ARRAY:
            self._state = _SEEK
            if byte not in _ENDS:
                self._choices = 2 if byte != _UNBRACKET else self._choices or 1
            return position + (byte == _UNBRACKET)
        opener, inside = _VALUES[self._kind]
        if byte != opener:
            self._state = _SEEK
            return position
        self._state = inside
        self._depth, self._in_string, self._escaped = 1, False, False
        self._caught = bytearray(b"{" if inside == _IN_OBJECT else b"")
        return position + 1

    def _catch_object(self, text: bytes, position: int) -> int:
        caught = self._caught
        while position < len(text):
            byte = text[position]
            if byte in _ENDS or len(caught) == USAGE_MAX:
                self._state = _SEEK
                return position
            position += 1
            caught.append(byte)
            if self._in_string:
                if self._escaped:
                    self._escaped = False
                elif byte == _BACKSLASH:
                    self._escaped = True
                elif byte == _QUOTE:
                    self._in_string = False
            elif byte == _QUOTE:
                self._in_string = True
            elif byte == _OPEN:
                self._depth += 1
            elif byte == _CLOSE:
                self._depth -= 1
                if not self._depth:
                    self._state = _SEEK
                    self.usage = bytes(caught)
                    self._counted |= self._kind == _USAGE
                    break
        return position

    def _catch_reason(self, text: bytes, position: int) -> int:
        while position < len(text):
            byte = text[position]
            if byte in _ENDS or len(self._caught) == _REASON_MAX:
                self._state = _SEEK
                return position
            position += 1
            if byte == _QUOTE and not self._escaped:
                self._state = _SEEK
                if self._caught:
                    self.finish_reason = bytes(self._caught)
                break
            self._escaped = byte == _BACKSLASH and not self._escaped
            self._caught.append(byte)
        return position


def _check(token_keys: tuple[bytes, ...], done_marks: tuple[bytes, ...]) -> None:
    if len(token_keys) > 16 or len(done_marks) > 16:
        raise ValueError(f"{len(token_keys)} token keys and {len(done_marks)} done marks; expected at most 16 of each")
    for text in (*token_keys, *done_marks):
        if not 0 < len(text) <= 64 or b"\n" in text or b"\r" in text:
            raise ValueError(f"{text!r}; expected 1 to 64 bytes without a line end")
    for key in token_keys:
        if b'"' in key or b"\\" in key or key in _OWN or key == b"choices":
            raise ValueError(f"token key {key!r}; expected no quote, no backslash and none of the scanner's own keys")
