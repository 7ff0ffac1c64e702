"""Lists of users, models, properties, errors and the like: each figure is what Python computes from the calls."""

import json
import math
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from proxy.core.clock import now_us
from proxy.core.record import Ingested, Record
from tests.e2e.control_process import ControlProcess, record, spool

Call = dict[str, Any]
MESSAGES = (
    "Rate limit reached for gpt-4o in organization org-a1b2c3 on tokens: Limit 30000, Used 29,{n}. Again in 1.{n}s.",
    "The model `gpt-{n}` does not exist",
)
SHAPES = {
    "Rate limit reached for <id> in organization <id> on tokens: Limit <n>, Used <n>. Again in <n>.",
    "The model <text> does not exist",
}


def answer(model: str, number: int) -> bytes:
    usage = {"prompt_tokens": number, "completion_tokens": 10, "total_tokens": number + 10}
    message = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Yes."}}
    return json.dumps({"model": model, "choices": [message], "usage": usage}).encode()


def failure(number: int) -> bytes:
    message = MESSAGES[number % 2].format(n=100 + number)
    return json.dumps({"error": {"type": "too_many" if number % 2 == 0 else "not_found", "message": message}}).encode()


def tool_calls(now: int) -> list[Record]:
    """A session that ends with a failure after its second search, and one call of two tools outside of any session."""

    def call(number: int, tools: tuple[str, ...], session: str = "tools", **fields: Any) -> Record:
        calls = [{"id": f"c{at}", "type": "function", "function": {"name": name, "arguments": "{}"}}
                 for at, name in enumerate(tools)]  # fmt: skip
        message = {"role": "assistant", "content": None, "tool_calls": calls}
        body = {"model": "gpt-4o", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]}
        at = now - 40 * 86_400_000_000 + number
        return record(at, session_id=session, response_body=json.dumps(body).encode(), **fields)

    step = Ingested("logger", step=True)
    return [
        call(0, ("search",)),
        call(1, ("search", "read", "search")),
        call(2, (), status=500, request_body=b'{"messages": [{"role": "tool", "tool_call_id": "c0"}]}'),
        call(3, ("search",), session=""),
        call(4, ("read",), session="", response_omitted=True),
        call(5, (), dialect="", operation="tool", request_name="weather", ingested=step, session="tools"),
    ]


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    data = tmp_path_factory.mktemp("groups") / "data"
    chance, now = random.Random(11), now_us()
    records = []
    for number in range(120):
        model = chance.choice(("gpt-4o", "gpt-4o-mini", "unpriced"))
        failed = chance.random() < 0.25
        records.append(
            record(
                now - number * 600_000_000,
                user_id=chance.choice(("", "ada", "bob", "cyd")),
                session_id=chance.choice(("", "s/1", "s/2", "s/3")),
                session_name="Chat",
                ended_us=chance.randrange(1_000, 900_000),
                prompt_id=chance.choice(("", "greet")),
                prompt_version=str(chance.randrange(1, 3)),
                properties={"app": chance.choice(("web", "cli")), **({"n": str(number)} if number % 3 else {})},
                request_body=json.dumps({"model": model, "messages": []}).encode(),
                status=400 if failed else 200,
                response_body=failure(number) if failed else answer(model, number),
            )
        )
    spool(data, *records, *tool_calls(now), record(now, org="another", user_id="eve"))
    process = ControlProcess(data).start().shipped()
    yield process
    process.end()


