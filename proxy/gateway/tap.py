"""Observes an answer as it passes: its bytes for the log, the time of the first token, its end."""

from collections import deque

from _speedups import Scanner
from proxy.core.clock import monotonic
from proxy.providers.dialects import DIALECTS
from proxy.upstream.base import Answer

__all__ = ["STREAMS", "Tap"]

_TAIL = 256 << 10
_MAX_TIMES = 20_000
"""Pieces of a stream whose times are kept."""
_BINARY_STREAM = "application/vnd.amazon.eventstream"
STREAMS = ("text/event-stream", "application/x-ndjson", "application/stream+json", _BINARY_STREAM)
"""Media types of answers that come bit by bit."""


class Tap:
    """One per answer. `feed` takes a chunk as the provider sent it and returns what the caller gets."""

    __slots__ = (
        "_chunks",
        "_last",
        "_room",
        "_scanner",
        "_tail",
        "_tail_size",
        "done",
        "encoding",
        "first_token_at",
        "hides",
        "media_type",
        "plain",
        "says_errors",
        "size",
        "started",
        "streams",
        "times",
        "truncated",
    )

    def __init__(
        self, answer: Answer, dialect: str, hides: bool, cap: int, target: str, timed_from: float = 0.0
    ) -> None:
        """With `timed_from`, a monotonic time, `times` has when the pieces of a readable stream came after it."""
        kind = encoding = ""
        for name, value in answer.headers:
            if name == "content-type":
                kind = value
            elif name == "content-encoding":
                encoding = value
        self.media_type = kind
        self.encoding = encoding
        sse = kind.startswith("text/event-stream")
        self.streams = sse or kind.startswith(STREAMS)
        spoken = DIALECTS[dialect]
        mark = spoken.stream_mark
        self.plain = not self.streams and kind.startswith("application/json") and not (mark and mark in target)
        readable = not encoding or encoding == "identity"
        self.says_errors = self.streams and readable and not kind.startswith(_BINARY_STREAM)
        self.hides = hides and sse and readable
        self._scanner: Scanner | None = None
        if sse and readable:
            self._scanner = Scanner(spoken.token_keys, spoken.done_marks, self.hides)
        self.times: list[tuple[int, int]] | None = [] if timed_from and self.streams and readable else None
        self.started = timed_from
        self._last = b""
        self.done = False
        self.first_token_at = 0.0
        self.truncated = False
        self.size = 0
        self._room = cap
        self._chunks: list[bytes] = []
        self._tail: deque[bytes] | None = None
        self._tail_size = 0

    def feed(self, chunk: bytes) -> bytes:
        """Record `chunk` for the log; return what of it is sent to the caller now."""
        if not chunk:
            return chunk
        self._last = chunk
        self.size += len(chunk)
        if self.times is not None and len(self.times) < _MAX_TIMES:
            self.times.append((int((monotonic() - self.started) * 1e6), self.size))
        if len(chunk) <= self._room:
            self._room -= len(chunk)
            self._chunks.append(chunk)
        else:
            self._overflow(chunk)
        scanner = self._scanner
        if scanner is None:
            if self.streams and not self.first_token_at:
                self.first_token_at = monotonic()
            return chunk
        out = scanner.feed(chunk)
        if scanner.first_token and not self.first_token_at:
            self.first_token_at = monotonic()
        self.done = scanner.done
        return out

    def finish(self) -> bytes:
        """What was held back, at the answer's end."""
        return self._scanner.finish() if self.hides and self._scanner is not None else b""

    def gap(self) -> bytes:
        """What ends an event that broke off in its middle, so that another can follow."""
        complete = not self._last or self._last.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))
        return b"" if complete else b"\n\n"

    def body(self) -> bytes:
        """The answer as the provider sent it; past the cap its first part and its last."""
        if self._tail is not None:
            return b"".join([*self._chunks, *self._tail])
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    def _overflow(self, chunk: bytes) -> None:
        self.truncated = True
        if self._tail is None:
            self._tail = deque()
            self._chunks.append(chunk[: self._room])
            chunk = chunk[self._room :]
            self._room = -1
        self._tail.append(chunk[-_TAIL:])
        self._tail_size += len(self._tail[-1])
        while self._tail_size - len(self._tail[0]) >= _TAIL:
            self._tail_size -= len(self._tail.popleft())
