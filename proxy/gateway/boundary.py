"""Holds back the unfinished end of a stream, so that an error of ours can follow where the provider breaks off.

A caller that has a piece of an event would take it for a complete one as soon as the blank line of our event comes.
What is held is of no use to a reader yet: an unfinished line, or the name of an event without its data.
"""

from typing import Final

__all__ = ["MAX_HELD", "Boundary"]

MAX_HELD: Final = 64 << 10
"""Most bytes that are held back; of a longer line the caller gets the pieces as they come."""
_BLANK_LINES: Final = (b"\n\n", b"\r\n\r\n", b"\r\r")
_LINE_ENDS: Final = (b"\n",)
_MAX_FIELDS: Final = 8
"""Lines before an event's data that are looked at: a name, an id and a retry time are usual."""


class Boundary:
    """Where a stream of events, or of JSON lines (`is_lines`), may be interrupted.

    Its owner skips `feed` while `clear` holds and a chunk ends with one of `ends`, as nearly every chunk does."""

    __slots__ = ("_held", "_is_lines", "_mid_line", "clear", "ends", "is_open")

    def __init__(self, is_lines: bool) -> None:
        self.ends = _LINE_ENDS if is_lines else _BLANK_LINES
        self.clear = True
        """Nothing is held, and what was passed on ends with a complete event or line."""
        self.is_open = False
        """What was passed on ends inside an event or line: nothing may follow but the rest of it."""
        self._is_lines = is_lines
        self._mid_line = False
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return what of the stream is passed on now."""
        if not chunk:
            return chunk
        data = self._held + chunk
        if data.endswith(self.ends):
            passed = len(data)
            self.is_open = self._mid_line = False
        else:
            passed = self._useful(data)
            if len(data) - passed > MAX_HELD:
                passed = len(data)
                self.is_open = True
                self._mid_line = not data.endswith(b"\n")
            elif passed:
                self.is_open = self._ends_open(data[:passed])
                self._mid_line = False
        self._held = data[passed:]
        self.clear = not self._held and not self.is_open
        return data[:passed]

    def finish(self) -> bytes:
        """Return what is held, at the stream's end."""
        held, self._held = self._held, b""
        return held

    def _useful(self, data: bytes) -> int:
        """Return the end of the last complete line that is of use to a reader: data, a comment, or a blank line."""
        if self._is_lines:
            return data.rfind(b"\n") + 1
        end = at = max(data.rfind(b"\n"), data.rfind(b"\r", 0, -1)) + 1  # a last CR may be the first half of a CRLF
        for _ in range(_MAX_FIELDS):
            if at == 0 or self._mid_line:
                return at
            text = at - 2 if at > 1 and data[at - 2 : at] == b"\r\n" else at - 1
            start = max(data.rfind(b"\n", 0, text), data.rfind(b"\r", 0, text)) + 1
            if start == text or data.startswith((b"data", b":"), start):
                return at
            at = start
        return end

    def _ends_open(self, lines: bytes) -> bool:
        """Return whether `lines`, which are complete, end inside an event. Comments belong to none."""
        if self._is_lines:
            return False
        lines = lines.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        blank = lines.rfind(b"\n\n") + 1
        if not blank and (not lines.startswith(b"\n") or self._mid_line):
            rest, was_open = lines, self.is_open
        else:
            rest, was_open = lines[blank + 1 :], False
        comments = rest.startswith(b":") + rest.count(b"\n:")
        return was_open or comments != rest.count(b"\n")
