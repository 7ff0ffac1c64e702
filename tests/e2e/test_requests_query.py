"""Lists of calls over HTTP: the query's two forms, its totals and histogram, neighbours, and what is refused."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from proxy.core.clock import now_us
from tests.e2e.control_process import ControlProcess, record, spool

CALLS = 40


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    """A control plane with calls a minute apart, the newest first in `calls`, and two of another organisation."""
    data = tmp_path_factory.mktemp("query") / "data"
    now = now_us()
    calls = [
        record(
            now - number * 60_000_000,
            user_id=f"user-{number % 3}",
            status=(200, 200, 429, 500)[number % 4],
            ended_us=100_000 + number % 7 * 1000,
            properties={"feature": ("search", "chat")[number % 2]},
        )
        for number in range(CALLS)
    ]
    spool(data, *reversed(calls), record(now, org="other"), record(now, org="other"))
    process = ControlProcess(data).start().shipped()
    process.calls = calls  # type: ignore[attr-defined]
    yield process
    process.end()


def calls_of(control: ControlProcess) -> list[Any]:
    calls: list[Any] = control.calls  # type: ignore[attr-defined]
    return calls


def post(control: ControlProcess, path: str = "/api/requests/query", **body: Any) -> httpx.Response:
    return httpx.post(control.url + path, json=body, headers={"Authorization": f"Bearer {control.token}"}, timeout=30)


def asked(control: ControlProcess, **body: Any) -> Any:
    answer = post(control, **body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_query_has_rows_total_and_histogram(control: ControlProcess) -> None:
    answer = asked(
        control,
        filter="status>=400 property.feature:search",
        since="1h",
        limit=3,
        columns=["id", "user", "cost", "property.feature", "start"],
        total=True,
        histogram={"bucket": "5m"},
    )
    expected = [call for call in calls_of(control) if call.status >= 400 and call.properties["feature"] == "search"]
    assert [row["id"] for row in answer["data"]] == [call.id for call in expected[:3]]
    assert answer["data"][0].keys() == {"id", "user", "cost", "property.feature", "start"}
    assert answer["total"] == {"value": len(expected), "exact": True}
    buckets = answer["histogram"]["data"]
    assert sum(one["calls"] for one in buckets) == sum(one["errors"] for one in buckets) == len(expected)
    assert 12 <= len(buckets) <= 14 and answer["histogram"]["bucket"] == "5m"
    apart = asked(control, filter="status>=400 property.feature:search", since="1h", limit=0, total=True)
    assert (apart["data"], apart["next"], apart["total"], apart["histogram"]) == ([], None, answer["total"], None)


def test_pages_in_another_order_have_every_call_once(control: ControlProcess) -> None:
    expected = [
        call.id
        for call in sorted(calls_of(control), key=lambda call: (call.ended_us, call.started_us, call.id), reverse=True)
    ]
    question: dict[str, Any] = {"sort": [{"column": "latency"}], "limit": 7, "columns": ["id"]}
    found: list[str] = []
    cursor = None
    while len(found) < CALLS:
        page = asked(control, **question, cursor=cursor)
        found += [row["id"] for row in page["data"]]
        cursor = page["next"]
    assert (found, cursor) == (expected, None)
    short = control.get("/api/requests", sort="-latency", limit=7, columns="id,latency")
    assert [row["id"] for row in short["data"]] == expected[:7]
    assert short["data"][0].keys() == {"id", "latency"}
    rest = control.get("/api/requests", sort="-latency", limit=500, columns="id,latency", cursor=short["next"])
    assert [row["id"] for row in rest["data"]] == expected[7:]


def test_both_forms_select_the_same(control: ControlProcess) -> None:
    tree = {
        "and": [
            {"column": "status", "op": "gte", "value": 400},
            {"not": {"column": "user", "op": "eq", "value": "user-0"}},
        ]
    }
    by_tree = asked(control, filter=tree)["data"]
    by_text = asked(control, filter="status>=400 user!=user-0")["data"]
    short = control.get("/api/requests", q="status>=400 -user:user-0")["data"]
    mixed = control.get("/api/requests", q="NOT user:user-0", status=">=400")["data"]
    ids = [call.id for call in calls_of(control) if call.status >= 400 and call.user_id != "user-0"]
    assert [[row["id"] for row in rows] for rows in (by_tree, by_text, short, mixed)] == [ids] * 4
    assert "response_headers" not in by_tree[0] and "request_preview" in by_tree[0]
    assert "attempts" in short[0]


def test_no_body_is_in_a_list(control: ControlProcess) -> None:
    assert "bodies" not in asked(control)["data"][0]
    assert "bodies" not in control.get("/api/requests")["data"][0]


def test_neighbours_within_a_filter(control: ControlProcess) -> None:
    ids = [call.id for call in calls_of(control) if call.status == 500]
    path = f"/api/requests/{ids[2]}/neighbours"
    assert post(control, path, filter="status:500").json() == {"previous": ids[1], "next": ids[3]}
    reversed_list = post(control, path, filter="status:500", sort=[{"column": "start", "direction": "asc"}]).json()
    assert reversed_list == {"previous": ids[3], "next": ids[1]}
    assert post(control, f"/api/requests/{ids[0]}/neighbours", filter="status:500").json()["previous"] is None


def test_a_reader_of_another_organisation_sees_its_own_calls_only(control: ControlProcess) -> None:
    shown = {"Authorization": f"Bearer {control.token}"}
    key = httpx.post(f"{control.url}/api/keys", json={"name": "reader", "scopes": ["read"]}, headers=shown).json()[
        "key"
    ]
    reading = {"Authorization": f"Bearer {key}"}
    answer = httpx.post(f"{control.url}/api/requests/query", json={"total": True, "limit": 500}, headers=reading)
    assert answer.json()["total"] == {"value": CALLS, "exact": True}
    assert {row["org"] for row in answer.json()["data"]} == {"default"}
    assert httpx.post(f"{control.url}/api/requests/query", json={}).status_code == 401


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"limit": 501}, "limit"),
        ({"limit": -1}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"filter": {"and": [{"column": "status", "op": "gte", "value": "x"}]}}, "filter.and[0].value"),
        ({"filter": {"column": "usr", "op": "eq", "value": "ada"}}, "filter.column"),
        ({"filter": "status>="}, "filter at character"),
        ({"filter": 7}, "filter"),
        ({"columns": ["id", "nothing"]}, "columns[1]"),
        ({"sort": [{"column": "model"}]}, "sort[0].column"),
        ({"sort": [{"column": "cost", "direction": "up"}]}, "sort"),
        ({"since": "yesterday"}, "since"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"cursor": "eyJ2IjoxfQ"}, "cursor"),
        ({"histogram": {"bucket": "7m"}}, "histogram.bucket"),
        ({"histogram": {"bucket": "1m"}, "since": "2020-01-01", "until": "2026-01-01"}, "histogram.bucket"),
        ({"colums": ["id"]}, "colums"),
    ],
)
def test_a_bad_query_is_400_with_the_path_to_the_fault(
    control: ControlProcess, body: dict[str, Any], parameter: str
) -> None:
    answer = post(control, **body)
    problem = answer.json()
    assert answer.status_code == 400, problem
    assert parameter in problem.get("parameter", "") or parameter in problem["detail"], problem


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"q": "status>>4"}, "q at character"),
        ({"sort": "model"}, "sort[0].column"),
        ({"columns": "id,nothing"}, "columns[1]"),
        ({"after": "now", "sort": "cost"}, "sort"),
        ({"cursor": "1790000000000000.x"}, "cursor"),
    ],
)
def test_the_short_form_refuses_as_well(control: ControlProcess, query: dict[str, str], parameter: str) -> None:
    status, body = control.ask("/api/requests", **query)
    assert status == 400
    assert json.loads(body)["parameter"].startswith(parameter)