@pytest.fixture(scope="module")
def api(control: ControlProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=control.url, headers={"Authorization": f"Bearer {control.token}"}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def calls(control: ControlProcess) -> list[Call]:
    found: list[Call] = control.get("/api/requests", limit=500, since="30d")["data"]
    assert len(found) == 120
    return found


def asked(api: httpx.Client, path: str, **query: Any) -> Any:
    found = api.get(path, params=query)
    assert found.status_code == 200, found.text
    return found.json()


def failed(call: Call) -> bool:
    return bool(call["error"] or call["status"] >= 400 or call["outcome"] != "success")


def figures(calls: list[Call]) -> dict[str, Any]:
    costs = [call["cost_nanousd"] for call in calls if call["cost_nanousd"] is not None]
    starts = [call["start"] for call in calls]
    return {
        "calls": len(calls),
        "errors": sum(map(failed, calls)),
        "cost": pytest.approx(sum(costs) / 1e9) if costs else None,
        "unknown_cost_calls": sum(not call["cost_known"] for call in calls),
        "input_tokens": sum(call["input_tokens"] or 0 for call in calls),
        "output_tokens": sum(call["output_tokens"] or 0 for call in calls),
        "first_seen": min(starts),
        "last_seen": max(starts),
    }


def grouped(calls: list[Call], key: Callable[[Call], Any]) -> dict[Any, list[Call]]:
    groups: dict[Any, list[Call]] = {}
    for call in calls:
        groups.setdefault(key(call), []).append(call)
    return groups


@pytest.mark.parametrize(
    ("path", "names", "key"),
    [
        ("/api/users", ("user",), lambda call: (call["user_id"],)),
        ("/api/sessions", ("session",), lambda call: (call["session_id"],)),
        ("/api/models", ("model", "provider"), lambda call: (call["model"], call["provider"])),
        ("/api/providers", ("provider",), lambda call: (call["provider"],)),
        (
            "/api/prompt-versions",
            ("prompt", "version"),
            lambda call: (call["prompt_id"], call["prompt_version"]) if call["prompt_id"] else ("",),
        ),
        ("/api/properties/values", ("value",), lambda call: (call["properties"]["app"],)),
    ],
)
@pytest.mark.parametrize("filter", ["", "status<400", "user:(ada, bob) cost>0"])
def test_figures_are_those_of_the_calls(
    api: httpx.Client, calls: list[Call], path: str, names: tuple[str, ...], key: Callable[[Call], Any], filter: str
) -> None:
    match: dict[str, Callable[[Call], bool]] = {
        "": lambda _: True,
        "status<400": lambda call: call["status"] < 400,
        "user:(ada, bob) cost>0": lambda call: call["user_id"] in ("ada", "bob") and (call["cost_nanousd"] or 0) > 0,
    }
    expected = grouped([call for call in calls if match[filter](call)], key)
    expected.pop(("",), None)
    found = asked(api, path, filter=filter, limit=500, **({"name": "APP"} if path.endswith("values") else {}))
    assert found["next"] is None
    assert {tuple(row[name] for name in names) for row in found["data"]} == set(expected)
    for row in found["data"]:
        group = expected[tuple(row[name] for name in names)]
        assert {name: row[name] for name in figures(group)} == figures(group)
        if "latency_p95" in row:
            latencies = sorted(call["latency_ms"] for call in group)
            rank = 0.95 * (len(latencies) - 1)
            low, high = latencies[math.floor(rank)], latencies[math.ceil(rank)]
            assert low * 0.989 <= row["latency_p95"] <= high * 1.011  # the sketch is right to 1 %
        if "users" in row and "sessions" in row:
            assert row["sessions"] == len({call["session_id"] for call in group} - {""})


def test_names_of_properties(api: httpx.Client, calls: list[Call]) -> None:
    found = {row["name"]: row for row in asked(api, "/api/properties")["data"]}
    assert {name: row["calls"] for name, row in found.items()} == {
        "app": 120,
        "n": sum("n" in call["properties"] for call in calls),
    }
    assert {name: row["values"] for name, row in found.items()} == {"app": 2, "n": found["n"]["calls"]}


def test_errors_are_grouped_by_kind_provider_and_shape(api: httpx.Client, calls: list[Call]) -> None:
    found = asked(api, "/api/errors", since="2d")["data"]
    assert {row["shape"] for row in found} == SHAPES
    for row in found:
        group = [call for call in calls if failed(call) and call["error"] == row["error"]]
        assert row["calls"] == len(group) == sum(row["spark"])
        assert len(row["spark"]) == 24
        assert row["users"] == len({call["user_id"] for call in group} - {""})
        newest = max(group, key=lambda call: (call["start"], call["id"]))
        assert (row["example_id"], row["example_message"]) == (newest["id"], newest["error_message"])
        assert (row["origin"], row["statuses"]) == ("provider", [400])
        shape = json.dumps(row["shape"])
        same = asked(api, "/api/requests", q=f"error_shape:{shape} error_origin:provider", limit=500)["data"]
        assert {call["id"] for call in same} == {call["id"] for call in group}


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(("path", "sort"), [
    ("/api/properties/values", "calls"), ("/api/properties/values", "cost"),
    ("/api/properties/values", "last_seen"), ("/api/properties/values", "value"),
    ("/api/properties/values", "latency_p95"), ("/api/models", "provider"),
])  # fmt: skip
def test_pages_follow_each_other_without_gap_or_repeat(api: httpx.Client, path: str, sort: str, order: str) -> None:
    query = {"sort": sort, "order": order, **({"name": "n"} if path.endswith("values") else {})}
    everything = asked(api, path, limit=500, **query)["data"]
    values = [row[sort] for row in everything if row[sort] is not None]
    assert values == sorted(values, reverse=order == "desc")
    seen: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        page = asked(api, path, limit=7, cursor=cursor, **query)
        seen += page["data"]
        cursor = page["next"]
    assert seen == everything


def test_tools_are_counted_by_the_responses_that_call_them(api: httpx.Client) -> None:
    found = asked(api, "/api/tools", since="50d", until="35d")["data"]
    assert {row["tool"]: (row["calls"], row["errors_after"], row["sessions"]) for row in found} == {
        "search": (3, 1, 1),
        "read": (1, 1, 1),
        "weather": (1, 0, 1),
    }
    calls = asked(api, "/api/requests", since="50d", until="35d")["data"]
    assert [call["tool_names"] for call in calls] == [["weather"], [], ["search"], [], ["search", "read"], ["search"]]
    assert [row["tool"] for row in asked(api, "/api/tools", since="50d", filter="tool:weather")["data"]] == ["weather"]


def test_the_call_that_carried_a_tools_result_is_found(api: httpx.Client) -> None:
    calls = asked(api, "/api/sessions/calls", id="tools")["data"]
    assert [call["tool_names"] for call in calls] == [["search"], ["search", "read"], [], ["weather"]]
    found = asked(api, "/api/sessions/tool-results", id="tools", call=calls[0]["id"])["data"]
    assert found == [{"tool": "search", "tool_call_id": "c0", "carried_by": calls[2]["id"], "run": None}]
    assert asked(api, "/api/sessions/tool-results", id="tools", call=calls[2]["id"])["data"] == []
    assert api.get("/api/sessions/tool-results", params={"id": "tools", "call": "x"}).status_code == 400
    unknown = {"id": "tools", "call": "00000000-0000-4000-8000-000000000000"}
    assert api.get("/api/sessions/tool-results", params=unknown).status_code == 404


def test_both_forms_answer_the_same(api: httpx.Client) -> None:
    since = (datetime.fromisoformat(asked(api, "/api/users")["data"][0]["last_seen"]) - timedelta(hours=9)).isoformat()
    short = asked(api, "/api/users", filter="user!=bob", since=since, sort="user", order="asc")
    tree = {"not": {"column": "user", "op": "eq", "value": "bob"}}
    whole = api.post("/api/users/query", json={"filter": tree, "since": since, "sort": "user", "order": "asc"})
    assert whole.status_code == 200, whole.text
    assert whole.json() == short
    assert {row["user"] for row in short["data"]} == {"ada", "cyd"}


def test_rows_compare_with_the_period_before(api: httpx.Client, calls: list[Call]) -> None:
    middle = sorted(call["start"] for call in calls)[60]
    for path, key in (("/api/users", "user_id"), ("/api/models", "model"), ("/api/sessions", "session_id")):
        until = (datetime.fromisoformat(middle) + timedelta(days=1)).isoformat()
        rows = asked(api, path, since=middle, until=until, compare="true")["data"]
        before = [call for call in calls if call["start"] < middle]
        for row in rows:
            name = row[{"user_id": "user", "session_id": "session"}.get(key, key)]
            group = [call for call in before if call[key] == name]
            expected = figures(group) if group else None
            assert row["previous"] is None if expected is None else row["previous"]["calls"] == expected["calls"]
            if expected is not None:
                assert row["previous"]["cost"] == expected["cost"]
                assert row["previous"]["errors"] == expected["errors"]
    assert asked(api, "/api/users")["data"][0]["previous"] is None


def test_the_course_of_calls_adds_up(api: httpx.Client) -> None:
    for path in ("/api/users", "/api/models", "/api/properties"):
        for row in asked(api, path, since="2d")["data"]:
            assert (sum(row["spark"]), sum(row["error_spark"])) == (row["calls"], row["errors"])
            assert len(row["spark"]) == len(row["error_spark"]) == 24


def test_one_user(api: httpx.Client) -> None:
    row = asked(api, "/api/users/one", id="ada")
    assert row == next(each for each in asked(api, "/api/users")["data"] if each["user"] == "ada")
    assert api.get("/api/users/one", params={"id": "eve"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "query", "parameter"),
    [
        ("/api/users", {"sort": "beauty"}, "sort"),
        ("/api/users", {"limit": 501}, "limit"),
        ("/api/users", {"order": "up"}, "order"),
        ("/api/users", {"since": "soon"}, "since"),
        ("/api/users", {"since": "1d", "until": "2d"}, "since"),
        ("/api/users", {"cursor": "abc"}, "cursor"),
        ("/api/users", {"zone": "Mars/Olympus"}, "zone"),
        ("/api/users", {"filter": "colour:red"}, "filter at character 1"),
        ("/api/properties/values", {}, "name"),
        ("/api/errors", {"sort": "spark"}, "sort"),
        ("/api/users", {"q": "user:ada"}, "q"),
        ("/api/users", {"name": "app"}, "name"),
        ("/api/properties/values", {"name": "app", "usr": "ada"}, "usr"),
    ],
)
def test_a_bad_question_is_refused_with_its_place(api: httpx.Client, path: str, query: Any, parameter: str) -> None:
    found = api.get(path, params=query)
    assert (found.status_code, found.json()["parameter"]) == (400, parameter), found.text


def test_a_cursor_of_another_question_is_refused(api: httpx.Client) -> None:
    cursor = asked(api, "/api/users", limit=1)["next"]
    assert api.get("/api/users", params={"cursor": cursor, "limit": 1}).status_code == 200
    for other in ({"sort": "cost"}, {"order": "asc"}, {"filter": "status:200"}):
        assert api.get("/api/users", params={"cursor": cursor, **other}).json()["parameter"] == "cursor"


def test_a_property_that_was_changed_counts_as_it_is_now(api: httpx.Client, calls: list[Call]) -> None:
    changed = [call for call in calls if call["properties"].get("n")][:3]
    before = asked(api, "/api/properties/values", name="app")["data"]
    ids = [call["id"] for call in changed]
    body = {"ids": ids, "properties": {"app": "phone", "n": None, "reviewed": "yes"}}
    assert api.post("/api/annotations", json=body).status_code == 201
    try:
        after = {row["value"]: row["calls"] for row in asked(api, "/api/properties/values", name="app")["data"]}
        assert after["phone"] == 3
        assert sum(after.values()) == sum(row["calls"] for row in before)
        names = {row["name"]: row["calls"] for row in asked(api, "/api/properties")["data"]}
        assert names == {"app": 120, "n": sum("n" in call["properties"] for call in calls) - 3, "reviewed": 3}
        values = {row["name"]: row["values"] for row in asked(api, "/api/properties")["data"]}
        assert values == {"app": 3, "n": names["n"], "reviewed": 1}
        page = asked(api, "/api/requests", property="app=phone")["data"]
        assert {call["id"]: call["properties"]["reviewed"] for call in page} == dict.fromkeys(ids, "yes")
    finally:
        for call in changed:
            body = {"ids": [call["id"]], "properties": {**call["properties"], "reviewed": None}}
            assert api.post("/api/annotations", json=body).status_code == 201
