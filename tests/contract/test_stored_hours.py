"""Stored hours: what fills them, what makes them stale, and that a crash leaves nothing wrong."""

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest

from proxy.control.jobs.store_hours import HourKeeper
from proxy.control.metrics_reader import MetricsReader
from proxy.core import settings as settings_of
from proxy.core.clock import uuid7
from proxy.core.settings import Settings
from proxy.logstore import RequestRow, StoreError
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.events import time_of
from proxy.logstore.exactly_once import insert, insert_missing
from proxy.logstore.hourly import StoredHours, late_hours
from proxy.query.hours import HOUR_US, Span, hours_within, spans_of
from proxy.query.measures import AGGREGATES
from proxy.query.metrics import MetricsQuestion
from proxy.query.periods import Period
from tests.clickhouse_server import ClickHouseServer
from tests.contract.log_stores import STORES, open_store
from tests.stack import wait_for

BEGIN_US = 1_780_000_000_000_000 // HOUR_US * HOUR_US
NOW_US = BEGIN_US + 30 * HOUR_US
SPAN = Span(BEGIN_US, BEGIN_US + 10 * HOUR_US)
SETTINGS = settings_of.load(environ={}, overrides={"metrics.exact_rows": "5"})


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log")) as opened:
        yield opened


@pytest.fixture
def hours(store: ClickHouseStore) -> StoredHours:
    return StoredHours(store)


