"""A second attempt, over a transport that answers when the test says so."""

import asyncio
from typing import Any

import pytest

from proxy.core.errors import UpstreamError
from proxy.gateway.hedge import Hedge, Race

KEY = ("openai", "chat", "gpt-4o", "")


class Answer:
    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Transport:
    """Each `send` waits for its own future; `begun` says how many there are."""

    def __init__(self) -> None:
        self.futures: list[asyncio.Future[Any]] = []
        self.begun = asyncio.Condition()
        self.cut = 0

    async def send(self, call: Any, *, fresh: bool = False) -> Any:
        future = asyncio.get_running_loop().create_future()
        async with self.begun:
            self.futures.append(future)
            self.begun.notify_all()
        try:
            return await future
        except asyncio.CancelledError:
            self.cut += 1
            raise

    async def sent(self, count: int) -> None:
        async with self.begun:
            await self.begun.wait_for(lambda: len(self.futures) >= count)


@pytest.fixture
def hedge() -> Hedge:
    """Knows that answers begin at once, so that every call is a late one."""
    made = Hedge(100)
    for _ in range(20):
        made.learn(KEY, 0.0)
    return made


def race(hedge: Hedge, transport: Any) -> tuple[Race, "asyncio.Task[Any]"]:
    told = Race()
    call: Any = None
    return told, asyncio.ensure_future(hedge.send(transport, call, KEY, told))


async def test_the_first_answer_wins_and_the_other_is_cut(hedge: Hedge) -> None:
    transport, good = Transport(), Answer()
    told, call = race(hedge, transport)
    await transport.sent(2)
    transport.futures[1].set_result(good)
    assert await call is good and told.winner == 1 and not good.closed
    await asyncio.sleep(0)
    assert transport.cut == 1


async def test_of_two_that_answer_in_one_moment_the_loser_is_closed(hedge: Hedge) -> None:
    transport, both = Transport(), [Answer(), Answer()]
    told, call = race(hedge, transport)
    await transport.sent(2)
    for future, answer in zip(transport.futures, both, strict=True):
        future.set_result(answer)
    assert await call is both[told.winner]
    assert [answer.closed for answer in both] == [told.winner != 0, told.winner != 1]


async def test_a_bad_answer_waits_for_a_better_one(hedge: Hedge) -> None:
    transport, bad, good = Transport(), Answer(503), Answer()
    told, call = race(hedge, transport)
    await transport.sent(2)
    transport.futures[0].set_result(bad)
    for _ in range(5):
        await asyncio.sleep(0)
    transport.futures[1].set_result(good)
    assert await call is good and told.winner == 1
    assert bad.closed and not good.closed


async def test_where_one_breaks_the_other_s_answer_counts_however_bad(hedge: Hedge) -> None:
    transport, bad = Transport(), Answer(503)
    told, call = race(hedge, transport)
    await transport.sent(2)
    transport.futures[0].set_result(bad)
    transport.futures[1].set_exception(UpstreamError("gone", code="upstream_reset"))
    assert await call is bad and told.winner == 0 and not bad.closed


async def test_where_both_break_the_error_is_told(hedge: Hedge) -> None:
    transport = Transport()
    _, call = race(hedge, transport)
    await transport.sent(2)
    for future in transport.futures:
        future.set_exception(UpstreamError("gone", code="upstream_reset"))
    with pytest.raises(UpstreamError):
        await call


@pytest.mark.parametrize("answered", [[0], [1], [0, 1]])
async def test_a_caller_that_leaves_as_an_answer_comes_leaves_nothing_open(hedge: Hedge, answered: list[int]) -> None:
    transport, both = Transport(), [Answer(), Answer()]
    _, call = race(hedge, transport)
    await transport.sent(2)
    for at in answered:
        transport.futures[at].set_result(both[at])
    await asyncio.sleep(0)  # the answer is there, and the race has not heard of it yet
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(0)
    assert [answer.closed for answer in both] == [at in answered for at in (0, 1)]
    assert transport.cut == 2 - len(answered)
