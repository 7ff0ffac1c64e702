"""Identical calls under way are sent once: a flight is one call to a provider and everybody who reads its answer.

There is no task that reads for all: whoever waits for more first reads for the others, and if it leaves, the next one
does. A reader that leaves ends nothing, and the last one to leave gives the connection back.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from _speedups import Key
from proxy.core.clock import monotonic
from proxy.core.errors import UpstreamError
from proxy.upstream.base import Answer

if TYPE_CHECKING:
    from proxy.gateway.exchange import Exchange

__all__ = ["InflightCall", "SharedAnswer"]

_MOST_CUTS = 10_000


class InflightCall:
    """From the moment its call is sent to the end of its answer."""

    __slots__ = (
        "_first_at",
        "_heads",
        "_landed",
        "_most",
        "_pumping",
        "_readers",
        "_upstream",
        "_waiters",
        "cuts",
        "ended",
        "error",
        "headers",
        "kin",
        "over",
        "pieces",
        "save",
        "size",
        "source",
        "status",
        "trimmed",
    )

    def __init__(self, kin: tuple[Key, str], source: str, most: int, landed: "Callable[[InflightCall], None]") -> None:
        self.kin = kin
        self.source = source
        """Id of the call that was sent."""
        self.save: tuple[Exchange, Any] | None = None
        self.status = 0
        self.headers: list[tuple[str, str]] = []
        self.pieces: list[bytes] = []
        self.cuts: list[tuple[int, int]] = []
        self.size = 0
        self.trimmed = False
        """The answer is larger than what is kept: its beginning is gone, and nobody can join."""
        self.ended = False
        self.over = False
        self.error: UpstreamError | None = None
        self._most = most
        self._landed = landed
        self._upstream: Answer | None = None
        self._heads: list[asyncio.Future[bool]] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._pumping = False
        self._readers = 0
        self._first_at = 0.0

    # --- those who come -------------------------------------------------------

    async def board(self) -> "SharedAnswer | None":
        """The answer, once its head is there. None where the call was given up, so that the like must be sent anew.
        Raises the `UpstreamError` that the call ended with."""
        if not self.status and not self.over:
            head = asyncio.get_running_loop().create_future()
            self._heads.append(head)
            await head
        if self.error is not None and not self.status:
            raise self.error
        if self.over and not self.ended:
            return None  # whoever sent it left before anybody else could read on
        return SharedAnswer(self, self._upstream, False) if self._upstream is not None and not self.trimmed else None

    # --- the one who sent -----------------------------------------------------

    def arrive(self, answer: Answer) -> Answer:
        """The head is there. Returns the answer as its first reader shall have it."""
        self._upstream = answer
        self.status = answer.status
        self.headers = list(answer.headers)
        self._first_at = monotonic()
        self._fill()
        shared = SharedAnswer(self, answer, True)
        for head in self._heads:
            if not head.done():
                head.set_result(True)
        return shared

    @property
    def alone(self) -> bool:
        """Nobody has joined."""
        return not self._heads

    def arrive_whole(self, answer: Answer) -> None:
        """The answer came in one piece and nobody waits for it: it is kept, and stays its caller's own."""
        self.status = answer.status
        self.headers = answer.headers.copy()
        body = answer.peek()
        self.pieces.append(body)
        self.size = len(body)
        self.trimmed = self.size > self._most
        self.cuts.append((0, self.size))
        self.ended = True
        self._land()

    def give_up(self, error: Exception | None) -> None:
        """No answer will come: others share an upstream's error, and send anew where the caller just left."""
        if self.over:
            return
        self.error = error if isinstance(error, UpstreamError) else None
        self._land()
        for head in self._heads:
            if not head.done():
                head.set_result(False)

    # --- reading --------------------------------------------------------------

    def _fill(self) -> None:
        answer = self._upstream
        assert answer is not None
        piece = answer.take()
        if piece:
            self.size += len(piece)
            self.pieces.append(piece)
            if len(self.cuts) < _MOST_CUTS:
                self.cuts.append((round((monotonic() - self._first_at) * 1e3), len(piece)))
            else:
                before, size = self.cuts[-1]
                self.cuts[-1] = (before, size + len(piece))
            if self.size > self._most and not self.trimmed:
                self.trimmed = True
                self._landed(self)
        if answer.ended:
            self.ended = True
            self._land()

    async def more(self, seen: int) -> None:
        """Until there are more than `seen` pieces, or the end."""
        while len(self.pieces) <= seen and not self.over:
            if self._pumping:
                waiter = asyncio.get_running_loop().create_future()
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
                self._land()
            finally:
                self._pumping = False
                self._wake()
        if len(self.pieces) <= seen and not self.ended:
            raise self.error or UpstreamError(
                "The call that this answer was shared with ended before it.",
                code="upstream_reset", phase="body", retriable=False,
            )  # fmt: skip

    @property
    def shared(self) -> bool:
        """Somebody reads beside the one who asks."""
        return self._readers > 1

    def join(self) -> None:
        self._readers += 1

    def seen(self, count: int) -> None:
        """A reader has `count` pieces: what nobody can join is not kept for longer than its last reader needs it."""
        if self.trimmed and self._readers == 1:
            for at in range(count - 1, -1, -1):
                if not self.pieces[at]:
                    break
                self.pieces[at] = b""

    def leave(self) -> None:
        self._readers -= 1
        if self._readers == 0:
            self._land()
            if self._upstream is not None:
                self._upstream.close()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _land(self) -> None:
        if not self.over:
            self.over = True
            self._landed(self)


class SharedAnswer:
    """`upstream.base.Answer` of one reader."""

    __slots__ = ("_flight", "_open", "_seen", "first_byte_at", "headers", "sent_at", "status")

    def __init__(self, flight: InflightCall, upstream: Answer, sent: bool) -> None:
        self._flight = flight
        self._seen = 0
        self._open = True
        self.status = flight.status
        self.headers = list(flight.headers)
        self.first_byte_at = upstream.first_byte_at if sent else monotonic()
        self.sent_at = upstream.sent_at if sent else 0.0
        flight.join()

    @property
    def ended(self) -> bool:
        return self._flight.ended and self._seen >= len(self._flight.pieces)

    def take(self) -> bytes:
        pieces = self._flight.pieces
        fresh = pieces[self._seen :]
        self._seen = len(pieces)
        self._flight.seen(self._seen)
        return fresh[0] if len(fresh) == 1 else b"".join(fresh)

    def peek(self) -> bytes:
        return b"".join(self._flight.pieces[self._seen :])

    async def wait(self) -> None:
        await self._flight.more(self._seen)

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def close(self) -> None:
        if self._open:
            self._open = False
            self._flight.leave()
