"""Re-pricing against real engines: what it leaves is what shipping the same records under the new prices gives,
wherever it is stopped. A cluster refuses it."""

import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.control.jobs.reprice import Repricer
from proxy.control.jobs.row_builder import RowBuilder
from proxy.core.record import Record
from proxy.core.secret import Secret
from proxy.core.snapshot import PriceRow
from proxy.logstore import RequestRow, StoreError
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert
from proxy.logstore.hourly import StoredHours
from proxy.logstore.rows import RepricedRow
from proxy.metadata import organisations, prices, reprices
from proxy.metadata.db import Database
from proxy.metadata.reprices import RepriceRun
from proxy.prices import PriceBook
from proxy.query.hours import HOUR_US, Span
from tests.contract.log_stores import open_store
from tests.unit.records import record
from tests.unit.test_one_price import PRICE_IDS, chat_usages

DAY_US = 86_400_000_000
START_US = 1_795_000_000_000_000  # 2026-11-18
FIGURES = ("cost_nanousd", "cost_known", "saved_nanousd", "cost_lines", "cost_missing", "price_version")
_names = itertools.count()


@pytest.fixture(scope="module", params=("embedded", "server"))
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log")) as opened:
        yield opened


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path_factory.mktemp('db') / 'metadata.db'}", Secret(b"s" * 32))
    yield opened
    opened.close()


def finish(repricer: Repricer) -> None:
    """Do all slices, as the job runner does."""
    while (pause_s := repricer.run()) is not None:
        time.sleep(pause_s)


class World:
    """One organisation of its own in the shared store."""

    def __init__(self, store: ClickHouseStore, database: Database) -> None:
        self.store = store
        self.database = database
        with database.write() as rows:
            self.org = organisations.create(rows, f"org {next(_names)}").id
        self.entries: dict[str, dict[str, Any]] = {}

    def set_prices(self, entries: dict[str, dict[str, Any]]) -> None:
        with self.database.write() as rows:
            for name in self.entries.keys() - entries.keys():
                prices.remove(rows, self.org, name)
            for name, entry in entries.items():
                prices.put(rows, self.org, name, json.dumps(entry), "")
        self.entries = entries

    def ship(self, records: list[Record]) -> list[RequestRow]:
        """The rows of the records at the prices of now."""
        book = PriceBook(price_ids=PRICE_IDS)
        rows = [PriceRow(self.org, name, json.dumps(entry).encode()) for name, entry in sorted(self.entries.items())]
        book.set_org_prices({self.org: rows})
        return [RowBuilder(book).build_one(made).request for made in records]

    def log(self, rows: list[RequestRow]) -> None:
        insert(self.store, rows, [], f"{self.org}:{next(_names)}")

    def queue(self, **asked: Any) -> RepriceRun:
        wanted = {"scope": self.org, "since_us": 0, "until_us": START_US * 2, "filter": "", "dry_run": False, **asked}
        with self.database.write(publish=False) as rows:
            return reprices.create(rows, self.org, "", **wanted)

    def repricer(self, store: Any = None) -> Repricer:
        return Repricer(
            self.database,
            lambda: store or self.store,
            lambda: PriceBook(price_ids=PRICE_IDS),
            page_rows=20,
            batch_rows=20,
        )

    def reprice(self, **asked: Any) -> RepriceRun:
        run = self.queue(**asked)
        finish(self.repricer())
        return self.shown(run)

    def shown(self, run: RepriceRun) -> RepriceRun:
        with self.database.read() as rows:
            return reprices.shown(rows, self.org, run.id)

    def figures(self) -> list[dict[str, Any]]:
        rows = self.store.read("SELECT * FROM requests WHERE org = {org:String} ORDER BY start, id", {"org": self.org})
        return [{name: row[name] for name in FIGURES} for row in rows]

    def repriced(self, run: RepriceRun) -> list[dict[str, Any]]:
        sql = "SELECT * FROM repriced WHERE run = {run:String} ORDER BY start, id"
        return self.store.read(sql, {"run": run.id})


@pytest.fixture
def world(store: ClickHouseStore, database: Database) -> World:
    return World(store, database)


def figures_of(rows: list[RequestRow]) -> list[dict[str, Any]]:
    return [{name: getattr(row, name) for name in FIGURES} for row in rows]


