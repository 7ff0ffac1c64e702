"""Request coalescing: identical calls in flight are sent once. An `InflightCall` is one call to a provider and
everybody who reads its answer.

No task reads for all: whoever waits for more reads for the others too, and if it leaves, the next one does. A reader
that leaves ends nothing; when the last one leaves, the connection is given back.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from _speedups import Key
from proxy.core.clock import monotonic
from proxy.core.errors import UpstreamError
from proxy.gateway.cache.entry import MAX_CUTS
from proxy.gateway.cache.key import CacheLookup
from proxy.upstream.base import Answer

__all__ = ["InflightCall", "SharedAnswer"]

_MAX_LAG: Final = 16 << 20
"""Bytes of an answer too large for the cache that are kept for readers who are behind."""


class InflightCall:
    """From the moment a call is sent to the end of its answer."""

    __slots__ = (
        "_first_at",
        "_first_kept",
        "_joiners",
        "_kept_bytes",
        "_max_bytes",
        "_on_finish",
        "_pumping",
        "_readers",
        "_upstream",
        "_waiters",
        "chunks",
        "coalescing_key",
        "cuts",
        "ended",
        "error",
        "finished",
        "headers",
        "saved_as",
        "size",
        "source",
        "started",
        "status",
        "trimmed",
    )

    def __init__(
        self,
        coalescing_key: tuple[Key, str],
        source: str,
        started: float,
        max_bytes: int,
        on_finish: "Callable[[InflightCall], None]",
        saved_as: CacheLookup | None = None,
    ) -> None:
        self.coalescing_key = coalescing_key
        self.source = source
        """Id of the call that was sent."""
        self.started = started
        """When that call began, in monotonic seconds."""
        self.saved_as = saved_as
        """Where the cache stores the answer; None where it must not."""
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.chunks: list[bytes] = []
        self.cuts: list[tuple[int, int]] = []
        self.size = 0
        self.trimmed = False
        """The answer is larger than what is stored: its beginning is gone, and nobody can join."""
        self.ended = False
        """The complete answer has arrived."""
        self.finished = False
        """No more will come, whether the answer is complete or not."""
        self.error: UpstreamError | None = None
        self._max_bytes = max_bytes
        self._on_finish = on_finish
        self._upstream: Answer | None = None
        self._joiners: list[asyncio.Future[bool]] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._pumping = False
        self._readers: set[SharedAnswer] = set()
        self._kept_bytes = 0
        self._first_kept = 0
        """Chunks before this one have been read by all and are freed."""
        self._first_at = 0.0

    # --- for those who join -----------------------------------------------------------------------------------------

    async def join(self) -> "SharedAnswer | None":
        """Return the answer once its head has come; None where there is nothing to share: send the call again.

        Raises the `UpstreamError` that the call ended with.
        """
        if not self.status and not self.finished:
            head: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._joiners.append(head)
            await head
        if self.error is not None and not self.status:
            raise self.error
        if self.finished and not self.ended:
            return None  # the one who sent it left before anybody else could read on
        return SharedAnswer(self, self._upstream, False) if self._upstream is not None and not self.trimmed else None

    # --- for the one who sent the call ------------------------------------------------------------------------------

    @property
    def has_joiners(self) -> bool:
        """Whether anybody waits for the head of the answer."""
        return bool(self._joiners)

    def arrive(self, answer: Answer) -> Answer:
        """Take the answer, whose head has come. Return it as its first reader reads it."""
        self._upstream = answer
        self.status = answer.status
        self.headers = list(answer.headers)
        self._first_at = monotonic()
        self._fill()
        shared = SharedAnswer(self, answer, True)
        for head in self._joiners:
            if not head.done():
                head.set_result(True)
        return shared

    def arrive_complete(self, answer: Answer) -> None:
        """Take an answer that has come completely and that nobody waits for: its caller goes on reading it alone."""
        self.status = answer.status
        self.headers = answer.headers.copy()
        body = answer.peek()
        self.chunks.append(body)
        self.size = len(body)
        self.trimmed = self.size > self._max_bytes
        self.cuts.append((0, self.size))
        self.ended = True
        self.finish()

    def give_up(self, error: Exception | None) -> None:
        """No answer will come: joiners share an upstream's error, and send anew where the caller just left."""
        if self.finished:
            return
        self.error = error if isinstance(error, UpstreamError) else None
        self.finish()
        for head in self._joiners:
            if not head.done():
                head.set_result(False)

    def finish(self) -> None:
        """Nothing more will come: tell the cache, once."""
        if not self.finished:
            self.finished = True
            self._on_finish(self)

    # --- reading ----------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        answer = self._upstream
        assert answer is not None
        chunk = answer.take()
        if chunk:
            self.size += len(chunk)
            self._kept_bytes += len(chunk)
            self.chunks.append(chunk)
            if len(self.cuts) < MAX_CUTS:
                self.cuts.append((round((monotonic() - self._first_at) * 1e3), len(chunk)))
            else:
                at_ms, size = self.cuts[-1]
                self.cuts[-1] = (at_ms, size + len(chunk))
            if self.size > self._max_bytes and not self.trimmed:
                self.trimmed = True
                self._on_finish(self)
            while self.trimmed and self._kept_bytes > _MAX_LAG and len(self._readers) > 1:
                slowest = min(self._readers, key=lambda reader: reader.seen)
                slowest.is_lost = True
                self._readers.discard(slowest)
                self.free()
        if answer.ended:
            self.ended = True
            self.finish()

    async def more(self, seen: int) -> None:
        """Wait for more than `seen` chunks, or the end. Raises `UpstreamError` where the answer broke off."""
        while len(self.chunks) <= seen and not self.finished:
            if self._pumping:
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiters.append(waiter)
                await waiter
                continue
            self._pumping = True
            try:
                assert self._upstream is not None
                await self._upstream.wait()
                self._fill()
            except UpstreamError as error:
                self._fill()
                self.error = error
                self.finish()
            finally:
                self._pumping = False
                self._wake()
        if len(self.chunks) <= seen and not self.ended:
            raise self.error or UpstreamError(
                "The call that this answer was shared with ended before it.",
                code="upstream_reset", phase="body", retriable=False,
            )  # fmt: skip

    @property
    def has_several_readers(self) -> bool:
        return len(self._readers) > 1

    def add_reader(self, reader: "SharedAnswer") -> None:
        self._readers.add(reader)

    def free(self) -> None:
        """Free what all readers have; called where nobody can join any more."""
        read = min((reader.seen for reader in self._readers), default=len(self.chunks))
        for at in range(self._first_kept, read):
            self._kept_bytes -= len(self.chunks[at])
            self.chunks[at] = b""
        self._first_kept = max(self._first_kept, read)

    def remove_reader(self, reader: "SharedAnswer") -> None:
        """Close the connection to the provider when the last reader leaves."""
        self._readers.discard(reader)
        if not self._readers:
            self.finish()
            if self._upstream is not None:
                self._upstream.close()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


