"""Pages of calls, in any order and of any size, have every matching call once; totals and histograms count them."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from proxy.control.requests_reader import RequestsReader
from proxy.core.clock import uuid7
from proxy.logstore import FilterError, RequestRow
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert
from proxy.logstore.rows import AnnotationRow
from proxy.query.keyset import SortKey
from proxy.query.requests import EXACT_TOTAL, RequestsPlan, plan_requests
from tests.contract.log_stores import STORES, open_store

START_US = 1_780_000_000_000_000
ORG = "pages"
NULLABLE = ("cost", "latency_ms", "tokens", "score.helpful", "saved_ms", "tokens_per_second")
SORTABLE = (*NULLABLE, "start", "status", "ingested_at", "request_size")


def make_rows() -> list[RequestRow]:
    chance = random.Random(11)
    rows: list[RequestRow] = []
    for number in range(150):
        start = START_US + chance.randrange(12) * 3_600_000_000
        rows.append(
            RequestRow(
                id=uuid7(start),
                org=ORG,
                start=start,
                ingested_at=START_US + number,
                user_id=chance.choice(("ada", "bob", "")),
                status=chance.choice((200, 200, 404, 500)),
                outcome="success",
                cost_nanousd=chance.choice((None, 0, 1, 70_000_000, 1 << 55)),
                latency_ms=chance.choice((None, 0.0, 0.1, 1 / 3, 1e-300, 12.5, 1e300)),
                saved_ms=chance.choice((None, -0.0, 0.0, -1.5)),
                input_tokens=chance.choice((None, 0, 7, (1 << 62) - 1)),
                output_tokens=chance.choice((None, 3)),
                request_size=chance.choice((0, 1, 10)),
                properties={"size": str(number % 3)},
            )
        )
    return rows


ROWS = make_rows()
SCORES = {row.id: number / 7 for number, row in enumerate(ROWS) if number % 5 == 0}


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log")) as opened:
        insert(opened, ROWS, [], "rows")
        insert(opened, [RequestRow(id=uuid7(START_US), org="other", start=START_US)], [], "other")
        scores = [
            AnnotationRow(
                id=uuid7(START_US), org=ORG, request_id=id, at=START_US + 1, kind="score", name="helpful",
                type="number", number=value,
            )
            for id, value in SCORES.items()
        ]  # fmt: skip
        opened.write("annotations", scores, "scores")
        yield opened


def plan(**asked: Any) -> RequestsPlan:
    return plan_requests(**{"org": ORG, "now_us": START_US + 86_400_000_000, **asked})


def value_of(row: RequestRow, column: str) -> float | None:
    match column:
        case "start":
            return float(row.start)
        case "ingested_at":
            return float(row.ingested_at)
        case "cost":
            return None if row.cost_nanousd is None else float(row.cost_nanousd)
        case "score.helpful":
            return SCORES.get(row.id)
        case "tokens":
            if row.input_tokens is None:
                return None if row.output_tokens is None else float(row.output_tokens)
            return float(row.input_tokens + (row.output_tokens or 0))
        case "tokens_per_second":
            if row.latency_ms is None or row.output_tokens is None or row.latency_ms <= 0:
                return None
            return row.output_tokens * 1000 / row.latency_ms
        case _:
            value = getattr(row, column)
            return None if value is None else float(value)


def in_order(rows: list[RequestRow], sort: list[SortKey]) -> list[str]:
    """Ids in the order that is asked for, by plain Python."""
    newest_first = next((key.direction == "desc" for key in sort if key.column == "start"), True)
    rows = sorted(rows, key=lambda row: (row.start, row.id), reverse=newest_first)
    for key in reversed(sort):
        down = key.direction == "desc"

        def rank(row: RequestRow, key: SortKey = key, down: bool = down) -> tuple[bool, float]:
            value = value_of(row, key.column)
            return (value is None, 0.0 if value is None else -value if down else value)

        rows.sort(key=rank)
    return [row.id for row in rows]


def all_pages(store: ClickHouseStore, size: int, **asked: Any) -> list[str]:
    reader = RequestsReader(store)
    ids: list[str] = []
    cursor = ""
    while True:
        rows, next = reader.page(plan(**asked, columns=["id"], cursor=cursor), size)
        ids += [row["id"] for row in rows]
        assert len(rows) == size or next is None
        if next is None:
            return ids
        cursor = next


sort_keys = st.lists(
    st.tuples(st.sampled_from(SORTABLE), st.sampled_from(("asc", "desc"))),
    max_size=3,
    unique_by=lambda key: key[0],
)


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate],
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(keys=sort_keys, size=st.sampled_from((7, 23, 60, 500)), filter=st.sampled_from(("", "status>=400", "user:ada")))
def test_every_call_is_on_one_page_in_its_place(
    store: ClickHouseStore, keys: list[tuple[str, Any]], size: int, filter: str
) -> None:
    sort = [SortKey(*key) for key in keys]
    matching = [
        row for row in ROWS if {"": True, "status>=400": row.status >= 400, "user:ada": row.user_id == "ada"}[filter]
    ]
    assert all_pages(store, size, sort=sort, filter=filter) == in_order(matching, sort)


@pytest.mark.parametrize("keys", [[], [("cost", "desc")], [("latency_ms", "asc")], [("start", "asc")]])
def test_neighbours_are_those_of_the_list(store: ClickHouseStore, keys: list[tuple[str, Any]]) -> None:
    sort = [SortKey(*key) for key in keys]
    ids = in_order([row for row in ROWS if row.status >= 400], sort)
    starts = {row.id: datetime.fromtimestamp(row.start / 1e6, UTC) for row in ROWS}
    reader, asked = RequestsReader(store), plan(sort=sort, filter="status>=400", columns=["id"])
    for at in (0, 1, len(ids) // 2, len(ids) - 2, len(ids) - 1):
        found = reader.neighbours(asked, ids[at], starts[ids[at]])
        assert found.previous == (ids[at - 1] if at else None)
        assert found.next == (ids[at + 1] if at + 1 < len(ids) else None)


def test_a_cursor_of_another_query_is_refused(store: ClickHouseStore) -> None:
    _, next = RequestsReader(store).page(plan(sort=[SortKey("cost")]), 5)
    assert next
    for other in (
        {"sort": [SortKey("cost", "asc")]},
        {"sort": [SortKey("cost")], "filter": "user:ada"},
        {"sort": [SortKey("cost")], "since": "3d"},
        {"sort": [SortKey("cost")], "org": "other"},
    ):
        with pytest.raises(FilterError, match="of the same query"):
            plan(**other, cursor=next)
    for broken in ("x", "1.a", next[:-3], next + "AA", "é"):
        with pytest.raises(FilterError, match="cursor"):
            plan(sort=[SortKey("cost")], cursor=broken)


def test_relative_times_stand_still_from_the_first_page_on(store: ClickHouseStore) -> None:
    reader, ids = RequestsReader(store), []
    rows, next = reader.page(plan(since="20h", columns=["id"]), 20)
    ids += [row["id"] for row in rows]
    while next:
        later = plan(since="20h", columns=["id"], cursor=next, now_us=START_US + 100 * 86_400_000_000)
        rows, next = reader.page(later, 20)
        ids += [row["id"] for row in rows]
    assert ids == in_order([row for row in ROWS if row.start >= START_US + 4 * 3_600_000_000], [])


def test_chosen_columns(store: ClickHouseStore) -> None:
    asked = ["id", "user", "cost", "property.size", "property.absent", "score.helpful", "failed", "start", "properties"]
    rows, _ = RequestsReader(store).page(plan(columns=[*asked, "user"]), 500)
    by_id = {row.id: row for row in ROWS}
    assert len(rows) == len(ROWS)
    for row in rows:
        stored = by_id[row["id"]]
        assert list(row) == asked
        assert row["user"] == stored.user_id
        assert row["cost"] == (None if stored.cost_nanousd is None else stored.cost_nanousd / 1e9)
        assert (row["property.size"], row["property.absent"]) == (stored.properties["size"], None)
        assert row["score.helpful"] == SCORES.get(stored.id)
        assert bool(row["failed"]) == (stored.status >= 400)
        assert row["start"].timestamp() * 1e6 == stored.start


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"columns": ["id", "usr"]}, r"columns\[1\]"),
        ({"columns": ["text"]}, r"columns\[0\]"),
        ({"columns": []}, "columns"),
        ({"sort": [SortKey("cost"), SortKey("user")]}, r"sort\[1\].column"),
        ({"sort": [SortKey("cost"), SortKey("cost")]}, r"sort\[1\].column"),
        ({"sort": [SortKey("model")]}, r"sort\[0\].column"),
        ({"since": "2026-01-02", "until": "2026-01-01"}, "since"),
        ({"zone": "Mars"}, "zone"),
        ({"filter": {"and": [{"column": "status", "op": "gte", "value": "x"}]}}, r"filter.and\[0\].value"),
    ],
)
def test_a_fault_is_named_by_its_path(asked: dict[str, Any], path: str) -> None:
    with pytest.raises(FilterError, match=f"^{path} is "):
        plan(**asked)


def test_small_totals_are_counted(store: ClickHouseStore) -> None:
    reader = RequestsReader(store)
    assert msgspec.to_builtins(reader.total(plan())) == {"value": len(ROWS), "exact": True}
    failed = sum(row.status >= 400 for row in ROWS)
    assert msgspec.to_builtins(reader.total(plan(filter="status>=400"))) == {"value": failed, "exact": True}
    assert msgspec.to_builtins(reader.total(plan(filter="user:nobody"))) == {"value": 0, "exact": True}


def test_large_totals_are_estimated_and_say_so(store: ClickHouseStore) -> None:
    count = 3 * EXACT_TOTAL
    rows = [
        RequestRow(id=uuid7(START_US + at), org="many", start=START_US + at * 1000, status=500 if at % 2 else 200)
        for at in range(count)
    ]
    insert(store, rows, [], "many")
    reader = RequestsReader(store)
    assert reader.total(plan(org="many")).exact
    total = reader.total(plan(org="many", filter="status:500"))
    assert not total.exact and total.value is not None
    assert abs(total.value - count / 2) < count / 20


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("bucket", ["1h", "1d", "auto"])
def test_a_histogram_counts_every_call_in_its_bucket(store: ClickHouseStore, zone: str, bucket: str) -> None:
    found = RequestsReader(store).histogram(plan(zone=zone, filter="user:(ada, bob)"), bucket)
    rows = [row for row in ROWS if row.user_id]
    assert sum(one.calls for one in found.data) == len(rows)
    assert sum(one.errors for one in found.data) == sum(row.status >= 400 for row in rows)
    ends = [*(one.start for one in found.data[1:]), found.end]
    for one, end in zip(found.data, ends, strict=True):
        inside = [row for row in rows if one.start <= datetime.fromtimestamp(row.start / 1e6, UTC) < end]
        assert (one.calls, one.errors) == (len(inside), sum(row.status >= 400 for row in inside))
        if bucket == "1d":
            assert one.start.astimezone(ZoneInfo(zone)).hour == 0
    assert bucket == "auto" or end - one.start == {"1h": timedelta(hours=1), "1d": timedelta(days=1)}[bucket]
    assert RequestsReader(store).histogram(plan(filter="user:nobody"), bucket).data == []
