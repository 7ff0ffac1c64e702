"""Nobody keeps a reader of the log from others: streams that are not read end, tails read one at a time."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from proxy.control import queries
from proxy.control.tails import Tails
from proxy.logstore import Cancellation, QueryCancelled


async def test_a_stream_that_is_not_read_gives_its_reader_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "_MAX_UNREAD_S", 0.01)
    given_back = threading.Event()

    def stream() -> Iterator[bytes]:
        try:
            while True:
                yield b"row"
        finally:
            given_back.set()

    source = stream()
    pieces = queries._rest(next(source), source, Cancellation())
    assert await anext(pieces) == b"row"
    # The client takes nothing more.
    assert await asyncio.to_thread(given_back.wait, 30)
    with pytest.raises(QueryCancelled):
        await anext(pieces)


async def test_a_stream_that_is_read_goes_on_to_its_end() -> None:
    source = iter([b"a", b"b", b"c"])
    pieces = queries._rest(next(source), (piece for piece in source), Cancellation())
    assert [piece async for piece in pieces] == [b"a", b"b", b"c"]


async def test_tails_read_one_at_a_time() -> None:
    tails, reading, most = Tails(), 0, 0
    both = threading.Lock()

    def read() -> int:
        nonlocal reading, most
        with both:
            reading += 1
            most = max(most, reading)
        threading.Event().wait(0.01)
        with both:
            reading -= 1
        return 1

    assert sum(await asyncio.gather(*(tails.read(read) for _ in range(8)))) == 8
    assert most == 1