class SharedAnswer:
    """`upstream.base.Answer` of one reader."""

    __slots__ = ("_inflight", "_open", "first_byte_at", "headers", "is_lost", "seen", "sent_at", "status")

    def __init__(self, inflight: InflightCall, upstream: Answer, is_sender: bool) -> None:
        self._inflight = inflight
        self.seen = 0
        """Chunks that were taken."""
        self.is_lost = False
        """It was too far behind the others: what it has not taken is no longer kept."""
        self._open = True
        self.status = inflight.status
        self.headers = list(inflight.headers)
        self.first_byte_at = upstream.first_byte_at if is_sender else monotonic()
        self.sent_at = upstream.sent_at if is_sender else 0.0
        inflight.add_reader(self)

    @property
    def ended(self) -> bool:
        return self._inflight.ended and self.seen >= len(self._inflight.chunks)

    def take(self) -> bytes:
        if self.is_lost:
            return b""
        chunks = self._inflight.chunks
        fresh = chunks[self.seen :]
        self.seen = len(chunks)
        if self._inflight.trimmed:
            self._inflight.free()
        return fresh[0] if len(fresh) == 1 else b"".join(fresh)

    def peek(self) -> bytes:
        return b"" if self.is_lost else b"".join(self._inflight.chunks[self.seen :])

    async def wait(self) -> None:
        if not self.is_lost:
            await self._inflight.more(self.seen)
        if self.is_lost:
            raise UpstreamError(
                f"This answer is shared with other callers, who read it more than {_MAX_LAG} bytes faster.",
                code="answer_too_large", phase="body", retriable=False,
            )  # fmt: skip

    def close(self) -> None:
        if self._open:
            self._open = False
            self._inflight.remove_reader(self)
