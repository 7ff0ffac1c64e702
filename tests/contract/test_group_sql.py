"""Lists of groups and queries of sessions answer on each kind of store; tests/e2e has their figures in detail."""

from collections.abc import Iterator

import pytest

from proxy.control.sessions.reader import SessionReader
from proxy.core.clock import uuid7
from proxy.logstore import RequestRow
from proxy.logstore.clickhouse import ClickHouseStore
from proxy.logstore.exactly_once import insert
from proxy.logstore.rows import AnnotationRow
from proxy.query import Context, Window, parse_filter
from proxy.query.binding import Binder
from proxy.query.group_lists import (
    ERRORS,
    MODELS,
    PROMPT_VERSIONS,
    PROVIDERS,
    SESSIONS,
    TOOLS,
    USERS,
    property_names,
    property_values,
)
from proxy.query.groups import GroupList, GroupQuestion, compile_groups
from tests.contract.log_stores import STORES, open_store

START_US = 1_780_000_000_000_000
WINDOW = Window(START_US, START_US + 3_600_000_000)
ORG = "groups"


def rows() -> list[RequestRow]:
    made: list[RequestRow] = []
    for number in range(40):
        start = START_US + number * 1_000_000
        failed = number % 4 == 1
        made.append(
            RequestRow(
                id=uuid7(start),
                org=ORG,
                start=start,
                user_id=f"u{number % 3}",
                session_id=f"s{number % 2}",
                session_path=f"/a/{number % 5}",
                model="m",
                provider="p",
                prompt_id="greet",
                prompt_version=str(number % 2),
                properties={"app": "web" if number % 2 else "cli"},
                tool_names=["search"] if number % 4 == 3 else [],
                latency_ms=float(number),
                status=500 if failed else 200,
                outcome="success",
                error="overloaded" if failed else "",
                error_message=f"request {number} of 'x{number}' failed" if failed else "",
                cost_nanousd=1000,
                cost_known=True,
            )
        )
    return made


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouseStore]:
    with open_store(request.param, tmp_path_factory.mktemp("log")) as opened:
        made = rows()
        insert(opened, made, [], "rows")
        change = AnnotationRow(
            id="a", org=ORG, request_id=made[0].id, at=START_US, kind="property", name="app", text="tv"
        )
        opened.write("annotations", [change], "change")
        yield opened


def calls_by_key(store: ClickHouseStore, groups: GroupList, **extra: object) -> dict[tuple[object, ...], int]:
    question = GroupQuestion(
        org=ORG, now_us=WINDOW.until_us, window=WINDOW, filter=parse_filter("latency>=0"),
        updated_properties=store.updated_properties(ORG),
    )  # fmt: skip
    sql = compile_groups(groups, question, extra)
    found = store.read(sql.text, dict(sql.values))
    return {tuple(row[f"k_{name}"] for name, _ in groups.keys): row["f_calls"] for row in found}


def test_every_list(store: ClickHouseStore) -> None:
    assert calls_by_key(store, USERS) == {("u0",): 14, ("u1",): 13, ("u2",): 13}
    assert calls_by_key(store, SESSIONS) == {("s0",): 20, ("s1",): 20}
    assert calls_by_key(store, MODELS) == {("m", "p"): 40}
    assert calls_by_key(store, PROVIDERS) == {("p",): 40}
    assert calls_by_key(store, PROMPT_VERSIONS) == {("greet", "0"): 20, ("greet", "1"): 20}
    assert calls_by_key(store, TOOLS) == {("search",): 10}
    assert calls_by_key(store, ERRORS) == {("overloaded", "p", "request <n> of <text> failed", "provider"): 10}
    for make, expected in (
        (property_names, {("app",): 40}),
        (lambda context: property_values("app", context), {("cli",): 19, ("web",): 20, ("tv",): 1}),
    ):
        updated = store.updated_properties(ORG)
        context = Context(ORG, WINDOW.until_us, Binder("c"), window=WINDOW, updated_properties=updated)
        assert calls_by_key(store, make(context), **context.binder.values) == expected


def test_errors_after_a_tool_are_those_of_the_next_call_of_the_session(store: ClickHouseStore) -> None:
    question = GroupQuestion(org=ORG, now_us=WINDOW.until_us, window=WINDOW)
    sql = compile_groups(TOOLS, question)
    assert (
        store.read(sql.text, dict(sql.values))[0]["f_errors_after"] == 9
    )  # the last search is the session's last call


def test_a_session(store: ClickHouseStore) -> None:
    reader = SessionReader(store, ORG, "s1")
    assert reader.start_us() == START_US + 1_000_000
    tree = reader.paths([])
    assert (tree.total.calls, tree.total.errors, len(tree.children[0].children)) == (20, 10, 5)
    assert reader.spans().total.calls == 20
    assert [row["session_path"] for row in reader.calls(prefix=["a", "1"])] == ["/a/1"] * 4
    assert [row["session_path"] for row in reader.calls(limit=2, skip=18)] == [
        row["session_path"] for row in reader.calls()[18:]
    ]
    found = reader.outline("", -1)
    assert (found["calls"], found["slowest"][2] < 20, found["asked"][0]) == (20, True, "")
    assert found["first_error"][2] < reader.outline("", found["first_error"][2])["next_error"][2]
    running, failed = reader.running(*reader.span_us(), 10)
    assert (len(running), sum(failed)) == (10, 10)
