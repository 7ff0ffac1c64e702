"""Every record of the spool is in the log once, through crashes, failures and damage."""

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proxy.control.jobs.journal import LOG, Journal
from proxy.control.jobs.row_builder import LogRows, RowBuilder, bare_row
from proxy.control.jobs.ship import Shipper
from proxy.control.sinks.log import LogSink
from proxy.core.clock import now_us
from proxy.core.record import encode
from proxy.logstore import BodyRow, LogStore, RequestRow, StoreError
from proxy.logstore.base import Row, Table
from proxy.spool.reader import Reader
from proxy.spool.writer import Writer
from tests.unit.records import PRICES, START_US, read, record


class Died(BaseException):
    """The process ends here."""


class FakeStore(LogStore):
    """Two tables in memory that drop a token they have seen, and fail or die as the test says."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Any]] = {"requests": [], "bodies": [], "span_links": [], "late_arrivals": []}
        self.tokens: set[tuple[str, str]] = set()
        self.failures: list[BaseException | str | None] = []
        """What happens at the next writes, of which a batch has two."""
        self.refused: dict[str, set[str]] = {}
        """By table, ids whose rows it does not take; bare ones it does."""
        self.full: set[str] = set()
        """Tables that take nothing."""
        self.mute: set[str] = set()
        """Tables that write, and whose answer is lost."""
        self.blind: set[str] = set()
        """Tables that do not show, when read next, what they have."""
        self.on_ping: Callable[[], None] = lambda: None

    def write(self, table: Table, rows: Sequence[Row], token: str) -> None:
        if not rows:
            return
        failure = self.failures.pop(0) if self.failures else None
        if isinstance(failure, BaseException):
            raise failure
        if table in self.full:
            raise StoreError("too many parts")
        if any(row.id in self.refused.get(table, ()) and not getattr(row, "reading_error", "") for row in rows):
            raise OverflowError("a value that has no column")
        if (table, token) not in self.tokens:
            self.tokens.add((table, token))
            self.tables[table] += rows
        if failure == "after":
            raise Died
        if table in self.mute:
            raise StoreError("timed out")

    def missing(self, table: Table, rows: Sequence[Row]) -> list[Row]:
        if rows and table in self.blind:
            self.blind.remove(table)
            return list(rows)
        present = {(row.org, row.start, row.id) for row in self.tables[table]}
        return [row for row in rows if (row.org, row.start, row.id) not in present]

    def settlements(self, org: str, ids: Sequence[str]) -> list[tuple[str, int, str]]:
        return [(row.settled_id, row.start, row.id) for row in self.rows if row.org == org and row.settled_id in ids]

    def sightings(
        self, org: str, since_us: int, until_us: int, response_ids: Sequence[str], span_ids: Sequence[str]
    ) -> list[dict[str, Any]]:
        return [
            {**msgspec.structs.asdict(row), "start_us": row.start}
            for row in self.rows
            if row.org == org
            and since_us <= row.start <= until_us
            and (row.response_id in response_ids or (not row.source and row.parent_span_id in span_ids))
        ]

    def recent_reports(self, since_us: int, limit: int) -> list[dict[str, Any]]:
        reported = [row for row in self.rows if row.source in ("otlp", "logger") and row.dialect]
        return [{**msgspec.structs.asdict(row), "start_us": row.start} for row in reported[-limit:]]

    def remove(self, keys: Sequence[tuple[str, int, str]]) -> None:
        for table, rows in self.tables.items():
            self.tables[table] = [row for row in rows if (row.org, row.start, row.id) not in keys]

    def ping(self) -> None:
        self.on_ping()

    @property
    def rows(self) -> list[RequestRow]:
        return self.tables["requests"]

    @property
    def bodies(self) -> list[BodyRow]:
        return self.tables["bodies"]

    @property
    def ids(self) -> list[str]:
        return [row.id for row in self.rows]

    @property
    def body_ids(self) -> list[str]:
        return [row.id for row in self.bodies]


def shipper(
    folder: Path,
    store: FakeStore,
    rows: int = 3,
    make_bare: Callable[[LogRows, Exception], RequestRow] = bare_row,
    journal: str = "journal.json",
    clock: Callable[[], int] = now_us,
) -> Shipper:
    reader = Reader(folder / "spool")
    return Shipper(
        reader,
        Journal(folder / journal),
        RowBuilder(PRICES, read),
        LogSink(store, set_aside=reader.set_aside, make_bare=make_bare),
        interval_s=0.01,
        batch_rows=rows,
        clock=clock,
    )


@pytest.fixture
def spool(tmp_path: Path) -> Writer:
    return Writer(tmp_path / "spool", segment_bytes=1 << 20, segment_s=3600)


def ids(count: int) -> list[str]:
    return [f"id-{number}" for number in range(count)]


def test_frames_are_shipped_while_their_segment_grows_and_it_goes_when_closed(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    ship = shipper(tmp_path, store)
    for number in range(4):
        spool.append(encode(record(number)))
    assert ship.step() == 4
    spool.append(encode(record(4)))
    assert ship.step() == 1
    assert store.ids == ids(5)
    assert len(ship.reader.segments()) == 1
    spool.close()
    assert ship.step() == 0
    assert ship.reader.segments() == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", range(6))
def test_a_crash_around_a_write_repeats_the_same_batch(tmp_path: Path, spool: Writer, when: str, write: int) -> None:
    store = FakeStore()
    for number in range(8):
        spool.append(encode(record(number)))
    store.failures = [*[None] * write, Died() if when == "before" else "after"]
    with pytest.raises(Died):
        shipper(tmp_path, store).step()
    for number in range(8, 10):  # the segment has grown by the time of the restart
        spool.append(encode(record(number)))
    spool.close()
    again = shipper(tmp_path, store)
    again.step()
    assert store.ids == store.body_ids == ids(10)
    assert again.reader.segments() == []


def crash_after_a_batch(folder: Path, spool: Writer, store: FakeStore) -> Path:
    """Five records in one batch that the store has; the process ended before it could note so. Gives the segment."""
    for number in range(5):
        spool.append(encode(record(number)))
    path = spool.segment
    assert path is not None
    spool.close()
    store.failures = [None, "after"]
    with pytest.raises(Died):
        shipper(folder, store, rows=10).step()
    return path


@pytest.mark.parametrize("blind", [set(), {"requests", "bodies"}])
@pytest.mark.parametrize("cut", [1, 60, 10_000])
def test_a_batch_whose_tail_a_power_cut_took_is_not_inserted_again(
    tmp_path: Path, spool: Writer, cut: int, blind: set[str]
) -> None:
    store = FakeStore()
    path = crash_after_a_batch(tmp_path, spool, store)
    os.truncate(path, max(8, path.stat().st_size - cut))
    store.blind = set(blind)  # then only the token tells
    again = shipper(tmp_path, store, rows=10)
    again.step()
    assert store.ids == store.body_ids == ids(5)
    assert again.reader.segments() == []


@pytest.mark.parametrize("stops", [False, True])
def test_what_lies_behind_a_hole_in_a_batch_is_not_inserted_again(tmp_path: Path, spool: Writer, stops: bool) -> None:
    store = FakeStore()
    path = crash_after_a_batch(tmp_path, spool, store)
    blob = bytearray(path.read_bytes())
    frame = (len(blob) - 8) // 5
    for hole in (1, 3):
        blob[8 + hole * frame : 8 + hole * frame + 16] = bytes(16)
    path.write_bytes(blob)
    again = shipper(tmp_path, store, rows=10)
    for _ in range(3 if stops else 0):  # a batch each, and the journal is all that the next one knows
        again.step(lambda: True)
        again.close()
        again = shipper(tmp_path, store, rows=10)
    again.step()
    assert again.reader.segments() == []
    assert len(list((tmp_path / "spool" / "torn").iterdir())) == 2
    assert store.ids == store.body_ids == ids(5)


def test_what_a_power_cut_left_of_a_batch_that_never_arrived_is_inserted(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    for number in range(5):
        spool.append(encode(record(number)))
    path = spool.segment
    assert path is not None
    spool.close()
    store.failures = [Died()]
    with pytest.raises(Died):
        shipper(tmp_path, store, rows=10).step()
    os.truncate(path, path.stat().st_size - 1)
    again = shipper(tmp_path, store, rows=10)
    again.step()
    assert store.ids == store.body_ids == ids(4)
    assert again.reader.segments() == []


def test_a_segment_deleted_just_before_a_crash_is_forgotten(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    spool.append(encode(record(0)))
    spool.close()
    shipper(tmp_path, store).step()
    after = shipper(tmp_path, store)
    stop = threading.Event()
    stop.set()
    after.run(stop)
    assert msgspec.json.decode((tmp_path / "journal.json").read_bytes())["sinks"] == {"log": {}}
    assert store.ids == ids(1)


def test_a_failing_store_is_waited_for_and_nothing_is_lost(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    store.failures = [StoreError("down")] * 2
    for number in range(7):
        spool.append(encode(record(number)))
    ship = shipper(tmp_path, store)
    for _ in range(2):
        with pytest.raises(StoreError):
            ship.step()
    assert store.ids == []
    ship.step()
    assert store.ids == ids(7)


def test_a_stop_ships_what_is_left(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    for number in range(7):
        spool.append(encode(record(number)))
    stop = threading.Event()
    stop.set()
    ship = shipper(tmp_path, store)
    ship.run(stop)
    assert store.ids == ids(7)
    assert ship.figures.shipped == 7
    assert ship.figures.lag_bytes == 0


def test_lag_is_what_the_store_does_not_have(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    ship = shipper(tmp_path, store)
    spool.append(encode(record(0)))
    ship.measure()
    assert ship.figures.lag_bytes == spool.bytes_written
    assert ship.figures.behind_since > 0
    ship.step()
    ship.measure()
    assert (ship.figures.lag_bytes, ship.figures.behind_since) == (0, 0.0)


def test_damage_is_set_aside_and_the_rest_is_shipped(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    for number in range(5):
        spool.append(encode(record(number)))
    path = spool.segment
    spool.close()
    assert path is not None
    blob = bytearray(path.read_bytes())
    blob[8 + (len(blob) - 8) // 5 * 2 + 40] ^= 0xFF
    path.write_bytes(blob + b"\x99\x00\x00\x00torn")
    ship = shipper(tmp_path, store)
    ship.step()
    assert store.ids == ["id-0", "id-1", "id-3", "id-4"]
    assert ship.reader.torn == 2
    assert len(list((tmp_path / "spool" / "torn").iterdir())) == 2
    assert ship.reader.segments() == []


def test_a_payload_that_is_no_record_is_stored_with_what_can_be_known(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    spool.append(encode(record(0)))
    spool.append(b"\xc1 not msgpack")
    spool.append(msgspec.msgpack.encode(["my-id", "my-org", "", START_US, "not a number"]))
    spool.append(encode(record(1)))
    ship = shipper(tmp_path, store)
    ship.step()
    assert [store.ids[0], store.ids[2], store.ids[3]] == ["id-0", "my-id", "id-1"]
    unknown, known = store.rows[1], store.rows[2]
    assert unknown.reading_error != ""
    assert (known.org, known.start, known.outcome) == ("my-org", START_US, "unreadable")
    assert ship.figures.reading_errors == 2


def test_an_unreadable_payload_gets_the_same_id_each_time(tmp_path: Path, spool: Writer) -> None:
    spool.append(b"\xc1")
    seen = []
    for name in ("one", "two"):
        store = FakeStore()
        shipper(tmp_path, store, journal=name).step()
        seen += store.ids
    assert seen[0] == seen[1]


def test_bodies_that_cannot_be_read_are_stored_with_the_reason(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    spool.append(encode(record(0, model="unreadable", request_body=b"\xff\xfe")))
    shipper(tmp_path, store).step()
    assert store.rows[0].reading_error == "ValueError: no such body"
    assert (store.bodies[0].request, store.bodies[0].request_base64) == ("//4=", True)


def patience(ship: Shipper) -> None:
    """Fails until records are tried one by one."""
    for _ in range(3):
        with pytest.raises((StoreError, OverflowError)):
            ship.step()


def refusing(folder: Path, spool: Writer, table: str) -> tuple[FakeStore, Shipper]:
    """Of three records the table does not take the second, and its batch has failed until each is tried by itself."""
    store = FakeStore()
    store.refused = {table: {"id-1"}}
    for number in range(3):
        spool.append(encode(record(number)))
    ship = shipper(folder, store)
    patience(ship)
    return store, ship


def test_a_row_that_the_store_refuses_stops_no_other(tmp_path: Path, spool: Writer) -> None:
    store, ship = refusing(tmp_path, spool, "requests")
    ship.step()
    assert sorted(store.ids) == ids(3)
    assert [row.id for row in store.rows if row.reading_error] == ["id-1"]
    assert sorted(store.body_ids) == ["id-0", "id-2"]


def test_a_refused_body_does_not_insert_its_request_again(tmp_path: Path, spool: Writer) -> None:
    store, ship = refusing(tmp_path, spool, "bodies")
    assert (store.ids, store.body_ids) == (ids(3), [])
    ship.step()
    assert (store.ids, store.body_ids) == (ids(3), ["id-0", "id-2"])
    assert ship.log.bare_rows == 1


def test_bodies_that_are_refused_for_a_while_are_inserted_and_nothing_else(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    store.full = {"bodies"}
    for number in range(3):
        spool.append(encode(record(number)))
    ship = shipper(tmp_path, store)
    patience(ship)
    store.full = set()
    ship.step()
    assert store.ids == store.body_ids == ids(3)


@pytest.mark.parametrize("table", ["requests", "bodies"])
def test_a_write_whose_answer_was_lost_is_not_repeated(tmp_path: Path, spool: Writer, table: str) -> None:
    store = FakeStore()
    store.mute = {table}
    for number in range(3):
        spool.append(encode(record(number)))
    ship = shipper(tmp_path, store)
    with pytest.raises(StoreError):
        ship.step()
    ship.step()
    assert store.ids == store.body_ids == ids(3)


@pytest.mark.parametrize("blind", [set(), {"requests"}])
def test_a_record_whose_answer_was_lost_is_not_inserted_bare_as_well(
    tmp_path: Path, spool: Writer, blind: set[str]
) -> None:
    store = FakeStore()
    store.full = {"requests"}
    spool.append(encode(record(0)))
    ship = shipper(tmp_path, store)
    patience(ship)
    store.full, store.mute = set(), {"requests"}

    def ping() -> None:  # between the record's own try and its bare row
        if store.rows:
            store.mute, store.blind = set(), set(blind)

    store.on_ping = ping
    ship.step()
    assert store.ids == ids(1)
    assert not store.rows[0].reading_error


def test_a_crash_among_single_records_inserts_none_again(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    store.full = {"requests"}
    for number in range(3):
        spool.append(encode(record(number)))
    ship = shipper(tmp_path, store)
    patience(ship)
    store.full, store.failures = set(), [None, None, "after"]
    with pytest.raises(Died):
        ship.step()
    assert (store.ids, store.body_ids) == (ids(2), ids(1))
    shipper(tmp_path, store).step()
    assert store.ids == store.body_ids == ids(3)


def test_only_one_journal_file_is_left_and_a_broken_off_one_does_no_harm(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "ship" / "journal.json")
    journal.intend("a.seg", 8, 100, 1, 0)
    (tmp_path / "ship" / "journal.json.draft").write_bytes(b"half a jour")
    again = Journal(tmp_path / "ship" / "journal.json")
    assert (again.offset(LOG, "a.seg").done, again.offset(LOG, "a.seg").intent) == (8, 100)
    again.finish("a.seg", 100)
    again.save()
    assert [path.name for path in (tmp_path / "ship").iterdir()] == ["journal.json"]


def test_a_place_is_settled_once_the_log_has_all_before_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.json")
    assert journal.placed_us() == 0
    journal.intend("a.seg", 8, 100, 3, 1000)
    assert journal.placed_us() == 999
    journal.intend("b.seg", 8, 100, 2, 1001)
    journal.finish("b.seg", 100)
    assert journal.placed_us() == 999, "the batch before is still on its way"
    assert Journal(tmp_path / "journal.json").placed_us() == 999
    journal.finish("a.seg", 100)
    assert journal.placed_us() == 1004


def test_a_batch_that_comes_late_is_noted_with_its_places(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    clock = iter([1_000_000, 1_000_000, 9_000_000])
    for number in range(3):
        spool.append(encode(record(number)))
    made = shipper(tmp_path, store, clock=lambda: next(clock, 9_000_000))
    made.step()
    (noted,) = store.tables["late_arrivals"]
    assert (noted.first_at, noted.last_at, noted.noted_at) == (1_000_000, 1_000_002, 9_000_000)
    assert made.figures.placed_us >= 1_000_002
    spool.append(encode(record(3)))
    made.step()
    assert store.tables["late_arrivals"] == [noted]


def test_a_record_that_no_row_can_be_made_of_is_set_aside_and_stops_no_other(tmp_path: Path, spool: Writer) -> None:
    store = FakeStore()
    spool.append(encode(record(0)))
    spool.append(encode(record(1, id="id-bad")))
    spool.append(encode(record(2)))

    def no_row(rows: LogRows, error: Exception) -> RequestRow:  # this one, too, is what the store does not take
        return RequestRow(id=rows.request.id, org="o", start=START_US + 1)

    ship = shipper(tmp_path, store, make_bare=no_row)
    store.refused = {"requests": {"id-bad"}}
    for _ in range(8):
        with contextlib.suppress(OverflowError):
            ship.step()
    assert store.ids == ["id-0", "id-2"]
    assert len(list((tmp_path / "spool" / "torn").iterdir())) == 1
    spool.append(encode(record(3)))
    assert ship.step() == 1
