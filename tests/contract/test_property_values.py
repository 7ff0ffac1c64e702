"""Suggestions: each call counts once, whatever was repeated or broke off, and only its own organisation sees them."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from proxy.core.clock import now_us, uuid7
from proxy.logstore import RequestRow
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert
from proxy.logstore.rows import AnnotationRow
from proxy.logstore.values import SETTLED_US, ValueCollector, suggest, suggest_scores
from tests.contract.log_stores import STORES, open_store

DAY = "2020-01-01"
START_US = now_us() - 20 * 86_400_000_000
ARRIVALS = itertools.count(START_US)
"""Calls of all tests arrive one after the other."""


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log")) as opened:
        yield opened


@pytest.fixture
def org(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


def call(org: str, number: int = 0, **fields: Any) -> RequestRow:
    start = START_US + number * 7_200_000_000  # over many days
    return RequestRow(id=uuid7(start), org=org, start=start, ingested_at=next(ARRIVALS), **fields)


def calls(org: str, count: int, first: int = 0) -> list[RequestRow]:
    chance = random.Random(first)
    return [
        call(
            org,
            number,
            user_id=chance.choice(("", "ada", "adam", "Bob", "böse")),
            model=chance.choice(("gpt-4o", "claude")),
            status=200,
            properties={"app": chance.choice(("web", "cli")), "n": str(number)},
            tool_names=["search", "read"] if number % 2 else [],
        )
        for number in range(first, first + count)
    ]


def collect(store: ClickHouseStore, collector: ValueCollector | None = None, until_us: int = 0) -> None:
    collector = collector or ValueCollector(store)
    while collector.collect((until_us or next(ARRIVALS)) + SETTLED_US):
        pass


def counts(store: ClickHouseStore, org: str, name: str, text: str = "") -> dict[str, int]:
    return {one.value: one.calls for one in suggest(store, org, name, text, DAY, 100)}


def test_every_call_counts_once(store: ClickHouseStore, org: str) -> None:
    rows: list[RequestRow] = []
    insert(store, calls(f"{org} of another", 5), [], f"{org}:another")
    collector = ValueCollector(store)
    for first in range(0, 90, 30):
        batch = calls(org, 30, first)
        insert(store, batch, [], f"{org}:{first}")
        insert(store, batch, [], f"{org}:{first}")  # sent once more
        rows += batch
        collect(store, collector)
        collect(store)  # another control plane, which takes what was noted last once more
    assert counts(store, org, "user") == Counter(row.user_id for row in rows if row.user_id)
    assert counts(store, org, "model") == Counter(row.model for row in rows)
    assert counts(store, org, "tool") == {"search": 45, "read": 45}
    assert counts(store, org, "status") == {"200": 90}
    assert counts(store, org, "property") == {"app": 90, "n": 90}
    assert counts(store, org, "property.app") == Counter(row.properties["app"] for row in rows)
    assert sum(counts(store, f"{org} of another", "property.app").values()) == 5
    assert counts(store, "nobody", "user") == {}


def test_a_range_that_was_noted_and_not_taken_is_taken_later(store: ClickHouseStore, org: str) -> None:
    class Breaks(ValueCollector):
        def _take(self, calls: Any) -> None:
            if calls.until_us >= rows[0].ingested_at:
                raise KeyboardInterrupt

    rows = calls(org, 20)
    insert(store, rows, [], org)
    with pytest.raises(KeyboardInterrupt):
        collect(store, Breaks(store))
    assert counts(store, org, "model") == {}
    collect(store)
    assert counts(store, org, "model") == Counter(row.model for row in rows)


def test_calls_that_have_just_arrived_wait(store: ClickHouseStore, org: str) -> None:
    rows = calls(org, 10)
    insert(store, rows, [], org)
    collector = ValueCollector(store)
    collect(store, collector, rows[4].ingested_at)
    assert counts(store, org, "status") == {"200": 5}
    collect(store, collector)
    assert counts(store, org, "status") == {"200": 10}


def test_values_begin_with_the_text_or_else_contain_it(store: ClickHouseStore, org: str) -> None:
    insert(store, [call(org, user_id=user) for user in ("ada", "ada", "Adam", "madam", "eve", "böse")], [], org)
    collect(store)
    assert [one.value for one in suggest(store, org, "user", "ad", DAY, 10)] == ["ada", "Adam", "madam"]
    assert [one.value for one in suggest(store, org, "user", "", DAY, 2)] == ["ada", "Adam"]
    assert [one.value for one in suggest(store, org, "user", "BÖ", DAY, 10)] == ["böse"]
    assert suggest(store, org, "user", "a%", DAY, 10) == []
    assert suggest(store, org, "user", "ada", "2050-01-01", 10) == []


def test_a_name_with_a_value_a_call_is_bounded(store: ClickHouseStore, org: str) -> None:
    for number in range(3):
        store.execute(
            "INSERT INTO requests (id, org, start, ingested_at, user_id, model)"
            " SELECT toString(generateUUIDv4()), {org:String}, fromUnixTimestamp64Micro({start:Int64}),"
            " fromUnixTimestamp64Micro({arrival:Int64}), concat('user-', toString(number)), 'gpt-4o'"
            " FROM numbers({first:UInt64}, 25000)",
            {"org": org, "start": START_US, "arrival": next(ARRIVALS), "first": number * 25_000},
        )
        collect(store)
    stored = store.read(
        "SELECT count() AS n FROM property_values WHERE org = {org:String} AND name = 'user'", {"org": org}
    )
    assert stored[0]["n"] <= 50_000
    assert counts(store, org, "model") == {"gpt-4o": 75_000}


def test_names_and_categories_of_scores(store: ClickHouseStore, org: str) -> None:
    def score(number: int, name: str, category: str = "") -> AnnotationRow:
        kind: Any = "category" if category else "number"
        return AnnotationRow(id=uuid7(number), org=org, request_id=uuid7(number), at=START_US, kind="score", name=name,
                             type=kind, text=category, number=None if category else 1)  # fmt: skip

    rows = [score(1, "helpful"), score(2, "helpful"), score(3, "tone", "dry"), score(4, "tone", "warm")]
    store.write("annotations", rows, "scores")
    assert [(one.value, one.calls) for one in suggest_scores(store, org, "", "", DAY, 10)] == [
        ("helpful", 2),
        ("tone", 2),
    ]
    assert [one.value for one in suggest_scores(store, org, "tone", "DR", DAY, 10)] == ["dry"]
