"""Observes an answer as it passes: its bytes for the log, the time of the first token, its end."""

from collections import deque

from _speedups import Scanner
from proxy.core.clock import monotonic
from proxy.gateway.boundary import Boundary
from proxy.providers.dialects import DIALECTS
from proxy.upstream.base import Answer

__all__ = ["STREAMS", "Tap"]

_TAIL = 256 << 10
_MAX_TIMES = 20_000
"""Pieces of a stream whose times are kept."""
_JSON_LINES = ("application/x-ndjson", "application/stream+json")
STREAMS = ("text/event-stream", *_JSON_LINES, "application/vnd.amazon.eventstream")
"""Media types of answers that come bit by bit."""


class Tap:
    """One per answer. `feed` takes a chunk as the provider sent it and returns what the caller gets."""

    __slots__ = (
        "_boundary",
        "_chunks",
        "_room",
        "_scanner",
        "_tail",
        "_tail_size",
        "done",
        "encoding",
        "first_token_at",
        "hides",
        "is_lines",
        "media_type",
        "plain",
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
        has_length = False
        for name, value in answer.headers:
            if name == "content-type":
                kind = value
            elif name == "content-encoding":
                encoding = value
            elif name == "content-length":
                has_length = True
        self.media_type = kind
        self.encoding = encoding
        sse = kind.startswith("text/event-stream")
        self.streams = sse or kind.startswith(STREAMS)
        spoken = DIALECTS[dialect]
        mark = spoken.stream_mark
        self.plain = not self.streams and kind.startswith("application/json") and not (mark and mark in target)
        readable = not encoding or encoding == "identity"
        self.is_lines = self.streams and not sse and kind.startswith(_JSON_LINES)
        self.hides = hides and sse and readable
        # To an answer of an announced length nothing can be added.
        may_follow = (sse or self.is_lines) and readable and (self.hides or not has_length)
        self._boundary = Boundary(self.is_lines) if may_follow else None
        self._scanner: Scanner | None = None
        if sse and readable:
            self._scanner = Scanner(spoken.token_keys, spoken.done_marks, self.hides)
        self.times: list[tuple[int, int]] | None = [] if timed_from and self.streams and readable else None
        self.started = timed_from
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
        self.size += len(chunk)
        if self.times is not None and len(self.times) < _MAX_TIMES:
            self.times.append((int((monotonic() - self.started) * 1e6), self.size))
        if len(chunk) <= self._room:
            self._room -= len(chunk)
            self._chunks.append(chunk)
        else:
            self._overflow(chunk)
        scanner = self._scanner
        out = chunk
        if scanner is not None:
            out = scanner.feed(chunk)
            if scanner.first_token and not self.first_token_at:
                self.first_token_at = monotonic()
            self.done = scanner.done
        elif self.streams and not self.first_token_at:
            self.first_token_at = monotonic()
        boundary = self._boundary
        if boundary is None or (boundary.clear and out.endswith(boundary.ends)):
            return out
        return boundary.feed(out)

    def finish(self) -> bytes:
        """Return what was held back, at the answer's end."""
        held = self._boundary.finish() if self._boundary is not None else b""
        return held + self._scanner.finish() if self.hides and self._scanner is not None else held

    @property
    def takes_error(self) -> bool:
        """Whether an error of ours may follow what the caller has, now that the answer broke off."""
        return self._boundary is not None and not self._boundary.is_open

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
