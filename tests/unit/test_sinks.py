"""Sinks beside the log: each at its own pace, none delays the log, and what one misses is counted."""

import json
import resource
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from proxy.control.jobs.journal import LOG, Journal
from proxy.control.jobs.row_builder import RowBuilder
from proxy.control.jobs.ship import Shipper
from proxy.control.sinks import make_sinks
from proxy.control.sinks.base import RowBatch, Sink
from proxy.control.sinks.feed import SinkFeed
from proxy.control.sinks.jsonl import JsonlSink
from proxy.control.sinks.log import LogSink
from proxy.core.event import Event, EventWithBodies
from proxy.core.record import encode
from proxy.core.settings import load
from proxy.logstore import RequestRow
from proxy.spool.reader import Reader
from proxy.spool.writer import Writer
from tests.unit.records import PRICES, START_US, read, record
from tests.unit.test_ship import Died, FakeStore, ids

NOW_US = 1_790_000_000_000_000


class Collector:
    """A sink that collects ids, and raises or waits as the test says."""

    def __init__(self, *, durable: bool = False) -> None:
        self.name = "collector"
        self.durable = durable
        self.ids: list[str] = []
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def deliver(self, batch: RowBatch) -> None:
        self.gate.wait(30)
        if self.error is not None:
            raise self.error
        self.ids += [rows.request.id for rows in batch.rows]


@pytest.fixture
def spool(tmp_path: Path) -> Writer:
    return Writer(tmp_path / "spool", segment_bytes=1 << 20, segment_s=3600)


@pytest.fixture
def ship(tmp_path: Path) -> Iterator[Callable[..., Shipper]]:
    """Makes shippers over the folder, and ends them."""
    made: list[Shipper] = []

    def make(
        store: FakeStore,
        *sinks: Sink,
        rows: int = 3,
        queued: int = 1 << 20,
        attempts: int = 1_000,
        clock: Callable[[], int] = lambda: NOW_US,
    ) -> Shipper:
        reader = Reader(tmp_path / "spool")
        feed = partial(SinkFeed, max_queued_bytes=queued, backoff_s=(0.001, 0.01), max_attempts=attempts)
        log = LogSink(store, set_aside=reader.set_aside)
        journal = Journal(tmp_path / "journal.json")
        builder = RowBuilder(PRICES, read)
        made.append(Shipper(reader, journal, builder, log, sinks, batch_rows=rows, clock=clock, make_feed=feed))
        return made[-1]

    yield make
    for shipper in made:
        for feed in shipper.feeds:
            feed.close(0)


def fill(spool: Writer, first: int, last: int) -> None:
    for number in range(first, last):
        spool.append(encode(record(number)))


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def drained(shipper: Shipper) -> None:
    assert all(feed.drain(10) for feed in shipper.feeds)


# The seam.


def test_a_sink_gets_what_the_log_has_in_order(spool: Writer, ship: Callable[..., Shipper]) -> None:
    store, sink = FakeStore(), Collector()
    shipper = ship(store, sink)
    fill(spool, 0, 8)
    spool.close()
    shipper.step()
    drained(shipper)
    assert store.ids == sink.ids == ids(8)
    assert (shipper.feeds[0].delivered, shipper.feeds[0].skipped, shipper.feeds[0].lag()[0]) == (8, 0, 0)
    shipper.step()
    assert shipper.reader.segments() == []


def test_a_failing_optional_sink_delays_neither_the_log_nor_the_removal_of_segments(
    spool: Writer, ship: Callable[..., Shipper]
) -> None:
    store, sink = FakeStore(), Collector()
    sink.error = ValueError("no such receiver")
    shipper = ship(store, sink, attempts=2)
    fill(spool, 0, 8)
    spool.close()
    shipper.step()
    assert store.ids == ids(8)
    drained(shipper)
    assert (shipper.feeds[0].skipped, shipper.feeds[0].last_error) == (8, "ValueError: no such receiver")
    assert shipper.feeds[0].failures >= 6
    shipper.step()
    assert shipper.reader.segments() == []
    sink.error = None
    fill(spool, 8, 10)
    shipper.step()
    drained(shipper)
    assert (sink.ids, shipper.feeds[0].last_error) == (["id-8", "id-9"], "")


def test_a_slow_optional_sink_skips_what_its_queue_does_not_take(spool: Writer, ship: Callable[..., Shipper]) -> None:
    store, sink = FakeStore(), Collector()
    sink.gate.clear()
    shipper = ship(store, sink, queued=1)  # one batch
    fill(spool, 0, 9)
    assert shipper.step() == 9
    assert (store.ids, sink.ids) == (ids(9), [])
    assert shipper.feeds[0].skipped == 6
    sink.gate.set()
    drained(shipper)
    assert sink.ids == ids(3)


