"""What a filter selects in the engine is what it says: each leaf evaluated in plain Python over the same rows."""

import random
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.core.clock import uuid7
from proxy.logstore import Filter, RequestRow
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert
from proxy.query import And, Leaf, Node, Not, Or, compile_filter, find_column, parse_text
from proxy.query.check import OPS_OF_KIND, check_leaf

START_US = 1_780_000_000_000_000
ORG = "filters"
TEXTS = ("", "ada", "Bob", "a b", 'q"uote', "über", "50%", "a_b", "7", "12.5", "back\\slash", "line\nbreak")
NUMBERS = (0, 1, 7, 12.5, 200, 404, 499, 500, 0.01, 1.5, -3)
PATTERNS = ("^a", "b$", "[0-9]+", "(?i)BOB", "a.b", "")
COLUMNS = (
    *("user", "model", "status", "cost", "latency_ms", "tokens", "cached", "failed", "input_includes_cached"),
    *("start", "cost_missing", "property.size", "property.feature", "property.absent", "status_class"),
)


def make_rows() -> list[RequestRow]:
    chance = random.Random(7)
    rows: list[RequestRow] = []
    for number in range(200):
        start = START_US + chance.randrange(6) * 3_600_000_000
        names = chance.sample(("size", "feature"), chance.randrange(3))
        rows.append(
            RequestRow(
                id=uuid7(start),
                org=ORG,
                start=start,
                user_id=chance.choice(TEXTS),
                model=chance.choice(TEXTS),
                status=chance.choice((0, 200, 404, 499, 500)),
                outcome=chance.choice(("success", "send")),
                error=chance.choice(("", "timeout")),
                cost_nanousd=chance.choice((None, 0, 10_000_000, 1_500_000_000, -3_000_000_000)),
                latency_ms=chance.choice((None, 0.0, 1.5, 12.5, 500.0)),
                input_tokens=chance.choice((None, 0, 7)),
                output_tokens=chance.choice((None, 1, 200)),
                cached=chance.random() < 0.5,
                input_includes_cached=chance.choice((None, True, False)),
                properties={name: chance.choice(TEXTS) for name in names},
                cost_missing=chance.sample(TEXTS, chance.randrange(3)),
                request_name=str(number),
            )
        )
    return rows


ROWS = make_rows()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    opened = ClickHouseStore.open(f"chdb://{tmp_path_factory.mktemp('log') / 'log'}")
    insert(opened, ROWS, [], "rows")
    yield opened
    opened.close()


def value_of(row: RequestRow, column: str) -> Any:
    """What a row holds under a public name; None where it holds nothing."""
    prefix, _, name = column.partition(".")
    if prefix == "property":
        return row.properties.get(name)
    match column:
        case "user":
            return row.user_id
        case "cost":
            return None if row.cost_nanousd is None else row.cost_nanousd / 1e9
        case "tokens":
            both = (row.input_tokens, row.output_tokens)
            return None if both == (None, None) else sum(each or 0 for each in both)
        case "failed":
            return row.error != "" or row.status >= 400 or row.outcome != "success"
        case "status_class":
            return f"{row.status // 100}xx" if row.status else ""
        case _:
            return getattr(row, column)


def number_of(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def holds(leaf: Leaf, row: RequestRow) -> bool:
    kind, value, wanted = find_column("", leaf.column).kind, value_of(row, leaf.column), leaf.value
    if kind == "time":
        wanted = tuple(map(micros_of, wanted)) if leaf.op == "between" else micros_of(wanted)
    if leaf.op in ("lt", "lte", "gt", "gte", "between") and kind == "text":
        value = number_of(value)
    if leaf.op == "ne":
        return not holds(Leaf(leaf.column, "eq", wanted), row)
    if leaf.op == "exists":
        if leaf.column.startswith("property."):
            return value is not None
        return value is not None and value not in ("", [])
    if kind == "texts":
        return {
            "eq": lambda: wanted in value,
            "in": lambda: any(each in value for each in wanted),
            "contains": lambda: any(wanted.lower() in each.lower() for each in value),
        }[leaf.op]()
    if value is None:
        return False
    return bool(
        {
            "eq": lambda: value == wanted,
            "lt": lambda: value < wanted,
            "lte": lambda: value <= wanted,
            "gt": lambda: value > wanted,
            "gte": lambda: value >= wanted,
            "in": lambda: value in wanted,
            "between": lambda: wanted[0] <= value <= wanted[1],
            "contains": lambda: wanted.lower() in value.lower(),
            "starts_with": lambda: value.startswith(wanted),
            "matches": lambda: re.search(wanted, value) is not None,
        }[leaf.op]()
    )


def micros_of(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1e6)


def selected(node: Node, row: RequestRow) -> bool:
    match node:
        case And(nodes):
            return all(selected(each, row) for each in nodes)
        case Or(nodes):
            return any(selected(each, row) for each in nodes)
        case Not(inner):
            return not selected(inner, row)
        case Leaf():
            return holds(node, row)


TIMES = tuple(f"2026-05-28T{hour:02d}:26:40+00:00" for hour in range(18, 24))


@st.composite
def leaves(draw: st.DrawFn) -> Node:
    name = draw(st.sampled_from(COLUMNS))
    kind = find_column("", name).kind
    op: Any = draw(st.sampled_from(OPS_OF_KIND[kind]))
    is_number = kind == "number" or (kind == "text" and op in ("lt", "lte", "gt", "gte", "between"))
    choices: tuple[Any, ...] = NUMBERS if is_number else {"bool": (True, False), "time": TIMES}.get(kind, TEXTS)
    scalar = st.sampled_from(PATTERNS if op == "matches" else choices)
    if op == "exists":
        return Leaf(name, op)
    if op in ("in", "between"):
        size = 2 if op == "between" else draw(st.integers(0, 3))
        return check_leaf(Leaf(name, op, tuple(draw(scalar) for _ in range(size))), "leaf")
    return check_leaf(Leaf(name, op, draw(scalar)), "leaf")


TREES = st.recursive(
    leaves(),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda nodes: And(tuple(nodes)))
        | st.lists(inner, max_size=3).map(lambda nodes: Or(tuple(nodes)))
        | inner.map(Not)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES)
def test_the_engine_selects_what_the_filter_says(store: ClickHouseStore, tree: Node) -> None:
    sql = compile_filter(tree, org=ORG, now_us=START_US)
    rows = store.read(
        f"SELECT request_name FROM requests WHERE org = {{org:String}} AND ({sql.text})", {"org": ORG, **sql.values}
    )
    assert {row["request_name"] for row in rows} == {row.request_name for row in ROWS if selected(tree, row)}


@pytest.mark.parametrize(
    "text", ["cost>1", "latency_ms:*", "cost:(1.5, 0.01)", "input_includes_cached:true", "property.size>5"]
)
def test_a_condition_and_its_opposite_select_every_row_once(store: ClickHouseStore, text: str) -> None:
    counts = [store.count(Filter(ORG, node=parse_text(each))) for each in (text, f"NOT {text}")]
    assert sum(counts) == len(ROWS)
    assert all(counts)
