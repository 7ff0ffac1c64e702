"""Filters and expressions over annotations are what plain Python says of the same rows."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.core.clock import uuid7
from proxy.logstore import Filter, RequestRow
from proxy.logstore.annotations import Annotations, annotations_of, known_requests
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert
from proxy.logstore.rows import AnnotationRow
from proxy.query import Context, FilterError, Leaf, compile_filter, parse_filter
from proxy.query.annotations import property_sql, rating_sql, score_sql
from proxy.query.binding import Binder, Window
from proxy.query.check import check_leaf
from tests.contract.log_stores import STORES, open_store

START_US = 1_780_000_000_000_000
NOW_US = START_US + 86_400_000_000
ORG = "annotated"
VALUES = ("", "ada", "7", "0.5", "true", "false", "dry wit")
NUMBERS = (-1.0, -0.5, 0.0, 0.5, 1.0, 7.0)


def make_rows(chance: random.Random) -> list[RequestRow]:
    rows: list[RequestRow] = []
    for number in range(150):
        start = START_US + number * 1000
        sent = {"team": chance.choice(VALUES)} if chance.random() < 0.6 else {}
        sent |= {"plain": "as sent"} if chance.random() < 0.5 else {}
        rows.append(RequestRow(id=uuid7(start), org=ORG, start=start, properties=sent, request_name=str(number)))
    return rows


def make_annotations(chance: random.Random, rows: list[RequestRow]) -> list[AnnotationRow]:
    made: list[AnnotationRow] = []
    for number in range(500):
        at = START_US + 3_600_000_000 + number // 3  # some at the same time: then the id decides
        common: dict[str, Any] = {"id": f"{number:036}", "org": ORG, "at": at, "by": "me"}
        common |= {"request_id": chance.choice(rows).id, "removed": chance.random() < 0.2}
        match chance.randrange(5):
            case 0:
                row = AnnotationRow(kind="feedback", number=chance.choice(NUMBERS[:5]), **common)
            case 1:
                row = AnnotationRow(kind="property", name="team", text=chance.choice(VALUES), **common)
            case 2:
                row = AnnotationRow(kind="score", name="s", type="category", text=chance.choice(VALUES[1:]), **common)
            case 3:
                truth = float(chance.random() < 0.5)
                row = AnnotationRow(kind="score", name="s", type="boolean", number=truth, **common)
            case _:
                row = AnnotationRow(kind="score", name="s", type="number", number=chance.choice(NUMBERS), **common)
        if row.removed:
            row.number, row.text, row.type = None, "", ""
        made.append(row)
    made += [  # none of these is of a call of this organisation
        AnnotationRow(id="x1", org="other", at=NOW_US, kind="score", name="s", number=7, request_id=rows[0].id),
        AnnotationRow(id="x2", org=ORG, at=NOW_US, kind="score", name="s", number=7, session_id="session"),
        AnnotationRow(id="x3", org=ORG, at=NOW_US, kind="score", name="s", number=7, request_id=uuid7(NOW_US)),
    ]
    return made


CHANCE = random.Random(3)
ROWS = make_rows(CHANCE)
MADE = make_annotations(CHANCE, ROWS)


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log")) as opened:
        insert(opened, ROWS, [], "rows")
        shuffled = random.Random(5).sample(MADE, len(MADE))
        opened.write("annotations", shuffled[:250], "first")
        opened.write("annotations", shuffled[250:], "second")
        opened.write("annotations", shuffled[250:], "second")
        yield opened


@pytest.fixture(scope="module")
def said(store: ClickHouseStore) -> dict[str, Annotations]:
    found = annotations_of(store, ORG, [row.id for row in ROWS])
    return {row.id: found.get(row.id, Annotations()) for row in ROWS}


def value_of(row: RequestRow, column: str, said: dict[str, Annotations]) -> Any:
    if column == "feedback":
        return said[row.id].rating
    if column == "score.s":
        return said[row.id].scores.get("s")
    name = column.partition(".")[2]
    return said[row.id].properties.get(name, row.properties.get(name))


def holds(leaf: Leaf, value: Any) -> bool:
    """What a comparison says of a value; None is a call that has none."""
    if leaf.op == "ne":
        return not holds(Leaf(leaf.column, "eq", leaf.value), value)
    if leaf.op == "in":
        return any(holds(Leaf(leaf.column, "eq", each), value) for each in leaf.value)
    if value is None or leaf.op == "exists":
        return value is not None
    if leaf.op == "eq":
        if leaf.column == "feedback" and leaf.value in ("good", "bad", "neutral"):
            return {"good": value > 0, "bad": value < 0, "neutral": value == 0}[str(leaf.value)]
        if isinstance(value, bool):
            return bool(leaf.value == str(value).lower() or number_of(leaf.value) == float(value))
        return bool(leaf.value == value if isinstance(value, str) else number_of(leaf.value) == value)
    if leaf.op == "contains":
        return isinstance(value, str) and leaf.value.lower() in value.lower()
    if leaf.op == "starts_with":
        return isinstance(value, str) and value.startswith(leaf.value)
    number = number_of(value) if leaf.column.startswith("property") else value
    if isinstance(number, bool | str) or number is None:
        return False
    if leaf.op == "between":
        return bool(leaf.value[0] <= number <= leaf.value[1])
    return bool({"lt": number < leaf.value, "lte": number <= leaf.value, "gt": number > leaf.value}.get(
        leaf.op, number >= leaf.value))  # fmt: skip


def number_of(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@st.composite
def leaves(draw: st.DrawFn) -> Leaf:
    column = draw(st.sampled_from(["score.s", "feedback", "property.team", "property.plain"]))
    ops = ["eq", "ne", "in", "lt", "lte", "gt", "gte", "between", "exists"]
    op: Any = draw(st.sampled_from(ops + ([] if column == "feedback" else ["contains", "starts_with"])))
    numbers = st.sampled_from(NUMBERS)
    texts = st.sampled_from(("good", "bad", "neutral", "1", "-0.5") if column == "feedback" else VALUES)
    if op == "exists":
        return Leaf(column, op)
    if op == "between":
        return Leaf(column, op, (draw(numbers), draw(numbers)))
    if op == "in":
        return Leaf(column, op, tuple(draw(st.lists(texts, max_size=3))))
    if op in ("lt", "lte", "gt", "gte"):
        return Leaf(column, op, draw(numbers))
    return Leaf(column, op, draw(texts if op != "contains" else texts.filter(bool)))


def selected(store: ClickHouseStore, leaf: Any, window: Window | None = None) -> list[int]:
    condition = compile_filter(
        leaf, org=ORG, now_us=NOW_US, window=window, updated_properties=store.updated_properties(ORG)
    )
    sql = f"SELECT request_name FROM requests WHERE org = {{org:String}} AND ({condition.text})"
    return sorted(int(row["request_name"]) for row in store.read(sql, {"org": ORG, **condition.values}))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(leaf=leaves())
def test_a_filter_selects_what_python_selects(store: ClickHouseStore, said: dict[str, Annotations], leaf: Leaf) -> None:
    checked = check_leaf(leaf, "filter")
    expected = [number for number, row in enumerate(ROWS) if holds(checked, value_of(row, leaf.column, said))]
    assert selected(store, checked) == expected
    assert selected(store, checked, Window(START_US, NOW_US)) == expected


@pytest.mark.parametrize(
    ("text", "json"),
    [
        ("score.s>0.5", {"column": "score.s", "op": "gt", "value": 0.5}),
        ("score.s:true", {"column": "score.s", "op": "eq", "value": True}),
        ("score.s:7", {"column": "score.S", "op": "eq", "value": 7}),
        ('score.s:"dry wit"', {"column": "score.s", "op": "eq", "value": "dry wit"}),
        ("feedback:good", {"column": "feedback", "op": "eq", "value": "good"}),
        ("feedback:*", {"column": "feedback", "op": "exists"}),
    ],
)
def test_both_forms_ask_the_same(store: ClickHouseStore, text: str, json: dict[str, Any]) -> None:
    found = selected(store, parse_filter(text))
    assert found
    assert found == selected(store, parse_filter(json))


def test_a_rating_is_good_bad_neutral_or_a_number() -> None:
    with pytest.raises(FilterError, match="good, bad, neutral"):
        compile_filter(parse_filter("feedback:superb"), org=ORG, now_us=NOW_US)


def test_expressions_group_and_aggregate(store: ClickHouseStore, said: dict[str, Annotations]) -> None:
    context = Context(ORG, NOW_US, Binder(), updated_properties=store.updated_properties(ORG))
    assert context.updated_properties == {"team"}
    value, present = property_sql("team", context)
    score, rating = score_sql("s", context), rating_sql(context)
    sql = (
        f"SELECT {value} AS team, {present} AS present, count() AS calls, sum({score}) AS score,"
        f" count({rating}) AS rated FROM requests WHERE org = {{org:String}} GROUP BY team, present"
    )
    rows = store.read(sql, {"org": ORG, **context.binder.values})
    teams = Counter(value_of(row, "property.team", said) for row in ROWS)
    assert {row["team"] if row["present"] else None: row["calls"] for row in rows} == teams
    scores = [one.scores["s"] for one in said.values() if "s" in one.scores]
    assert sum(row["score"] or 0 for row in rows) == sum(one for one in scores if not isinstance(one, str))
    assert sum(row["rated"] for row in rows) == sum(one.rating is not None for one in said.values())


def test_a_change_of_a_property_is_seen_at_once(store: ClickHouseStore) -> None:
    call = RequestRow(id=uuid7(START_US), org="changed", start=START_US, properties={"team": "red"})
    insert(store, [call], [], "changed")
    asked = Filter("changed", {"property": {"Team": "blue"}})
    assert (store.count(asked), store.updated_properties("changed")) == (0, frozenset())
    change = AnnotationRow(
        id="c", org="changed", at=NOW_US, request_id=call.id, kind="property", name="team", text="blue"
    )
    store.write("annotations", [change], "changed")
    assert (store.count(asked), store.updated_properties("changed")) == (1, {"team"})
    assert [row["properties"] for row in store.page(asked)] == [{"team": "blue"}]
    removal = AnnotationRow(
        id="d", org="changed", at=NOW_US, request_id=call.id, kind="property", name="team", removed=True
    )
    store.write("annotations", [removal], "removed")
    shown = store.get("changed", call.id)
    assert shown is not None
    assert (store.count(asked), shown["properties"]) == (0, {})


def test_a_change_is_seen_however_much_was_said_after_it(store: ClickHouseStore) -> None:
    calls = [RequestRow(id=uuid7(START_US + at), org="talked of", start=START_US + at) for at in range(3)]
    insert(store, calls, [], "talked of")
    common: dict[str, Any] = {"org": "talked of", "by": "me"}
    first = [
        AnnotationRow(id=f"a{at}", at=NOW_US, request_id=call.id, kind="property", name="team", text=str(at), **common)
        for at, call in enumerate(calls)
    ]
    notes = [
        AnnotationRow(id=f"n{at:05}", at=NOW_US + 1 + at, request_id=calls[0].id, kind="note", text="x", **common)
        for at in range(12_000)
    ]
    store.write("annotations", first, "talked of: first")
    store.write("annotations", notes, "talked of: notes")
    shown = {row["id"]: row["properties"] for row in store.page(Filter("talked of"))}
    assert shown == {call.id: {"team": str(at)} for at, call in enumerate(calls)}
    said = annotations_of(store, "talked of", [call.id for call in calls])
    assert said[calls[2].id].properties == {"team": "2"}
    assert len(said[calls[0].id].notes) == 2000


def test_a_call_is_known_whatever_its_id_says_of_its_time(store: ClickHouseStore) -> None:
    odd = RequestRow(id="11111111-2222-4333-8444-555555555555", org="known", start=START_US)
    far = RequestRow(id=uuid7(START_US - 10**14), org="known", start=START_US)
    insert(store, [odd, far], [], "known")
    ids = [odd.id, far.id, uuid7(START_US), ROWS[0].id]
    assert known_requests(store, "known", ids) == {odd.id, far.id}