def test_a_durable_sink_gets_every_record_and_holds_segments_until_then(
    spool: Writer, ship: Callable[..., Shipper]
) -> None:
    store, sink = FakeStore(), Collector(durable=True)
    sink.error = OSError("down")
    shipper = ship(store, sink, queued=1, attempts=1)
    fill(spool, 0, 9)
    spool.close()
    for _ in range(3):
        shipper.step()
    assert store.ids == ids(9)
    assert len(shipper.reader.segments()) == 1
    sink.error = None
    while sink.ids != ids(9):
        drained(shipper)
        shipper.step()
    drained(shipper)
    shipper.step()
    assert shipper.reader.segments() == []
    assert shipper.feeds[0].skipped == 0
    assert store.ids == ids(9)


def test_damage_in_a_segment_holds_no_sink(spool: Writer, ship: Callable[..., Shipper]) -> None:
    store, sink = FakeStore(), Collector(durable=True)
    fill(spool, 0, 5)
    path = spool.segment
    assert path is not None
    spool.close()
    blob = bytearray(path.read_bytes())
    blob[8 + (len(blob) - 8) // 5 * 2 + 40] ^= 0xFF
    path.write_bytes(blob + b"\x99\x00\x00\x00torn")
    shipper = ship(store, sink)
    shipper.step()
    drained(shipper)
    shipper.step()
    assert sink.ids == store.ids == ["id-0", "id-1", "id-3", "id-4"]
    assert shipper.reader.segments() == []


def test_a_new_sink_begins_where_the_log_is_and_an_old_one_where_it_was(
    tmp_path: Path, spool: Writer, ship: Callable[..., Shipper]
) -> None:
    store = FakeStore()
    fill(spool, 0, 3)
    first = ship(store)
    first.step()
    first.close()
    sink = Collector()
    second = ship(store, sink)
    fill(spool, 3, 6)
    second.step()
    drained(second)
    second.close()
    assert sink.ids == ["id-3", "id-4", "id-5"]
    third = ship(store, sink)
    fill(spool, 6, 7)
    third.step()
    drained(third)
    assert sink.ids == [*ids(7)[3:]]
    third.close()
    ship(store).close()  # without the sink: it is forgotten
    assert not Journal(tmp_path / "journal.json").knows("collector")


@pytest.mark.parametrize("durable", [True, False])
def test_what_was_queued_when_the_process_died_is_delivered_after_the_restart(
    spool: Writer, ship: Callable[..., Shipper], durable: bool
) -> None:
    store, stuck, sink = FakeStore(), Collector(durable=durable), Collector(durable=durable)
    stuck.gate.clear()
    fill(spool, 0, 8)
    spool.close()
    shipper = ship(store, stuck)
    shipper.step()
    assert len(shipper.reader.segments()) == 1  # it stays for the sink, which is about to take it
    again = ship(store, sink)  # of what the first one had only what is on the disk counts
    again.step()
    drained(again)
    again.step()
    assert store.ids == sink.ids == ids(8)
    assert again.reader.segments() == []
    stuck.error = OSError("over")
    stuck.gate.set()


# The order of arrival.


def test_records_get_rising_places_that_a_repeat_does_not_change(spool: Writer, ship: Callable[..., Shipper]) -> None:
    store = FakeStore()
    fill(spool, 0, 3)
    ship(store).step()
    store.failures = [Died()]
    fill(spool, 3, 6)
    with pytest.raises(Died):
        ship(store, clock=lambda: NOW_US + 100).step()
    late = ship(store, clock=lambda: NOW_US - 5_000_000)  # the clock was set back
    fill(spool, 6, 8)
    late.step()
    assert [row.ingested_at - NOW_US for row in store.rows] == [0, 1, 2, 100, 101, 102, 103, 104]


def test_a_batch_that_the_version_before_noted_is_repeated_under_its_token(
    tmp_path: Path, spool: Writer, ship: Callable[..., Shipper]
) -> None:
    store = FakeStore()
    fill(spool, 0, 3)
    path = spool.segment
    assert path is not None
    end = path.stat().st_size
    old = {path.name: {"done": 0, "intent": end}, "gone.seg": {"done": 700, "intent": 0}}
    (tmp_path / "journal.json").write_text(json.dumps(old))
    rows = [RequestRow(id=id, org="o", start=START_US + number) for number, id in enumerate(ids(3))]
    store.write("requests", rows, f"{path.name}:0:{end}")
    fill(spool, 3, 5)
    spool.close()
    shipper = ship(store)
    shipper.step()
    assert (store.ids, store.body_ids) == (ids(5), ids(5))
    assert [row.ingested_at for row in store.rows[3:]] == [NOW_US, NOW_US + 1]
    assert shipper.reader.segments() == []


def test_offsets_of_the_version_before_are_carried_over(tmp_path: Path) -> None:
    (tmp_path / "journal.json").write_bytes(b'{"a.seg":{"done":100,"intent":0},"b.seg":{"done":8,"intent":90}}')
    journal = Journal(tmp_path / "journal.json")
    journal.add_sink("jsonl")
    journal.save()
    again = Journal(tmp_path / "journal.json")
    assert (again.offset(LOG, "a.seg").done, again.offset("jsonl", "a.seg").done) == (100, 100)
    assert (again.offset(LOG, "b.seg").done, again.offset(LOG, "b.seg").intent) == (8, 90)


# The jsonl sink.


def batch(first: int, last: int) -> RowBatch:
    rows = [RowBuilder(PRICES, read).build_one(record(number, request_body=b"{}")) for number in range(first, last)]
    return RowBatch("a.seg", 0, 100, rows)


def test_each_line_is_the_public_event(tmp_path: Path) -> None:
    path = tmp_path / "calls" / "log.jsonl"
    JsonlSink(path).deliver(batch(0, 2))
    events = [msgspec.json.decode(line, type=Event) for line in path.read_bytes().splitlines()]
    assert [event.id for event in events] == ids(2)
    assert lines_of(path)[0]["version"] == 1
    assert "bodies" not in lines_of(path)[0]
    JsonlSink(path, bodies=True).deliver(batch(2, 3))
    last = msgspec.json.decode(path.read_bytes().splitlines()[-1], type=EventWithBodies)
    assert last.bodies is not None and last.bodies.request == "{}"
    assert path.stat().st_mode & 0o777 == 0o600


def test_files_are_rotated_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    sink = JsonlSink(path, max_bytes=1, keep=2)
    for number in range(5):
        sink.deliver(batch(number, number + 1))
    names = ["log.jsonl.2", "log.jsonl.1", "log.jsonl"]
    assert [lines_of(tmp_path / name)[0]["id"] for name in names] == ["id-2", "id-3", "id-4"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    JsonlSink(path, max_bytes=1, keep=0).deliver(batch(5, 6))
    assert [line["id"] for line in lines_of(path)] == ["id-5"]


def test_a_file_that_another_program_moved_away_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    sink = JsonlSink(path)
    sink.deliver(batch(0, 1))
    path.rename(tmp_path / "moved")
    sink.deliver(batch(1, 2))
    assert [line["id"] for line in lines_of(path)] == ["id-1"]


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    sink = JsonlSink(path)
    sink.deliver(batch(0, 1))
    with path.open("ab") as file:
        file.write(b'{"version":1,"id":"' + b"x" * 100_000)
    sink.deliver(batch(1, 2))
    assert [line["id"] for line in lines_of(path)] == ids(2)


def unwritable(folder: Path) -> Path:
    (folder / "file").write_text("")
    return folder / "file" / "log.jsonl"


@pytest.mark.parametrize("path_in", [unwritable, lambda folder: Path("/dev/full")], ids=["unwritable", "full"])
def test_with_its_file_unwritable_or_its_disk_full_the_log_goes_on_and_skips_are_counted(
    tmp_path: Path, spool: Writer, ship: Callable[..., Shipper], path_in: Callable[[Path], Path]
) -> None:
    store = FakeStore()
    shipper = ship(store, JsonlSink(path_in(tmp_path)), attempts=3)
    fill(spool, 0, 8)
    spool.close()
    assert shipper.step() == 8
    assert store.ids == store.body_ids == ids(8)
    drained(shipper)
    shipper.step()
    assert shipper.reader.segments() == []
    assert (shipper.feeds[0].delivered, shipper.feeds[0].skipped) == (0, 8)
    assert shipper.feeds[0].last_error


def test_what_a_full_disk_left_of_a_batch_is_cut_off_and_the_batch_comes_once_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    sink = JsonlSink(path)
    sink.deliver(batch(0, 2))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 1000, limits[1]))  # in the middle of a line
    try:
        with pytest.raises(OSError):
            sink.deliver(batch(2, 9))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [line["id"] for line in lines_of(path)] == ids(2)
    sink.deliver(batch(2, 9))
    assert [line["id"] for line in lines_of(path)] == ids(9)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", range(6))