def chat(number: int, org: str, usage: dict[str, Any] | None, model: str = "gpt-4o", **fields: Any) -> Record:
    body = json.dumps({"model": model, "choices": [], "usage": usage} if usage is not None else {}).encode()
    # Ten calls a day, over the turn of a month.
    at = {"id": f"id-{number}", "org": org, "started_us": START_US + number * DAY_US // 2}
    return record(
        number, **{
            **at, "provider": "openai", "dialect": "openai", "operation": "chat", "status": 200, "sent_us": 1,
            "request_body": b'{"messages":[]}', "response_type": "application/json", "response_body": body, **fields,
        },
    )  # fmt: skip


def some_calls(org: str) -> list[Record]:
    """Thirty calls over two weeks: known and unknown models, refused, failed and cached ones."""
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    records = [chat(number, org, usage, ("gpt-4o", "acme-1")[number % 2]) for number in range(26)]
    records.append(chat(26, org, usage, facts={"cache.status": "hit", "cache.latency_ms": 5}, ended_us=1000))
    records.append(chat(27, org, None, status=500))
    records.append(record(28, id="id-28", org=org, started_us=START_US + 28 * DAY_US // 2, status=429))
    records.append(chat(29, org, usage))
    return records


ENTRIES = st.dictionaries(
    st.sampled_from(["a", "b"]),
    st.builds(
        lambda model, usd, day, tier: {
            "model": model,
            "rates": {"input": usd, "output": 2 * usd},
            **({"from": day} if day else {}),
            **({"service_tier": tier} if tier else {}),
        },
        st.sampled_from(["*", "gpt-4o", "acme-*"]),
        st.floats(0, 100),
        st.sampled_from(["", "2026-11-20", "2026-12-01"]),
        st.sampled_from(["", "priority"]),
    ),
)
FEW = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(
    usages=st.lists(st.tuples(st.sampled_from(["gpt-4o", "acme-1"]), chat_usages()), min_size=1, max_size=9),
    before=ENTRIES,
    after=ENTRIES,
)
def test_after_it_the_log_is_as_if_shipped_with_the_new_prices(
    store: ClickHouseStore,
    database: Database,
    usages: list[tuple[str, dict[str, Any]]],
    before: dict[str, dict[str, Any]],
    after: dict[str, dict[str, Any]],
) -> None:
    world = World(store, database)
    world.set_prices(before)
    records = [chat(number, world.org, usage, model) for number, (model, usage) in enumerate(usages)]
    old = world.ship(records)
    world.log(old)

    unchanged = world.reprice()
    assert (unchanged.state, world.repriced(unchanged)) == ("done", [])
    assert world.figures() == figures_of(old)

    world.set_prices(after)
    new = world.ship(records)
    run = world.reprice()
    assert (run.state, run.error) == ("done", "")
    kept = world.repriced(run)
    for found, shipped, was in zip(world.figures(), figures_of(new), figures_of(old), strict=True):
        if found["price_version"] == shipped["price_version"]:
            assert found == shipped
        else:  # the same cost by another version of the prices: the row stays as it is
            assert found == was
            assert (was["cost_nanousd"], was["cost_missing"]) == (shipped["cost_nanousd"], shipped["cost_missing"])
    changed = {row.id: row for row, was in zip(world.ship(records), old, strict=True) if not _same(row, was)}
    assert {row["id"] for row in kept} == changed.keys()
    for row in kept:
        was = next(each for each in old if each.id == row["id"])
        assert {name: row[f"old_{name}"] for name in FIGURES} == figures_of([was])[0]
        assert {name: row[f"new_{name}"] for name in FIGURES} == figures_of([changed[row["id"]]])[0]


def _same(one: RequestRow, other: RequestRow) -> bool:
    def figures(row: RequestRow) -> tuple[Any, ...]:
        lines = [line[:-1] for line in json.loads(row.cost_lines or "[]")]
        return row.cost_nanousd, row.cost_known, row.saved_nanousd, lines, row.cost_missing

    return figures(one) == figures(other)


NEW = {"all": {"model": "*", "rates": {"input": 3, "output": 4}, "from": "2026-11-20"}}


class FailingStore:
    """A store whose statement number `at` fails: before it runs, or after."""

    def __init__(self, store: ClickHouseStore, at: int, after: bool) -> None:
        self._store = store
        self._left = at
        self._after = after
        self.failed = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in ("write", "execute", "read"):
            return found

        def counted(*arguments: Any) -> Any:
            if "system.mutations" in arguments[0]:  # asked until an update is done: as often as it takes
                return found(*arguments)
            self._left -= 1
            if self._left == 0 and not self._after:
                self.failed = True
                raise StoreError("killed")
            result = found(*arguments)
            if self._left == 0:
                self.failed = True
                raise StoreError("killed")
            return result

        return counted


def test_wherever_it_is_stopped_it_goes_on_and_doubles_nothing(store: ClickHouseStore, database: Database) -> None:
    world = World(store, database)
    records = some_calls(world.org)
    world.log(world.ship(records))
    for at in itertools.count(1, 7):
        world.set_prices(NEW if at % 2 else {})
        run = world.queue()
        failing = FailingStore(store, at, after=at % 4 > 1)
        stopped = False
        try:
            finish(world.repricer(failing))
        except StoreError:
            stopped = True
            assert world.shown(run).error == "killed"
        assert stopped == failing.failed
        finish(world.repricer())  # another process: it knows only what was noted
        done = world.shown(run)
        assert (done.state, done.error) == ("done", "")
        assert world.figures() == figures_of(world.ship(records)), at
        kept = [row["id"] for row in world.repriced(run)]
        assert len(kept) == len(set(kept)) == json.loads(done.progress)["written"] == 24
        assert sum(group["calls"] for group in json.loads(done.progress)["groups"]) == 30
        if not stopped:
            break
    assert at > 12


def test_a_dry_run_counts_and_writes_nothing(world: World) -> None:
    records = some_calls(world.org)
    old = world.ship(records)
    world.log(old)
    world.set_prices(NEW)
    run = world.reprice(dry_run=True)
    groups = {group["model"]: group for group in json.loads(run.progress)["groups"]}
    assert world.figures() == figures_of(old) and world.repriced(run) == []
    assert (groups["gpt-4o"]["calls"], groups["acme-1"]["calls"], groups["acme-1"]["newly_known"]) == (15, 13, 11)
    assert groups["acme-1"]["reasons"] == {"no price is known for model acme-1": 2}
    new = sum(row.cost_nanousd or 0 for row in world.ship(records))
    assert sum(group["new_nanousd"] for group in groups.values()) == new


def test_time_and_filter_bound_it(world: World) -> None:
    records = some_calls(world.org)
    world.log(world.ship(records))
    old = world.figures()
    world.set_prices(NEW)
    since_us, until_us = records[10].started_us, records[20].started_us
    run = world.reprice(since_us=since_us, until_us=until_us, filter="model:acme-1")
    assert [row["id"] for row in world.repriced(run)] == ["id-11", "id-13", "id-15", "id-17", "id-19"]
    changed = [was != now for was, now in zip(old, world.figures(), strict=True)]
    assert changed.count(True) == 5


def test_stored_hours_of_changed_calls_are_computed_again(world: World) -> None:
    records = some_calls(world.org)
    world.log(world.ship(records))
    hours = StoredHours(world.store)
    first, second = (records[number].started_us // HOUR_US * HOUR_US for number in (3, 5))
    spans = [Span(start, start + HOUR_US) for start in (first, second)]
    for span in spans:
        hours.fill(world.org, span, START_US)
    assert [hours.current(world.org, span) for span in spans] == [[first], [second]]
    world.set_prices(NEW)  # from the day of the second
    assert world.reprice().state == "done"
    assert [hours.current(world.org, span) for span in spans] == [[first], []]


def test_rows_of_an_earlier_version_keep_their_cost_and_are_counted(world: World) -> None:
    row = RequestRow(
        id="old", org=world.org, start=START_US, provider="openai", model="gpt-4o", usage_source="provider",
        usage_raw='{"prompt_tokens":1}', input_tokens=1, cost_nanousd=77, cost_known=True,
    )  # fmt: skip
    world.log([row])
    world.set_prices(NEW)
    run = world.reprice()
    (group,) = json.loads(run.progress)["groups"]
    assert (group["kept"], group["changed"], group["old_nanousd"]) == (1, 0, 77)
    assert world.figures()[0]["cost_nanousd"] == 77


def test_a_cancelled_run_stops(world: World) -> None:
    world.log(world.ship(some_calls(world.org)))
    old = world.figures()
    world.set_prices(NEW)
    run = world.queue()
    repricer = world.repricer()
    repricer.run()
    with world.database.write(publish=False) as rows:
        assert reprices.cancel(rows, world.org, run.id).state == "cancelled"
    assert repricer.run() is None and not repricer.wanted()
    assert world.figures() == old


def test_a_table_that_cannot_be_updated_is_named(store: ClickHouseStore, tmp_path: Path) -> None:
    from proxy.logstore.reprice import RepriceTables

    class Distributed:
        def execute(self, sql: str, bound: dict[str, Any]) -> list[dict[str, Any]]:
            return [{"database": "d", "engine": "Distributed"}]

    fake: Any = Distributed()
    assert "Distributed" in RepriceTables(fake).updatable()
    assert RepriceTables(store).updatable() == ""


def test_rows_of_repriced_have_the_columns_of_the_table(store: ClickHouseStore) -> None:
    columns = store.execute(
        "SELECT name FROM system.columns WHERE table = 'repriced' AND database = currentDatabase()", {}
    )
    assert {row["name"] for row in columns} == set(RepricedRow.__struct_fields__)
