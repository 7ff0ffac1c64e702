"""What a log store promises, over the real embedded engine. One process holds one store, so each test has its own org
in a shared one."""

import base64
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proxy.core.clock import uuid7
from proxy.core.event import Event, EventBodies
from proxy.logstore import FILTERS, BodyRow, Filter, FilterError, RequestRow, StoreError, micros
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.events import time_of
from proxy.logstore.exactly_once import insert, insert_missing
from proxy.logstore.migrate import SCHEMA
from tests.contract.log_stores import ALL_STORES, open_store

START_US = 1_780_000_000_000_000


@pytest.fixture(scope="module", params=ALL_STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log"), ttl_days=36500) as opened:
        yield opened


@pytest.fixture
def org(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


def row(org: str, number: int = 0, **fields: Any) -> RequestRow:
    start = fields.pop("start", START_US + number * 1000)
    return RequestRow(**{"id": uuid7(start), "org": org, "start": start, "status": 200, "outcome": "success", **fields})


def body(of: RequestRow, **fields: Any) -> BodyRow:
    return BodyRow(id=of.id, org=of.org, start=of.start, **fields)


def matching(org: str, **values: Any) -> Filter:
    return Filter(org, values)


def found(store: ClickHouseStore, **filters: Any) -> list[str]:
    return [each["request_name"] for each in store.page(matching(**filters))]


def test_a_row_comes_back_as_it_went_in(store: ClickHouseStore, org: str) -> None:
    full = row(
        org,
        model="gpt-4o",
        latency_ms=1.25,
        input_tokens=2**62 - 1,
        output_tokens=None,
        cost_nanousd=-1,
        cost_known=True,
        input_includes_cached=True,
        output_includes_reasoning=None,
        properties={"app": "Zürich 🚀", "quote": 'it\'s \\ "x"\n\t\0'},
        request_preview="日本語",
        streamed=True,
        ingested_at=START_US + 7,
        trace_id="0af7651916cd43dd8448eb211c80319c",
    )
    insert(store, [full], [body(full, request="\0 line\r\n", response_text="é")], org)
    back = store.get(org, full.id)
    assert back is not None
    assert back.pop("bodies") is not None
    assert micros(back.pop("start")) == full.start
    assert micros(back.pop("ingested_at")) == full.ingested_at
    names = set(RequestRow.__struct_fields__) - {"start", "ingested_at"}
    assert back == {name: getattr(full, name) for name in names}


def test_fields_that_say_nothing_come_back_as_they_went_in(store: ClickHouseStore, org: str) -> None:
    bare = RequestRow(id=uuid7(START_US), org=org, start=START_US)
    insert(store, [bare], [body(bare)], org)
    back = store.get(org, bare.id)
    assert back is not None
    bodies = back.pop("bodies")
    assert back == {**msgspec.structs.asdict(bare), "start": back["start"], "ingested_at": time_of(0)}
    assert bodies.items() <= {**msgspec.structs.asdict(body(bare)), "start": back["start"]}.items()
    # One row that says something brings the column for all.
    insert(store, [row(org, 1), row(org, 2, model="m", input_tokens=0, properties={"a": "b"})], [], f"{org}:2")
    assert [(each["model"], each["input_tokens"], each["properties"]) for each in store.page(matching(org=org))] == [
        ("m", 0, {"a": "b"}),
        ("", None, {}),
        ("", None, {}),
    ]


def test_no_column_has_a_default_of_its_own(store: ClickHouseStore) -> None:
    """Inserts leave out what is blank, and tell the engine to look for no defaults."""
    asked = "SELECT name FROM system.columns WHERE database = currentDatabase() AND table IN ('requests', 'bodies')"
    assert store.read(f"{asked} AND default_kind != ''", {}) == []


def test_columns_fields_and_event_are_the_same(store: ClickHouseStore) -> None:
    assert set(store.column_names("requests")) == set(RequestRow.__struct_fields__)
    assert set(store.column_names("bodies")) == set(BodyRow.__struct_fields__)
    assert set(Event.__struct_fields__) == {"version", *RequestRow.__struct_fields__}
    assert set(EventBodies.__struct_fields__) == set(BodyRow.__struct_fields__)


def test_bodies_are_safe_for_any_bytes(store: ClickHouseStore, org: str) -> None:
    binary = base64.b64encode(bytes(range(256))).decode()
    one = row(org)
    insert(store, [one], [body(one, response=binary, response_base64=True)], org)
    back = store.get(org, one.id)
    assert back is not None
    assert base64.b64decode(back["bodies"]["response"]) == bytes(range(256))


def test_the_same_rows_under_the_same_token_are_there_once(store: ClickHouseStore, org: str) -> None:
    rows = [row(org, number) for number in range(10)]
    for _ in range(3):
        insert(store, rows, [body(each) for each in rows], "batch:0:10")
    assert store.count(matching(org=org)) == 10
    insert(store, [row(org, 11)], [], "batch:10:11")
    assert store.count(matching(org=org)) == 11


def test_a_batch_that_spans_months_is_there_once(store: ClickHouseStore, org: str) -> None:
    rows = [row(org, start=START_US + month * 31 * 86_400_000_000) for month in range(3)]
    for _ in range(2):
        insert(store, rows, [], "months")
    assert store.count(matching(org=org)) == 3


def test_insert_missing_writes_only_what_the_tables_lack(store: ClickHouseStore, org: str) -> None:
    rows = [row(org, number) for number in range(6)]
    insert(store, rows[:2], [body(rows[0])], "half")
    # The token is known to the store, so it takes the rest only because it is seen to be missing. (To a shard that got
    # none of the first rows it is not known: the rest of that shard needs no other token.)
    with_another_token = insert_missing(store, rows, [body(each) for each in rows], "half")
    assert with_another_token == 4 + 5 if len(shards(store)) == 1 else 0 < with_another_token <= 4 + 5
    assert insert_missing(store, rows, [body(each) for each in rows], "half") == 0
    assert store.count(matching(org=org)) == 6


def test_insert_missing_asks_each_table_for_itself_whatever_token_its_rows_came_under(
    store: ClickHouseStore, org: str
) -> None:
    rows = [row(org, number) for number in range(4)]
    bodies = [body(each) for each in rows]
    insert(store, rows[:3], bodies[1:2], f"{org}:other")
    for token in ("one", "two"):
        insert_missing(store, rows, bodies, f"{org}:{token}")
    insert_missing(store, [rows[0]], [], f"{org}:bare")
    for table in ("requests", "bodies"):
        there = store.read(f"SELECT id FROM {table} WHERE org = {{org:String}}", {"org": org})
        assert sorted(each["id"] for each in there) == sorted(each.id for each in rows), table


def test_insert_missing_tells_calls_of_one_id_apart(store: ClickHouseStore, org: str) -> None:
    first, later = row(org, 0, id=org), row(org, 2, id=org)
    other = row(f"{org} of another", 0, id=org)
    insert(store, [first], [], f"{org}:first")
    insert_missing(store, [row(org, 1), later, other, row(org, -1)], [], f"{org}:second")
    assert (store.count(matching(org=org)), store.count(matching(org=other.org))) == (4, 1)


def test_calls_that_settled_an_id_are_found_in_their_organisation(store: ClickHouseStore, org: str) -> None:
    first, other, none = row(org, 1, settled_id="resp_1"), row(org + "-other", 2, settled_id="resp_1"), row(org, 3)
    insert(store, [first, other, none], [], org)
    assert store.settlements(org, ["resp_1", "resp_2"]) == [("resp_1", first.start, first.id)]
    assert store.settlements(org, ["resp_2"]) == []


def test_pages_follow_each_other_without_gap_or_repeat(store: ClickHouseStore, org: str) -> None:
    rows = [row(org, number // 3) for number in range(20)]  # several calls share a microsecond
    insert(store, rows, [], org)
    seen: list[str] = []
    cursor = None
    while page := store.page(matching(org=org), cursor, 7):
        seen += [each["id"] for each in page]
        cursor = (micros(page[-1]["start"]), page[-1]["id"])
    assert seen == [each.id for each in sorted(rows, key=lambda each: (each.start, each.id), reverse=True)]


def test_a_call_is_found_by_its_id_whoever_made_the_id(store: ClickHouseStore, org: str) -> None:
    rows = [
        row(org, id="11111111-2222-4333-8444-555555555555"),
        row(org, id=uuid7(START_US - 10**15)),  # a version 7 id that says another time
    ]
    insert(store, rows, [], org)
    assert [store.get(org, each.id) is not None for each in rows] == [True, True]
    assert store.get("someone else", rows[0].id) is None
    assert store.get(org, uuid7(START_US)) is None


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["c", "b", "a"]),
        ({"user": "u1"}, ["b", "a"]),
        ({"session": "s1"}, ["a"]),
        ({"model": "asked"}, ["b"]),
        ({"model": "gpt-4o"}, ["a"]),
        ({"provider": "openai"}, ["b", "a"]),
        ({"status": "429"}, ["b"]),
        ({"status": "4xx"}, ["b"]),
        ({"status": ">=400"}, ["c", "b"]),
        ({"status": "<300"}, ["a"]),
        ({"status": "200, 5XX"}, ["c", "a"]),
        ({"property": {"App": "x"}}, ["a"]),
        ({"property": {"app": ""}}, ["b"]),
        ({"property": {"app": "x", "tier": "pro"}}, ["a"]),
        ({"property": {"app": "x", "tier": "free"}}, []),
        ({"since": START_US + 1000}, ["c", "b"]),
        ({"until": START_US + 1000}, ["a"]),
        ({"text": "HELLO"}, ["a"]),
        ({"text": "wörld"}, ["b"]),
        ({"name": "b"}, ["b"]),
        ({"error": "rate_limited"}, ["b"]),
        ({"error": "*"}, ["c", "b"]),
        ({"min_cost": 50e-9}, ["a"]),
        ({"min_latency": 20.0}, ["c"]),
        ({"cached": True}, ["c"]),
        ({"cached": False}, ["b", "a"]),
        ({"key": "k1"}, ["a"]),
        ({"prompt": "p1"}, ["b"]),
        ({"outcome": "send"}, ["c"]),
        ({"trace": "0af7651916cd43dd8448eb211c80319c"}, ["a"]),
    ],
)
def test_filters(store: ClickHouseStore, filters: dict[str, Any], names: list[str]) -> None:
    org = "filtered"
    a = row(org, 0, request_name="a", user_id="u1", session_id="s1", model="gpt-4o", provider="openai")
    a.properties, a.request_preview, a.cost_nanousd = {"app": "x", "tier": "pro"}, "oh, hello there", 100
    b = row(
        org, 1, request_name="b", user_id="u1", model="answered", model_asked="asked", provider="openai", status=429
    )
    b.properties, b.response_preview, b.error, b.latency_ms = {"app": ""}, "WÖRLD", "rate_limited", 5.0
    c = row(org, 2, request_name="c", user_id="u2", status=529, latency_ms=30.0, cached=True)
    a.key, b.prompt_id, c.outcome, a.trace_id = "k1", "p1", "send", "0af7651916cd43dd8448eb211c80319c"
    a.id, b.id, c.id = "filtered-a", "filtered-b", "filtered-c"  # the same rows for all cases: so each is there once
    insert(store, [a, b, c], [], "filtered")
    assert found(store, org=org, **filters) == names
    assert store.count(matching(org=org, **filters)) == len(names)


def test_an_unknown_filter_is_refused(store: ClickHouseStore) -> None:
    with pytest.raises(FilterError, match="nmae"):
        store.count(Filter("o", {"nmae": "x"}))


def test_every_filter_is_tried_here() -> None:
    """`test_filters` has a case for each row of the table."""
    cases = next(mark for mark in test_filters.pytestmark if mark.name == "parametrize").args[1]  # type: ignore[attr-defined]
    assert {name for values, _ in cases for name in values} == {row.name for row in FILTERS}


def test_arrivals_come_in_order_of_arrival_whatever_their_start(store: ClickHouseStore, org: str) -> None:
    first, second, third = (row(org, 9 - number, ingested_at=START_US + number) for number in range(3))
    insert(store, [first, second], [], f"{org}:1")
    insert(store, [third, row("another", 0, ingested_at=START_US + 1)], [], f"{org}:2")

    def arrived(after_us: int, limit: int = 10, **values: Any) -> list[str]:
        return [each["id"] for each in store.arrivals(matching(org, **values), after_us, limit)]

    assert arrived(0) == [first.id, second.id, third.id]
    assert arrived(0, 2) == [first.id, second.id]
    assert arrived(START_US + 1) == [third.id]
    assert arrived(START_US + 2) == []
    assert arrived(0, status="4xx") == []
    assert store.last_arrival_us(org) == START_US + 2
    assert store.last_arrival_us(f"{org} of nobody") == 0


HOSTILE = (
    "' OR 1=1 --",
    "\\' OR 1=1 --",
    "'; DROP TABLE requests; --",
    "x') OR ('1'='1",
    "{org:String}",
    "%s %(org)s",
    "/* filters */",
    "\0\n\t\\N",
    "`requests`",
    "\u2019 OR \u20181\u2019=\u20181",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_is_never_sql(store: ClickHouseStore, org: str, text: str) -> None:
    mine = row(org, 1, request_name="mine", user_id=text, model=text, properties={text.lower(): text}, error=text)
    mine.request_preview = text
    insert(store, [row(org, 0, request_name="other"), mine], [], org)
    for filters in (
        {"user": text},
        {"model": text},
        {"error": text},
        {"text": text},
        {"property": {text: text}},
    ):
        assert found(store, org=org, **filters) == ["mine"], filters
    assert found(store, org=text) == []
    assert store.get(org, text) is None
    assert store.get(text, mine.id) is None
    assert store.page(matching(org=org), (START_US, text), 5) is not None
    assert store.count(matching(org=org)) == 2


@pytest.mark.parametrize("status", ["abc", "4x", ">=", "==200", "4000", "200,", "٤٠٤"])
def test_a_status_that_means_nothing_is_refused(store: ClickHouseStore, status: str) -> None:
    with pytest.raises(FilterError, match="status"):
        store.count(matching(org="x", status=status))


def test_queries_cannot_write_or_leave_the_store(store: ClickHouseStore) -> None:
    for sql in (
        "INSERT INTO requests (id) VALUES ('x')",
        "DROP TABLE requests",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SET readonly = 0",
    ):
        with pytest.raises(StoreError):
            store.read(sql, {})


def shards(store: ClickHouseStore) -> list[Any]:
    """How each part of the store made its tables."""
    made = []
    for owner in store._connections.owners():
        made.append(owner.query("SHOW CREATE TABLE requests").result_rows[0][0])
    return made


def test_retention_and_migrations_are_those_of_the_tables_themselves(store: ClickHouseStore) -> None:
    assert all("MergeTree" in made and "toIntervalDay(18250)" in made for made in shards(store))
    for owner in store._connections.owners():
        applied = [row[0] for row in owner.query("SELECT version FROM schema_migrations ORDER BY version").result_rows]
        assert applied == [int(path.name.split("_")[0]) for path in sorted(SCHEMA.glob("[0-9]*.sql"))]


def test_a_cluster_spreads_calls_and_keeps_a_call_and_its_bodies_together(store: ClickHouseStore, org: str) -> None:
    rows = [row(org, number) for number in range(40)]
    insert(store, rows, [body(each) for each in rows], org)
    parts = []
    for owner in store._connections.owners():
        calls, bodies = (
            {row[0] for row in owner.query(f"SELECT id FROM {table} WHERE org = '{org}'").result_rows}
            for table in ("requests", "bodies")
        )
        assert calls == bodies != set()
        parts.append(calls)
    assert sum(map(len, parts)) == len(set().union(*parts)) == 40
    assert len(parts) == (2 if "[cluster]" in org else 1)


REOPEN = textwrap.dedent(
    """
    import sys
    from proxy.logstore import Filter, RequestRow
    from proxy.logstore.clickhouse import ClickHouseStore
    from proxy.logstore.exactly_once import insert
    url, days, write = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    store = ClickHouseStore.open(url, ttl_days=days, body_ttl_days=1 if days else 0)
    if write:
        rows = [RequestRow(id="i", org="o", start=4_000_000_000_000_000)]
        insert(store, rows, [], write)
    made = [str(store.read(f"SHOW CREATE TABLE {t}", {})) for t in ("requests", "bodies")]
    sql = "SELECT version FROM schema_migrations ORDER BY version"
    applied = [(row["version"],) for row in store.read(sql, {})]
    print(store.count(Filter("o")), [("toIntervalDay" in text) for text in made], applied)
    sys.stdout.flush()
    import os; os._exit(0) if write else store.close()
    """
)


def test_a_store_is_the_same_after_a_crash_and_its_life_can_be_changed(tmp_path: Path) -> None:
    def reopen(days: int, write: str = "") -> str:
        command = [sys.executable, "-c", REOPEN, f"chdb://{tmp_path / 'log'}", str(days), write]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()

    applied = [(int(path.name[:4]),) for path in sorted(SCHEMA.glob("[0-9]*.sql"))]
    assert reopen(0, "token") == f"1 [False, False] {applied}"
    assert reopen(30, "token") == f"1 [True, True] {applied}"
    assert reopen(0) == f"1 [False, False] {applied}"
    written = sum(path.stat().st_size for path in (tmp_path / "log").rglob("*") if path.is_file())
    assert written < 1_000_000, "the engine logs about itself into the data folder"


def test_a_store_that_is_not_there_says_so_without_its_password() -> None:
    with pytest.raises(StoreError) as caught:
        ClickHouseStore.open("clickhouse://user:hidden@127.0.0.1:1/db")
    assert "hidden" not in str(caught.value)
