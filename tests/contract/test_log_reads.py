"""Reads of the log: their limits, their rights, their end from another thread, and results as streams."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from typing import Any

import msgspec
import pytest

from proxy.control.queries import run_query, stream_query
from proxy.logstore import Cancellation, QueryCancelled, QueryLimitError, QueryLimits, RequestRow, StoreBusy, StoreError
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert
from tests.contract.log_stores import ALL_STORES, open_store

START_US = 1_780_000_000_000_000
ROWS = 20_000
ENDLESS = "SELECT count() AS n FROM numbers(1000000000000) WHERE NOT ignore(number, {x:String})"


@pytest.fixture(scope="module", params=ALL_STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log")) as opened:
        rows = [RequestRow(id=f"id-{number}", org="o", start=START_US + number) for number in range(ROWS)]
        insert(opened, rows, [], "rows")
        yield opened


@pytest.mark.parametrize(
    ("limits", "cap", "value"),
    [
        (QueryLimits(rows_read=1000), "rows_read", 1000),
        (QueryLimits(result_rows=1000), "result_rows", 1000),
        (QueryLimits(memory=10_000_000), "memory", 10_000_000),
    ],
)
def test_a_read_stops_at_its_caps(store: ClickHouseStore, limits: QueryLimits, cap: str, value: int) -> None:
    with pytest.raises(QueryLimitError) as caught:
        store.read("SELECT id, range(1000) AS numbers FROM requests GROUP BY id, numbers", {}, limits)
    assert (caught.value.cap, caught.value.value) == (cap, value)
    assert f"{value:,}" in str(caught.value)


def test_a_read_stops_when_its_time_is_over(store: ClickHouseStore) -> None:
    with pytest.raises(QueryLimitError, match=r"0\.2 s") as caught:
        store.read(ENDLESS, {"x": ""}, QueryLimits(seconds=0.2, rows_read=0))
    assert caught.value.cap == "seconds"


def test_without_caps_a_read_has_none(store: ClickHouseStore) -> None:
    none = QueryLimits(seconds=0, rows_read=0, result_rows=0, memory=0)
    assert len(store.read("SELECT id FROM requests", {}, none)) == ROWS


def test_a_read_that_failed_leaves_nothing_for_the_next(store: ClickHouseStore) -> None:
    for _ in range(5):
        with pytest.raises(StoreError):
            store.read("SELECT number, throwIf(number = 1000000) FROM numbers(2000000)", {}, QueryLimits(result_rows=0))
        assert store.read("SELECT id FROM requests ORDER BY start LIMIT 2", {}) == [{"id": "id-0"}, {"id": "id-1"}]


def in_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[object]]:
    """A started thread, and where its result or its error will be."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(work())
        except StoreError as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, outcome


def running(store: ClickHouseStore, count: int) -> bool:
    """Whether the engine runs `count` endless queries."""
    sql = "SELECT count() FROM system.processes WHERE query LIKE '%1000000000000%' AND query NOT LIKE '%processes%'"
    with store._connections.write() as owner:
        return int(owner.command(sql)) == count


def wait_until_running(store: ClickHouseStore, count: int) -> None:
    deadline = time.monotonic() + 20
    while not running(store, count):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_read_is_cancelled_from_another_thread(store: ClickHouseStore) -> None:
    cancellation = Cancellation()

    def work() -> Any:
        with cancellation.active():
            return store.read(ENDLESS, {"x": ""}, QueryLimits(rows_read=0))

    thread, outcome = in_thread(work)
    wait_until_running(store, 1)
    assert cancellation.cancel()
    thread.join(20)
    assert isinstance(outcome[0], QueryCancelled)
    with cancellation.active(), pytest.raises(QueryCancelled):
        store.read("SELECT 1", {})
    assert running(store, 0)
    assert store.read("SELECT 1 AS one", {}) == [{"one": 1}]


def test_slow_reads_hold_up_none_while_readers_are_free(store: ClickHouseStore) -> None:
    slow = QueryLimits(rows_read=0)
    cancellation = Cancellation()

    def work() -> Any:
        with cancellation.active():
            return store.read(ENDLESS, {"x": ""}, slow)

    threads = [in_thread(work)[0] for _ in range(3)]
    wait_until_running(store, 3)
    assert store.read("SELECT count() AS n FROM requests", {}) == [{"n": ROWS}]
    threads.append(in_thread(work)[0])
    wait_until_running(store, 4)
    with pytest.raises(StoreBusy, match="4 readers"):
        store.read("SELECT 1", {}, QueryLimits(seconds=0.1))
    # A stream has its own connection.
    assert b"".join(store.stream_bytes("SELECT 7 AS seven", {}, "JSONEachRow")) == b'{"seven":7}\n'
    assert cancellation.cancel()
    for thread in threads:
        thread.join(20)
    assert store.read("SELECT 1 AS one", {}) == [{"one": 1}]


