"""Sessions, users, properties and metrics of Helicone's API agree with the calls that they are made of."""

from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

import httpx
import pytest

from proxy.core.clock import uuid7
from tests.e2e.control_process import ControlProcess, record, spool
from tests.e2e.log_stores import STORES, log_store

START_US = 1_767_225_600_000_000  # 2026-01-01
HOUR_US = 3_600_000_000
PERIOD = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
PERIOD_MS = {"startTimeUnixMs": START_US / 1000, "endTimeUnixMs": START_US / 1000 + 86_400_000}
NO_ANSWER = b'{"error":{"message":"slow down","type":"rate_limit"}}'


class Call:
    """One call, as the questions see it."""

    def __init__(self, number: int) -> None:
        self.at_us = START_US + number * HOUR_US // 2
        self.user = ("ada", "bob", "eve")[number % 3]
        self.session = f"s{number // 4}"
        self.name = "support" if number < 12 else "search"
        self.app = ("web", "mobile")[number % 2]
        self.failed = number % 5 == 4
        self.latency_ms = 100 + 10 * number
        self.tokens = (0, 0) if self.failed else (1000, 10)
        self.cost = 0 if self.failed else 0.0026
        self.id = uuid7(self.at_us)


CALLS = [Call(number) for number in range(24)]


@pytest.fixture(scope="module", params=STORES)
def control(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    data = tmp_path_factory.mktemp("views") / "data"
    for call in CALLS:
        more = {"status": 429, "response_body": NO_ANSWER} if call.failed else {}
        spool(
            data,
            record(
                call.at_us,
                id=call.id,
                user_id=call.user,
                session_id=call.session,
                session_name=call.name,
                properties={"app": call.app},
                property_names={},
                ended_us=call.latency_ms * 1000,
                **more,
            ),
        )
    with log_store(request.param) as settings:
        process = ControlProcess(data, **settings).start().shipped()
        yield process
        process.end()


@pytest.fixture(scope="module")
def api(control: ControlProcess) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {control.token}"}
    with httpx.Client(base_url=control.url, headers=headers, timeout=30) as client:
        yield client


def ask(api: httpx.Client, path: str, **body: Any) -> Any:
    answer = api.post(f"/v1/{path}", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["error"] is None
    return answer.json()["data"]


def refused(api: httpx.Client, path: str, **body: Any) -> str:
    answer = api.post(f"/v1/{path}", json=body)
    assert answer.status_code == 400 and answer.json()["data"] is None, answer.text
    error: str = answer.json()["error"]
    return error


def time_of(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def only(calls: list[Call], **wanted: Any) -> list[Call]:
    return [call for call in calls if all(getattr(call, name) == value for name, value in wanted.items())]


def test_sessions_have_their_sums(api: httpx.Client) -> None:
    found = ask(api, "session/query", search="", timeFilter=PERIOD_MS, timezoneDifference=0, filter="all")
    assert [one["session_id"] for one in found] == ["s5", "s4", "s3", "s2", "s1", "s0"]
    calls = only(CALLS, session="s1")
    assert found[4] == {
        "session_id": "s1",
        "session_name": "support",
        "created_at": time_of(calls[0].at_us),
        "latest_request_created_at": time_of(calls[-1].at_us),
        "total_cost": pytest.approx(sum(call.cost for call in calls)),
        "total_requests": 4,
        "prompt_tokens": sum(call.tokens[0] for call in calls),
        "completion_tokens": sum(call.tokens[1] for call in calls),
        "total_tokens": sum(sum(call.tokens) for call in calls),
        "avg_latency": fmean(call.latency_ms for call in calls),
    }


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"search": "S3"}, ["s3"]),
        ({"search": "sear"}, ["s5", "s4", "s3"]),
        ({"nameEquals": "support"}, ["s2", "s1", "s0"]),
        ({"filter": {"request_response_rmt": {"latency": {"gt": 310}}}}, ["s5"]),
        ({"filter": {"sessions_request_response_rmt": {"session_total_tokens": {"gt": 3500}}}}, ["s5", "s0"]),
        (
            {
                "filter": {
                    "left": {"sessions_request_response_rmt": {"session_total_requests": {"gte": 2}}},
                    "operator": "and",
                    "right": {"request_response_rmt": {"user_id": {"equals": "ada"}}},
                }
            },
            ["s4", "s3", "s1", "s0"],
        ),
        ({"filter": {"sessions_request_response_rmt": {"session_created_at": {"lt": PERIOD["start"]}}}}, []),
        ({"limit": 2, "offset": 1}, ["s4", "s3"]),
        ({"timeFilter": {**PERIOD_MS, "endTimeUnixMs": START_US / 1000 + 1}}, ["s0"]),
    ],
    ids=str,
)
def test_sessions_are_filtered_by_calls_and_by_sums(api: httpx.Client, asked: Any, ids: list[str]) -> None:
    body = {"search": "", "timeFilter": PERIOD_MS, "timezoneDifference": 0, "filter": "all", **asked}
    found = [one["session_id"] for one in ask(api, "session/query", **body)]
    if "sessions_request_response_rmt" in str(asked) and "total_tokens" in str(asked):
        ids = [
            f"s{at}"
            for at in reversed(range(6))
            if sum(sum(call.tokens) for call in only(CALLS, session=f"s{at}")) > 3500
        ]
    elif "session_total_requests" in str(asked):
        ids = [f"s{at}" for at in reversed(range(6)) if len(only(CALLS, session=f"s{at}", user="ada")) >= 2]
    assert found == ids


