"""Records over which the shipper dies stop no other: smaller and smaller pieces, then one is set aside and named."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from proxy.control.jobs.journal import LOG, Journal
from proxy.control.jobs.row_builder import RowBuilder
from proxy.control.jobs.ship import Shipper
from proxy.control.sinks.log import LogSink
from proxy.core.record import Record, encode
from proxy.logstore import StoreError
from proxy.providers.reading import RecordReading
from proxy.spool.reader import Reader
from proxy.spool.writer import Writer
from tests.unit.records import PRICES, read, record
from tests.unit.test_ship import Died, FakeStore, ids

POISON = b"poison"


def fatal(made: Record) -> RecordReading:
    """Reads a record; the process ends over a poisoned one, as when the machine has no memory left."""
    if POISON in made.request_body:
        raise Died
    return read(made)


class Process:
    """One life after another of a process that ships a spool."""

    def __init__(self, folder: Path, reading: Callable[[Record], RecordReading] = fatal, rows: int = 10_000) -> None:
        self.folder = folder
        self.store = FakeStore()  # type: ignore[abstract]
        self.reading = reading
        self.rows = rows
        self.deaths = 0
        self.shipper = self.start()

    def start(self) -> Shipper:
        reader = Reader(self.folder / "spool")
        return Shipper(
            reader,
            Journal(self.folder / "journal.json"),
            RowBuilder(PRICES, self.reading),
            LogSink(self.store, set_aside=reader.set_aside),
            batch_rows=self.rows,
        )

    def live(self, most: int = 20) -> None:
        """Starts again after each death, until everything is shipped."""
        for _ in range(most):
            self.shipper = self.start()
            self.shipper.look_back()
            try:
                self.shipper.step()
            except Died:
                self.deaths += 1
                continue
            return
        raise AssertionError(f"it died {most} times")


@pytest.fixture
def spool(tmp_path: Path) -> Writer:
    return Writer(tmp_path / "spool", segment_bytes=1 << 20, segment_s=3600)


def fill(spool: Writer, count: int, poisoned: set[int]) -> None:
    for number in range(count):
        body = POISON if number in poisoned else b"{}"
        spool.append(encode(record(number, request_body=body, model="gpt-4o", provider="openai")))
    spool.close()


@pytest.mark.parametrize(("count", "poisoned"), [(1, {0}), (5, {2}), (200, {120}), (200, {0, 199}), (40, {7, 8, 9})])
def test_a_record_that_ends_the_process_is_set_aside_and_named(
    tmp_path: Path, spool: Writer, count: int, poisoned: set[int]
) -> None:
    fill(spool, count, poisoned)
    process = Process(tmp_path)
    process.live(6 * len(poisoned))
    assert sorted(process.store.ids) == sorted(ids(count))
    marked = {row.id: row for row in process.store.rows if row.reading_error}
    assert set(marked) == {f"id-{number}" for number in poisoned}
    for row in marked.values():
        assert (row.provider, row.model_asked, row.truncated) == ("openai", "gpt-4o", True)
        kept = tmp_path / row.reading_error.rsplit(" ", 1)[1]
        assert POISON in kept.read_bytes()
    assert process.shipper.reader.segments() == []


def test_until_then_the_shipper_says_that_it_is_behind_and_why(tmp_path: Path, spool: Writer) -> None:
    fill(spool, 3, {1})
    process = Process(tmp_path)
    for _ in range(3):
        process.shipper = process.start()
        process.shipper.look_back()
        assert process.shipper.figures.lag_bytes > 0
        assert process.shipper.figures.behind_since > 0
        with pytest.raises(Died):
            process.shipper.step()
    assert "ended at least twice" in process.shipper.figures.last_error
    process.live()
    assert process.shipper.figures.set_aside == 1
    process.shipper.measure()
    assert (process.shipper.figures.lag_bytes, process.shipper.figures.behind_since) == (0, 0.0)


def test_a_death_for_another_reason_counts_once(tmp_path: Path, spool: Writer) -> None:
    """However often a process is stopped at other times, no record is set aside for it."""
    lives = iter([True, False] * 40)
    fill(spool, 20, set())

    def now_and_then(made: Record) -> RecordReading:
        if made.id == "id-7" and next(lives, False):
            raise Died
        return read(made)

    process = Process(tmp_path, now_and_then, rows=4)
    process.live(40)
    assert process.store.ids == ids(20)
    assert [row.id for row in process.store.rows if row.reading_error] == []


def test_a_process_killed_while_idle_repeats_nothing_in_smaller_pieces(tmp_path: Path, spool: Writer) -> None:
    fill(spool, 3, set())
    segment = Reader(tmp_path / "spool").segments()[0]
    process = Process(tmp_path)
    process.shipper._remove = lambda *_: None  # type: ignore[method-assign]
    for _ in range(12):
        process.shipper = process.start()
        process.shipper._remove = lambda *_: None  # type: ignore[method-assign]
        process.shipper.step()
        assert Journal(tmp_path / "journal.json").offset(LOG, segment).tries <= 1
    assert process.store.ids == ids(3)
    assert not any(row.reading_error for row in process.store.rows)


def test_a_store_that_does_not_answer_is_no_fault_of_the_records(tmp_path: Path, spool: Writer) -> None:
    fill(spool, 3, set())
    process = Process(tmp_path)
    for _ in range(12):
        process.store.failures = [StoreError("down")]
        process.shipper = process.start()
        with pytest.raises(StoreError):
            process.shipper.step()
    process.live()
    assert process.store.ids == ids(3)
    assert not any(row.reading_error for row in process.store.rows)


def test_a_record_that_ends_the_process_even_without_its_bodies_is_named_by_its_first_fields(
    tmp_path: Path, spool: Writer
) -> None:
    def always(made: Record) -> RecordReading:
        if made.id == "id-1":
            raise Died
        return read(made)

    fill(spool, 3, set())
    process = Process(tmp_path, always)
    process.live()
    assert process.store.ids == ids(3)
    assert [(row.id, row.outcome) for row in process.store.rows if row.reading_error] == [("id-1", "unreadable")]
    assert process.deaths <= 6


def test_rows_in_memory_are_bounded_by_what_bodies_have_become(tmp_path: Path, spool: Writer) -> None:
    """A few bytes in the spool may stand for megabytes: they are inserted in pieces, and all are there."""
    sizes: list[int] = []

    def large(made: Record) -> RecordReading:
        return RecordReading(request=b"x" * 1000, usage=made.usage, billed=made.usage)

    fill(spool, 100, set())
    process = Process(tmp_path)
    process.shipper._builder = RowBuilder(PRICES, large, max_plain=10_000)
    write = process.store.write
    process.store.write = lambda table, rows, token: (sizes.append(len(rows)), write(table, rows, token))[1]  # type: ignore
    process.shipper.step()
    assert process.store.ids == process.store.body_ids == ids(100)
    assert max(sizes) <= 10
    arrivals = [row.ingested_at for row in process.store.rows]
    assert arrivals == sorted(set(arrivals))


def test_a_journal_with_tries_is_read_by_the_version_before(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.json")
    journal.intend("a.seg", 0, 100, 1, 0, tries=3)
    written = msgspec.json.decode((tmp_path / "journal.json").read_bytes())
    assert written["version"] == 2
    assert written["sinks"]["log"]["a.seg"]["tries"] == 3
