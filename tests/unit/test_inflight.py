"""Request coalescing: what happens to joiners when the caller that sent the call leaves."""

import asyncio

import pytest

from _speedups import Key
from proxy.core.errors import UpstreamError
from proxy.gateway.cache.inflight import InflightCall, SharedAnswer


class Sent:
    """`upstream.base.Answer` that a test feeds."""

    status = 200
    first_byte_at = sent_at = 1.0

    def __init__(self) -> None:
        self.headers = [("content-type", "text/event-stream")]
        self.ended = self.closed = False
        self._chunks: list[bytes] = []
        self._fed = asyncio.Event()

    def feed(self, chunk: bytes, ended: bool = False) -> None:
        self._chunks.append(chunk)
        self.ended = ended
        self._fed.set()

    def take(self) -> bytes:
        whole, self._chunks = b"".join(self._chunks), []
        self._fed.clear()
        return whole

    def peek(self) -> bytes:
        return b"".join(self._chunks)

    async def wait(self) -> None:
        await self._fed.wait()

    def close(self) -> None:
        self.closed = True


def inflight_call() -> InflightCall:
    return InflightCall((Key(b"x" * 16, b"y" * 32), ""), "id", 0.0, 1 << 20, lambda _: None)


async def joining(inflight: InflightCall) -> "asyncio.Task[SharedAnswer | None]":
    joiner = asyncio.create_task(inflight.join())
    await asyncio.sleep(0)
    return joiner


async def test_a_joiner_sends_the_call_again_when_the_sender_left_as_the_head_came() -> None:
    inflight, sent = inflight_call(), Sent()
    joiner = await joining(inflight)
    inflight.arrive(sent).close()  # in one step, before the joiner has run
    assert sent.closed
    assert await joiner is None


async def test_a_closed_reader_does_not_wait_for_ever() -> None:
    inflight, sent = inflight_call(), Sent()
    sender = inflight.arrive(sent)
    sent.feed(b"data: 1\n\n")
    joined = await inflight.join()
    assert joined is not None
    await joined.wait()
    assert joined.take() == b"data: 1\n\n"
    sender.close()
    assert not sent.closed, "somebody still reads"
    joined.close()
    with pytest.raises(UpstreamError):
        await joined.wait()


async def test_joiners_read_on_without_the_sender() -> None:
    inflight, sent = inflight_call(), Sent()
    joiner = await joining(inflight)
    sender = inflight.arrive(sent)
    assert inflight.has_several_readers is False
    joined = await joiner
    assert joined is not None and inflight.has_several_readers is True
    sender.close()
    sent.feed(b"data: 1\n\n")
    await joined.wait()
    sent.feed(b"data: [DONE]\n\n", ended=True)
    await joined.wait()
    assert joined.take() == b"data: 1\n\n"
    await joined.wait()
    assert (joined.take(), joined.ended) == (b"data: [DONE]\n\n", True)


async def test_a_reader_far_behind_does_not_keep_an_endless_answer_in_memory() -> None:
    inflight, sent = inflight_call(), Sent()
    joiner = await joining(inflight)
    fast = inflight.arrive(sent)
    slow = await joiner
    assert slow is not None
    for number in range(200):
        sent.feed(bytes([number]) * (1 << 20))
        await fast.wait()
        assert fast.take() == bytes([number]) * (1 << 20)
        assert sum(map(len, inflight.chunks)) <= 18 << 20
    assert slow.take() == b"" and not slow.ended
    with pytest.raises(UpstreamError, match="shared with other callers"):
        await slow.wait()
    slow.close()
    sent.feed(b"end", ended=True)
    await fast.wait()
    assert fast.take() == b"end" and fast.ended and not sent.closed
    fast.close()
    assert sent.closed


async def test_readers_that_keep_up_share_an_answer_of_any_size() -> None:
    inflight, sent = inflight_call(), Sent()
    joiner = await joining(inflight)
    first = inflight.arrive(sent)
    second = await joiner
    assert second is not None
    for number in range(60):
        sent.feed(bytes([number]) * (1 << 20), ended=number == 59)
        for reader in (first, second):
            await reader.wait()
            assert reader.take() == bytes([number]) * (1 << 20)
    assert first.ended and second.ended