def test_names_and_spread_of_sessions(api: httpx.Client) -> None:
    names = ask(api, "session/name/query", nameContains="", timezoneDifference=0, timeFilter=PERIOD_MS)
    assert [(one["name"], one["session_count"]) for one in names] == [("search", 3), ("support", 3)]
    assert names[1]["first_used"] == time_of(START_US)
    spread = ask(api, "session/metrics/query", nameContains="support", timezoneDifference=0, pSize="p99")
    assert sum(one["value"] for one in spread["session_count"]) == 3
    assert spread["average"]["session_count"] == [{"average": 4}]
    assert spread["average"]["session_duration"] == [{"average": 5400}]
    costs = [sum(call.cost for call in only(CALLS, session=f"s{at}")) for at in range(3)]
    assert spread["average"]["session_cost"] == [{"average": pytest.approx(fmean(costs))}]
    nothing = ask(api, "session/metrics/query", nameContains="nothing", timezoneDifference=0)
    assert nothing["session_cost"] == [] and nothing["average"]["session_cost"] == [{"average": 0}]
    assert api.post("/v1/session/s1/feedback", json={"rating": True}).json() == {"data": None, "error": None}


def test_users_have_their_sums(api: httpx.Client) -> None:
    totals = {one["user_id"]: one for one in ask(api, "user/query", userIds=["ada", "eve"])}
    assert totals.keys() == {"ada", "eve"}
    calls = only(CALLS, user="ada")
    assert totals["ada"] == {
        "user_id": "ada",
        "count": len(calls),
        "prompt_tokens": sum(call.tokens[0] for call in calls),
        "completion_tokens": sum(call.tokens[1] for call in calls),
        "cost": pytest.approx(sum(call.cost for call in calls)),
    }
    assert len(ask(api, "user/query")) == 3
    seconds = {"startTimeUnixSeconds": START_US / 1e6, "endTimeUnixSeconds": START_US / 1e6 + 1}
    assert [one["user_id"] for one in ask(api, "user/query", timeFilter=seconds)] == ["ada"]
    page = ask(api, "user/metrics/query", filter="all", offset=1, limit=1, sort={"user_id": "asc"})
    assert (page["count"], page["hasUsers"]) == (3, True)
    (bob,) = page["users"]
    calls = only(CALLS, user="bob")
    assert bob["user_id"] == "bob" and bob["total_requests"] == len(calls) == bob["average_requests_per_day_active"]
    assert (bob["active_for"], bob["first_active"]) == (1, time_of(calls[0].at_us))
    assert bob["average_tokens_per_request"] == pytest.approx(fmean(sum(call.tokens) for call in calls))
    newest = {"users_view": {"user_last_active": {"gte": time_of(CALLS[-1].at_us)}}}
    assert [one["user_id"] for one in ask(api, "user/metrics/query", filter=newest)["users"]] == [CALLS[-1].user]
    assert ask(api, "user/metrics/query", filter={"users_view": {"user_cost": {"gt": 99}}})["count"] == 0
    overview = ask(api, "user/metrics-overview/query", filter="all", pSize="p99.9")
    assert sum(one["value"] for one in overview["request_count"]) == 3


def test_properties(api: httpx.Client) -> None:
    assert ask(api, "property/query") == [{"property": "app"}]
    assert ask(api, "property/app/search", searchTerm="OBI") == ["mobile"]
    assert sorted(ask(api, "property/App/search")) == ["mobile", "web"]
    costs = {one["value"]: one["cost"] for one in ask(api, "property/app/top-costs/query", timeFilter=PERIOD)}
    assert costs == {app: pytest.approx(sum(call.cost for call in only(CALLS, app=app))) for app in ("web", "mobile")}
    assert ask(api, "property/app/top-requests/query", timeFilter=PERIOD) == [
        {"value": "mobile", "count": 12}, {"value": "web", "count": 12},
    ]  # fmt: skip
    body = {"timeFilter": PERIOD, "userFilter": {"request_response_rmt": {"user_id": {"equals": "ada"}}}}
    rows = ask(api, "property/properties/over-time", propertyKey="app", dbIncrement="hour", **body)
    assert sum(row["request_count"] for row in rows) == len(only(CALLS, user="ada"))
    assert rows[0] == {
        "property": "web", "request_count": 1, "total_cost": 0.0026, "created_at_trunc": time_of(START_US),
    }  # fmt: skip