def test_a_stream_has_the_whole_result(store: ClickHouseStore) -> None:
    sql = "SELECT id FROM requests WHERE org = {org:String} ORDER BY start"
    pieces = list(store.stream_bytes(sql, {"org": "o"}, "JSONEachRow"))
    lines = b"".join(pieces).splitlines()
    assert [msgspec.json.decode(line)["id"] for line in lines] == [f"id-{number}" for number in range(ROWS)]
    assert len(pieces) > 1
    csv = b"".join(store.stream_bytes("SELECT id, org FROM requests ORDER BY start LIMIT 2", {}, "CSVWithNames"))
    assert csv == b'"id","org"\n"id-0","o"\n"id-1","o"\n'
    parquet = b"".join(store.stream_bytes("SELECT id, start FROM requests", {}, "Parquet"))
    assert parquet[:4] == parquet[-4:] == b"PAR1"
    assert b"".join(store.stream_bytes("SELECT id FROM requests WHERE org = ''", {}, "JSONEachRow")) == b""


def test_a_stream_that_fails_midway_raises_and_shows_no_error_as_data(store: ClickHouseStore) -> None:
    sql = "SELECT number, throwIf(number = 1000000) AS x FROM numbers(2000000)"
    pieces: list[bytes] = []
    with pytest.raises(StoreError, match="throwIf"):
        for piece in store.stream_bytes(sql, {}, "JSONEachRow", QueryLimits(result_rows=0)):
            pieces.append(piece)
    taken = b"".join(pieces)
    assert len(taken) > 1_000_000
    assert b"xception" not in taken
    with pytest.raises(QueryLimitError, match=r"1,000 rows"):
        list(store.stream_bytes("SELECT id FROM requests", {}, "JSONEachRow", QueryLimits(result_rows=1000)))
    with pytest.raises(StoreError, match="no_such"):
        list(store.stream_bytes("SELECT no_such FROM requests", {}, "JSONEachRow"))


def test_a_stream_that_is_left_ends_its_query(store: ClickHouseStore) -> None:
    sql = "SELECT number FROM numbers(1000000000000)"
    for _ in range(6):  # more than there are connections for streams
        with closing(store.stream_bytes(sql, {}, "JSONEachRow")) as stream:  # type: ignore[type-var]
            next(stream)
    wait_until_running(store, 0)
    cancellation = Cancellation()
    with cancellation.active():
        stream = store.stream_bytes(sql, {}, "JSONEachRow")
    next(stream)
    thread, outcome = in_thread(lambda: list(stream))
    assert cancellation.cancel(20)
    thread.join(20)
    assert isinstance(outcome[0], QueryCancelled)


class Leaving:
    """A request whose client disconnects when it is told to."""

    def __init__(self) -> None:
        self.left = asyncio.Event()

    async def receive(self) -> dict[str, str]:
        await self.left.wait()
        return {"type": "http.disconnect"}


async def test_a_client_that_disconnects_ends_its_reads(store: ClickHouseStore) -> None:
    request: Any = Leaving()
    assert await run_query(request, lambda: store.read("SELECT 1 AS one", {})) == [{"one": 1}]
    endless = asyncio.create_task(run_query(request, lambda: store.read(ENDLESS, {"x": ""}, QueryLimits(rows_read=0))))
    await asyncio.to_thread(wait_until_running, store, 1)
    request.left.set()
    with pytest.raises(QueryCancelled):
        await endless
    assert running(store, 0)


async def test_a_client_that_disconnects_ends_its_stream(store: ClickHouseStore) -> None:
    request: Any = Leaving()
    with pytest.raises(StoreError, match="no_such"):
        await stream_query(request, lambda: store.stream_bytes("SELECT no_such", {}, "JSONEachRow"))
    whole = await stream_query(request, lambda: store.stream_bytes("SELECT 1 AS one", {}, "JSONEachRow"))
    assert [piece async for piece in whole] == [b'{"one":1}\n']
    endless = "SELECT number FROM numbers(1000000000000)"
    pieces = await stream_query(request, lambda: store.stream_bytes(endless, {}, "JSONEachRow"))
    async with aclosing(pieces) as opened:  # type: ignore[type-var]
        assert await anext(opened)
        assert running(store, 1)
    await asyncio.to_thread(wait_until_running, store, 0)
