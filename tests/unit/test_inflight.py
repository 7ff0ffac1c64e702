"""One call for several callers: what becomes of those who joined when the one that sent it goes."""

import asyncio

import pytest

from _speedups import Key
from proxy.core.errors import UpstreamError
from proxy.gateway.inflight import InflightCall, SharedAnswer


class Sent:
    """`upstream.base.Answer` that a test feeds."""

    status = 200
    first_byte_at = sent_at = 1.0

    def __init__(self) -> None:
        self.headers = [("content-type", "text/event-stream")]
        self.ended = self.closed = False
        self._pieces: list[bytes] = []
        self._fed = asyncio.Event()

    def feed(self, piece: bytes, ended: bool = False) -> None:
        self._pieces.append(piece)
        self.ended = ended
        self._fed.set()

    def take(self) -> bytes:
        whole, self._pieces = b"".join(self._pieces), []
        self._fed.clear()
        return whole

    def peek(self) -> bytes:
        return b"".join(self._pieces)

    async def wait(self) -> None:
        await self._fed.wait()

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def close(self) -> None:
        self.closed = True


def flight() -> InflightCall:
    return InflightCall((Key(b"x" * 16, b"y" * 32), ""), "id", 1 << 20, lambda _: None)


async def boarded(made: InflightCall) -> "asyncio.Task[SharedAnswer | None]":
    joiner = asyncio.create_task(made.board())
    await asyncio.sleep(0)
    return joiner


async def test_one_that_waits_for_the_head_sends_anew_where_the_leader_left_with_it() -> None:
    made, sent = flight(), Sent()
    joiner = await boarded(made)
    made.arrive(sent).close()  # in one step, before the joiner has run
    assert sent.closed
    assert await joiner is None


async def test_nobody_reads_for_ever_what_will_not_come() -> None:
    made, sent = flight(), Sent()
    leader = made.arrive(sent)
    sent.feed(b"data: 1\n\n")
    joined = await made.board()
    assert joined is not None
    await joined.wait()
    assert joined.take() == b"data: 1\n\n"
    leader.close()
    assert not sent.closed, "somebody still reads"
    joined.close()
    with pytest.raises(UpstreamError):
        await joined.wait()


async def test_those_who_joined_read_on_without_the_leader() -> None:
    made, sent = flight(), Sent()
    joiner = await boarded(made)
    leader = made.arrive(sent)
    assert made.shared is False
    joined = await joiner
    assert joined is not None and made.shared is True
    leader.close()
    sent.feed(b"data: 1\n\n")
    await joined.wait()
    sent.feed(b"data: [DONE]\n\n", ended=True)
    await joined.wait()
    assert joined.take() == b"data: 1\n\n"
    await joined.wait()
    assert (joined.take(), joined.ended) == (b"data: [DONE]\n\n", True)