def test_totals(api: httpx.Client) -> None:
    filter = {"request_response_rmt": {"properties": {"app": {"equals": "web"}}}}
    calls = only(CALLS, app="web")

    def total(name: str) -> Any:
        return ask(api, f"metrics/{name}", filter=filter, timeFilter=PERIOD)

    assert total("totalRequests") == len(calls)
    assert total("totalCost") == pytest.approx(sum(call.cost for call in calls))
    assert total("averageLatency") == pytest.approx(fmean(call.latency_ms for call in calls))
    assert total("averageTimeToFirstToken") == 45
    assert (total("activeUsers"), total("totalThreats")) == (3, 0)
    average = total("averageTokensPerRequest")
    assert average["average_total_tokens_per_response"] == pytest.approx(fmean(sum(call.tokens) for call in calls))
    assert ask(api, "metrics/requestCount", filter=filter) == len(calls)
    (model,) = [one for one in total("models") if one["model"] == "gpt-4o-2024-08-06"]
    assert model["total_requests"] == sum(not call.failed for call in calls)
    assert total("country") == []


def test_figures_over_time(api: httpx.Client) -> None:
    def over_time(name: str, **more: Any) -> list[dict[str, Any]]:
        body = {"filter": "all", "timeFilter": PERIOD, "dbIncrement": "hour", "timeZoneDifference": 0, **more}
        found: list[dict[str, Any]] = ask(api, f"metrics/{name}", **body)
        return found

    hours = [(START_US + hour * HOUR_US, CALLS[2 * hour : 2 * hour + 2]) for hour in range(24)]
    assert over_time("requestOverTime") == [{"time": time_of(at), "count": len(calls)} for at, calls in hours]
    for name, field, value in (
        ("costOverTime", "cost", lambda call: call.cost),
        ("tokensOverTime", "prompt_tokens", lambda call: call.tokens[0]),
        ("detailedTokensOverTime", "completion_tokens", lambda call: call.tokens[1]),
        ("errorOverTime", "count", lambda call: int(call.failed)),
        ("threatsOverTime", "count", lambda _: 0),
    ):
        wanted = [pytest.approx(sum(map(value, calls))) for _, calls in hours]
        assert [row[field] for row in over_time(name)] == wanted, name
    latencies = [fmean(call.latency_ms for call in calls) if calls else 0 for _, calls in hours]
    assert [row["duration"] for row in over_time("latencyOverTime")] == pytest.approx(latencies)
    assert {row["ttft"] for row in over_time("timeToFirstToken")} == {45, 0}
    assert max(row["count"] for row in over_time("usersOverTime", dbIncrement="day")) == 3
    statuses = over_time("requestStatusOverTime", dbIncrement="day")
    assert {row["status"]: row["count"] for row in statuses} == {
        200: sum(not call.failed for call in CALLS),
        429: sum(call.failed for call in CALLS),
    }
    usage = over_time("modelUsageOverTime", dbIncrement="day")
    assert sum(row["request_count"] for row in usage) == len(CALLS)
    quantiles = over_time("quantiles", dbIncrement="day", metric="latency")
    assert quantiles[0]["p75"] <= quantiles[0]["p99"] <= max(call.latency_ms for call in CALLS)


def test_buckets_are_of_the_callers_clock(api: httpx.Client) -> None:
    for minutes, first in ((300, "2025-12-31T05:00:00.000Z"), (-330, "2025-12-31T18:30:00.000Z")):
        rows = ask(
            api, "metrics/requestOverTime", filter="all", timeFilter=PERIOD, dbIncrement="day",
            timeZoneDifference=minutes,
        )  # fmt: skip
        assert rows[0]["time"] == first and sum(row["count"] for row in rows) == len(CALLS)


def test_scores_over_time(api: httpx.Client) -> None:
    for call, value in zip(CALLS[:2], (0.5, 1.0), strict=True):
        assert api.post(f"/v1/request/{call.id}/score", json={"scores": {"helpful": value}}).status_code == 201
    rows = ask(api, "dashboard/scores/query", userFilter="all", timeFilter=PERIOD, dbIncrement="day")
    assert rows == [{"score_key": "helpful", "score_sum": 0.75, "created_at_trunc": time_of(START_US)}]


def test_what_cannot_be_asked_is_refused_with_its_path(api: httpx.Client) -> None:
    period = {"filter": "all", "timeFilter": PERIOD}
    assert "timeFilter" in refused(api, "metrics/totalCost", filter="all")
    assert "metric is 'cost'" in refused(api, "metrics/quantiles", **period, metric="cost")
    assert "dbIncrement" in refused(api, "metrics/costOverTime", **period, dbIncrement="fortnight")
    assert "timeZoneDifference" in refused(api, "metrics/costOverTime", **period, timeZoneDifference=1e6)
    assert "limit is 2000" in refused(api, "user/metrics/query", filter="all", limit=2000)
    assert "sort.name" in refused(api, "user/metrics/query", filter="all", sort={"name": "asc"})
    either = {"left": {"users_view": {"user_cost": {"gt": 1}}}, "operator": "or", "right": "all"}
    assert "filter.left.users_view.user_cost" in refused(api, "user/metrics/query", filter=either)
    backwards = {"startTimeUnixMs": 2, "endTimeUnixMs": 1}
    assert "timeFilter" in refused(api, "session/query", search="", timeFilter=backwards, timezoneDifference=0)