def test_a_crash_around_any_write_of_the_log_loses_no_event(
    tmp_path: Path, spool: Writer, ship: Callable[..., Shipper], when: str, write: int
) -> None:
    store, path = FakeStore(), tmp_path / "log.jsonl"
    fill(spool, 0, 8)
    store.failures = [*[None] * write, Died() if when == "before" else "after"]
    with pytest.raises(Died):
        ship(store, JsonlSink(path)).step()
    fill(spool, 8, 10)
    spool.close()
    again = ship(store, JsonlSink(path))
    again.step()
    drained(again)
    again.step()
    assert store.ids == store.body_ids == ids(10)
    assert {line["id"] for line in lines_of(path)} == set(ids(10))
    assert again.reader.segments() == []


class DyingSink(JsonlSink):
    """Stops for good in the middle of a delivery, as if the process had been killed there."""

    def __init__(self, path: Path, written: bool) -> None:
        super().__init__(path)
        self.written = written
        self.reached = threading.Event()
        self.over = threading.Event()

    def deliver(self, batch: RowBatch) -> None:
        if self.written:
            super().deliver(batch)
        self.reached.set()
        self.over.wait(60)
        raise OSError("killed")


@pytest.mark.parametrize("written", [False, True])
def test_a_crash_within_a_delivery_loses_no_event(
    tmp_path: Path, spool: Writer, ship: Callable[..., Shipper], written: bool
) -> None:
    store, path = FakeStore(), tmp_path / "log.jsonl"
    fill(spool, 0, 8)
    spool.close()
    dying = DyingSink(path, written)
    ship(store, dying).step()
    assert dying.reached.wait(10)
    again = ship(store, JsonlSink(path))
    again.step()
    drained(again)
    dying.over.set()
    again.step()
    assert store.ids == ids(8)
    assert {line["id"] for line in lines_of(path)} == set(ids(8))
    assert again.reader.segments() == []