@pytest.fixture
def org(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


def rows(org: str, *at_hours: float, **fields: object) -> list[RequestRow]:
    starts = [BEGIN_US + round(hour * HOUR_US) for hour in at_hours]
    return [
        RequestRow(**{"id": uuid7(start), "org": org, "start": start, "status": 200, "outcome": "success", **fields})  # type: ignore[arg-type]
        for start in starts
    ]


def calls(store: ClickHouseStore, org: str, settings: Settings = SETTINGS) -> tuple[str, int, int]:
    """Source, calls and calls that were read one by one, of the ten hours."""
    question = MetricsQuestion(measures=["calls"], since=_text(SPAN.since_us), until=_text(SPAN.until_us), bucket="1h")
    answer = MetricsReader(store, settings).answer(org, question, NOW_US)
    assert answer.total.values is not None
    total = answer.total.totals["calls"]
    assert sum(value or 0 for value in answer.total.values["calls"]) == total
    return answer.source, int(total or 0), answer.rows_read


def _text(us: int) -> str:
    return time_of(us).isoformat()


def test_columns_of_the_table_are_the_stored_aggregates(store: ClickHouseStore) -> None:
    sql = "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'hourly' ORDER BY position"
    described = [row["name"] for row in store.execute(sql, {})]
    stored = [f"part_{each.name}" for each in AGGREGATES.values() if each.stored]
    assert described == ["org", "hour", "fill", "provider", "model", *stored]


def test_filled_hours_are_read_in_place_of_calls(store: ClickHouseStore, hours: StoredHours, org: str) -> None:
    insert(store, rows(org, *(hour / 2 for hour in range(20))), [], org)
    assert calls(store, org) == ("raw", 20, 20)
    hours.fill(org, Span(BEGIN_US + 2 * HOUR_US, BEGIN_US + 8 * HOUR_US), NOW_US)
    assert calls(store, org) == ("rollup", 20, 8)


def test_a_late_call_makes_its_hour_stale_until_it_is_filled_again(
    store: ClickHouseStore, hours: StoredHours, org: str
) -> None:
    insert(store, rows(org, *range(10)), [], org)
    hours.fill(org, SPAN, NOW_US)
    insert(store, rows(org, 3.5), [], f"{org}:late")
    assert calls(store, org) == ("rollup", 11, 2)
    hours.fill(org, Span(BEGIN_US + 3 * HOUR_US, BEGIN_US + 4 * HOUR_US), NOW_US)
    assert calls(store, org) == ("rollup", 11, 0)


def test_a_batch_that_is_sent_again_changes_nothing(store: ClickHouseStore, hours: StoredHours, org: str) -> None:
    batch = rows(org, *range(10))
    insert(store, batch, [], org)
    hours.fill(org, SPAN, NOW_US)
    insert(store, batch, [], org)
    insert_missing(store, batch, [], org)
    assert calls(store, org)[1] == 10
    hours.fill(org, SPAN, NOW_US)
    assert calls(store, org) == ("rollup", 10, 0)


def test_a_number_without_end_stops_no_fill(store: ClickHouseStore, hours: StoredHours, org: str) -> None:
    insert(store, rows(org, *range(10), latency_ms=1e-310, output_tokens=9), [], org)
    hours.fill(org, SPAN, NOW_US)
    question = MetricsQuestion(
        measures=["p50_tokens_per_second", "max_tokens_per_second", "p95_latency"],
        since=_text(SPAN.since_us),
        until=_text(SPAN.until_us),
    )
    for settings in (SETTINGS, settings_of.load(environ={})):
        answer = MetricsReader(store, settings).answer(org, question, NOW_US)
        assert answer.total.totals["p50_tokens_per_second"] is None
        assert answer.total.totals["max_tokens_per_second"] is None
        assert answer.total.totals["p95_latency"] == pytest.approx(0)


class Dying:
    """A store that dies at its n-th statement."""

    def __init__(self, store: ClickHouseStore, statements: int) -> None:
        self.read = store.read
        self._store = store
        self._left = statements

    def execute(self, sql: str, bound: dict[str, object]) -> list[dict[str, object]]:
        if not self._left:
            raise StoreError("killed")
        self._left -= 1
        return self._store.execute(sql, bound)


@pytest.mark.parametrize("statements", [0, 1, 2])
def test_a_fill_that_is_cut_off_is_not_read_and_can_be_repeated(
    store: ClickHouseStore, hours: StoredHours, org: str, statements: int
) -> None:
    insert(store, rows(org, *range(10)), [], org)
    hours.fill(org, SPAN, NOW_US)
    insert(store, rows(org, *range(10)), [], f"{org}:late")
    with pytest.raises(StoreError):
        StoredHours(Dying(store, statements)).fill(org, SPAN, NOW_US)  # type: ignore[arg-type]
    assert calls(store, org)[1] == 20
    hours.fill(org, SPAN, NOW_US - 5)  # a clock that went back
    assert calls(store, org) == ("rollup", 20, 0)
    kept = store.read("SELECT sum(part_calls) AS calls FROM hourly WHERE org = {org:String}", {"org": org})
    assert kept[0]["calls"] == 20, "what was filled before is removed"


def test_a_call_whose_change_was_not_noted_is_found_by_number(
    store: ClickHouseStore, hours: StoredHours, org: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(store, rows(org, *range(10)), [], org)
    hours.fill(org, SPAN, NOW_US)
    with monkeypatch.context() as patched:
        patched.setattr("proxy.logstore.clickhouse.late_hours", lambda rows, now_us: set())
        insert(store, rows(org, 4.5), [], f"{org}:late")
    assert hours.verify(org, SPAN) == 1
    assert calls(store, org) == ("rollup", 11, 2)
    assert hours.verify(org, SPAN) == 1  # again, until it is filled
    hours.fill(org, SPAN, NOW_US)
    assert hours.verify(org, SPAN) == 0


def test_calls_that_were_altered_are_read_once_that_is_noted(
    store: ClickHouseStore, hours: StoredHours, org: str
) -> None:
    insert(store, rows(org, *range(10)), [], org)
    hours.fill(org, SPAN, NOW_US)
    hours.note_span(org, Span(BEGIN_US + HOUR_US + 5, BEGIN_US + 2 * HOUR_US + 5))
    assert calls(store, org) == ("rollup", 10, 2)
    hours.note_span("another", SPAN)
    assert calls(store, org) == ("rollup", 10, 2)


def test_the_job_stores_the_closed_hours_of_large_organisations(
    store: ClickHouseStore, hours: StoredHours, org: str
) -> None:
    insert(store, rows(org, *range(-5, 10)), [], org)
    insert(store, rows(f"{org}:small", 1, 2), [], f"{org}:small")
    now = [BEGIN_US + 8 * HOUR_US + 5]
    keeper = HourKeeper(SETTINGS, lambda: store, lambda: now[0])
    assert keeper.wanted()
    while keeper.wanted():
        keeper.run()
    span = Span(BEGIN_US - 10 * HOUR_US, BEGIN_US + 20 * HOUR_US)
    assert sorted(hours.current(org, span)) == [BEGIN_US + hour * HOUR_US for hour in range(-5, 6)]
    assert hours.current(f"{org}:small", span) == []
    insert(store, rows(org, 2.5), [], f"{org}:late")
    now[0] += HOUR_US
    keeper.look_again()
    while keeper.wanted():
        keeper.run()
    assert sorted(hours.current(org, span)) == [BEGIN_US + hour * HOUR_US for hour in range(-5, 7)]
    assert calls(store, org) == ("rollup", 11, 3)


def test_no_hours_are_stored_or_read_where_a_setting_says_so(
    store: ClickHouseStore, hours: StoredHours, org: str
) -> None:
    never = settings_of.load(environ={}, overrides={"metrics.store_hours": "false", "metrics.exact_rows": "5"})
    assert not HourKeeper(never, lambda: store).wanted()
    assert not HourKeeper(SETTINGS, lambda: None).wanted()
    insert(store, rows(org, *range(10)), [], org)
    hours.fill(org, SPAN, NOW_US)
    assert calls(store, org) == ("rollup", 10, 0)
    assert calls(store, org, never) == ("raw", 10, 10)


def test_only_calls_that_come_late_note_a_change() -> None:
    late = rows("o", 1.5, 1.7, 3) + rows("p", 1.5)
    assert late_hours(late, BEGIN_US + 4 * HOUR_US) == {
        ("o", BEGIN_US // 1_000_000 + 3600),
        ("p", BEGIN_US // 1_000_000 + 3600),
    }


def test_spans_of_hours() -> None:
    assert spans_of([]) == []
    assert spans_of([3 * HOUR_US, HOUR_US, 2 * HOUR_US, 7 * HOUR_US]) == [
        Span(HOUR_US, 4 * HOUR_US),
        Span(7 * HOUR_US, 8 * HOUR_US),
    ]
    many = spans_of([hour * HOUR_US for hour in range(1000) if hour % 7 and hour != 1])
    assert len(many) == 50 and all(span.until_us - span.since_us == 6 * HOUR_US for span in many)
    assert hours_within(Period(1, 3 * HOUR_US - 1)) == Span(HOUR_US, 2 * HOUR_US)


def test_a_server_killed_in_the_middle_of_fills_leaves_right_answers(org: str) -> None:
    server = ClickHouseServer()
    try:
        store = ClickHouseStore.open(server.url())
        hours = StoredHours(store)
        insert(store, rows(org, *(hour / 20 for hour in range(200))), [], org)
        for number in range(3):
            insert(store, rows(org, number), [], f"{org}:{number}")
            filler = threading.Thread(target=fill_until_it_fails, args=(hours, org))
            filler.start()
            time.sleep(0.02 + number * 0.05)  # at any moment of a fill
            server.kill()
            filler.join()
            server.start()
            wait_for("the store to answer", lambda: answers(store))
            assert calls(store, org)[1] == 201 + number
        hours.fill(org, SPAN, NOW_US)
        assert calls(store, org) == ("rollup", 203, 0)
        store.close()
    finally:
        server.stop()


def fill_until_it_fails(hours: StoredHours, org: str) -> None:
    with contextlib.suppress(StoreError):
        while True:
            hours.fill(org, SPAN, NOW_US)


def answers(store: ClickHouseStore) -> bool:
    with contextlib.suppress(StoreError):
        store.execute("SELECT 1", {})
        store.ping()
        return True
    return False