def test_nothing_is_built_in_vain_for_a_durable_sink_that_is_down(spool: Writer, ship: Callable[..., Shipper]) -> None:
    store, sink = FakeStore(), Collector(durable=True)
    sink.error = OSError("down")
    fill(spool, 0, 30)
    spool.close()
    shipper = ship(store, sink, queued=200)
    built: list[int] = []
    build = shipper._builder.build
    shipper._builder.build = lambda batch: built.append(len(batch.payloads)) or build(batch)  # type: ignore[method-assign, func-returns-value]
    shipper.step()
    assert (store.ids, sum(built)) == (ids(30), 30)
    for _ in range(5):
        shipper.step()
    assert sum(built) == 30
    sink.error = None
    for _ in range(20):
        drained(shipper)
        shipper.step()
    assert sink.ids == ids(30)
    assert shipper.reader.segments() == []


def test_a_stop_delivers_what_is_queued(tmp_path: Path, spool: Writer, ship: Callable[..., Shipper]) -> None:
    store, path = FakeStore(), tmp_path / "log.jsonl"
    fill(spool, 0, 8)
    stop = threading.Event()
    stop.set()
    ship(store, JsonlSink(path)).run(stop)
    assert [line["id"] for line in lines_of(path)] == ids(8)
    offsets = json.loads((tmp_path / "journal.json").read_text())["sinks"]
    assert offsets["jsonl"] == offsets["log"]


def test_a_stop_does_not_wait_for_a_sink_that_hangs(spool: Writer, ship: Callable[..., Shipper]) -> None:
    store, sink = FakeStore(), Collector()
    sink.gate.clear()
    fill(spool, 0, 8)
    shipper = ship(store, sink)
    shipper.step()
    shipper.close(0.05)
    assert shipper.feeds[0].skipped == 8
    sink.gate.set()


def test_the_sink_is_off_unless_a_file_is_named(tmp_path: Path) -> None:
    assert make_sinks(load(environ={})) == []
    named = load(environ={}, overrides={"sink.jsonl.path": str(tmp_path / "log.jsonl"), "sink.jsonl.keep": "0"})
    assert [(sink.name, sink.durable) for sink in make_sinks(named)] == [("jsonl", False)]
    file = tmp_path / "perihelion.toml"
    file.write_text('[sink.jsonl]\npath = "/var/log/calls.jsonl"\nbodies = true\n')
    settings = load(file, environ={})
    assert settings.get_str("sink.jsonl.path") == "/var/log/calls.jsonl"
    assert settings.get_bool("sink.jsonl.bodies")
