"""Helicone's API: scripts that were written for it get the same questions answered here."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from proxy.core.clock import now_us
from tests.e2e.control_process import ControlProcess, record, spool

ADA, BOB, EVE = (f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}" for digit in "123")
NOW = now_us()
STREAM = b"""data: {"model":"gpt-4o","choices":[{"index":0,"delta":{"content":"Blue "}}]}

data: {"model":"gpt-4o","choices":[{"index":0,"delta":{"content":"light."},"finish_reason":"stop"}]}

data: [DONE]

"""


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    data = tmp_path_factory.mktemp("helicone") / "data"
    calls = [
        record(NOW - 3_000_000, id=ADA, session_id="s1", session_path="/a/b", session_name="support"),
        record(NOW - 2_000_000, id=BOB, user_id="bob", status=429, ended_us=900_000, response_body=b"slow down"),
        record(
            NOW - 1_000_000,
            id=EVE,
            user_id="eve",
            provider="gemini",
            streamed=True,
            response_type="text/event-stream",
            response_body=STREAM,
            facts={"cache.status": "hit", "cache.source": ADA, "cache.latency_ms": 500},
            properties={"app": "Other", "size": "12"},
            property_names={"app": "App"},
        ),
    ]
    spool(data, *calls)
    process = ControlProcess(data).start().shipped()
    yield process
    process.end()


@pytest.fixture(scope="module")
def api(control: ControlProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=control.url, headers={"Authorization": f"Bearer {control.token}"}) as client:
        yield client


def data_of(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.json().keys() == {"data", "error"} and answer.json()["error"] is None
    return answer.json()["data"]


def found(api: httpx.Client, filter: Any, **more: Any) -> list[str]:
    body = {"filter": filter, "limit": 100, "sort": {"created_at": "asc"}, **more}
    return [one["request_id"] for one in data_of(api.post("/v1/request/query-clickhouse", json=body))]


def rmt(column: str, **comparison: Any) -> dict[str, Any]:
    return {"request_response_rmt": {column: {name.replace("_", "-"): value for name, value in comparison.items()}}}


def test_a_record_has_helicones_fields(api: httpx.Client) -> None:
    (ada,) = data_of(api.post("/v1/request/query", json={"filter": rmt("request_id", equals=ADA)}))
    assert ada == data_of(api.get(f"/v1/request/{ADA}"))
    expected = {
        "request_id": ADA,
        "request_user_id": "ada",
        "request_model": "gpt-4o",
        "response_model": "gpt-4o-2024-08-06",
        "model": "gpt-4o-2024-08-06",
        "response_status": 200,
        "provider": "OPENAI",
        "target_url": "https://api.openai.com/v1/chat/completions",
        "delay_ms": 200,
        "time_to_first_token": 45,
        "prompt_tokens": 1000,
        "completion_tokens": 10,
        "total_tokens": 1010,
        "costUSD": 0.0026,
        "cache_reference_id": "00000000-0000-0000-0000-000000000000",
        "scores": {},
        "feedback_rating": None,
    }
    assert {name: ada[name] for name in expected} == expected
    assert ada["request_created_at"].endswith("Z") and ada["response_created_at"] > ada["request_created_at"]
    assert (
        ada["properties"]
        == ada["request_properties"]
        == {
            "App": "Tester",
            "Helicone-Session-Id": "s1",
            "Helicone-Session-Path": "/a/b",
            "Helicone-Session-Name": "support",
        }
    )
    assert ada["request_body"]["messages"][0]["content"] == "Why is the sky blue?"
    assert ada["response_body"]["choices"][0]["message"]["content"] == "Rayleigh scattering."


def test_a_stream_is_shown_as_the_response_that_it_amounts_to(api: httpx.Client) -> None:
    eve = data_of(api.get(f"/v1/request/{EVE}"))
    assert eve["response_body"]["choices"][0]["message"]["content"] == "Blue light."
    assert eve["response_body"]["streamed_data"] == STREAM.decode()
    assert (eve["provider"], eve["cache_reference_id"], eve["costUSD"]) == ("GOOGLE", ADA, 0)
    assert data_of(api.get(f"/v1/request/{BOB}"))["response_body"] == "slow down"


@pytest.mark.parametrize(
    ("filter", "ids"),
    [
        ("all", [ADA, BOB, EVE]),
        ({}, [ADA, BOB, EVE]),
        ({"request_response_rmt": {}}, [ADA, BOB, EVE]),
        (rmt("status", gte=400), [BOB]),
        (rmt("status", equals="429"), [BOB]),
        (rmt("user_id", not_equals="ada"), [BOB, EVE]),
        (rmt("user_id", like="%b"), [BOB]),
        (rmt("user_id", ilike="%O%"), [BOB]),
        (rmt("user_id", contains="D"), [ADA]),
        (rmt("user_id", not_contains="d"), [BOB, EVE]),
        (rmt("model", ilike="GPT-4o%"), [ADA, BOB, EVE]),
        (rmt("provider", equals="GOOGLE"), [EVE]),
        (rmt("provider", not_equals="OPENAI"), [EVE]),
        (rmt("latency", gt=500), [BOB]),
        (rmt("total_tokens", gte=1010), [ADA]),
        (rmt("cost", gt=0.002), [ADA]),
        (rmt("cached", equals=True), [EVE]),
        (rmt("cache_reference_id", equals="00000000-0000-0000-0000-000000000000"), [ADA, BOB]),
        (rmt("threat", equals=True), []),
        (rmt("organization_id", equals="default"), [ADA, BOB, EVE]),
        (rmt("target_url", contains="api.openai.com/v1/chat"), [ADA, BOB, EVE]),
        (rmt("target_url", equals="https://api.openai.com/v1/chat/completions"), [ADA, BOB, EVE]),
        (rmt("target_url", ilike="%anthropic%"), []),
        (rmt("properties", app={"equals": "Tester"}), [ADA, BOB]),
        (rmt("request_created_at", lt="1h"), [ADA, BOB, EVE]),
        ({"properties": {"App": {"equals": "Other"}}}, [EVE]),
        ({"properties": {"Helicone-Session-Id": {"equals": "s1"}}}, [ADA]),
        ({"properties": {"size": {"not-equals": "null"}}}, [EVE]),
        ({"properties": {"size": {"gte": 10}}}, [EVE]),
        ({"request": {"user_id": {"equals": "bob"}}}, [BOB]),
        ({"response": {"status": {"lt": 400}}}, [ADA, EVE]),
        ({"sessions_request_response_rmt": {"session_session_name": {"equals": "support"}}}, [ADA]),
        ({"request_response_rmt": {"status": {"gte": 200, "lt": 300}, "user_id": {"equals": "eve"}}}, [EVE]),
        ({"left": rmt("user_id", equals="bob"), "operator": "or", "right": rmt("user_id", equals="eve")}, [BOB, EVE]),
        ({"left": "all", "operator": "and", "right": rmt("user_id", equals="eve")}, [EVE]),
        ({"left": "all", "operator": "or", "right": rmt("user_id", equals="eve")}, [ADA, BOB, EVE]),
    ],
    ids=str,
)
def test_filter_trees_select_as_in_helicone(api: httpx.Client, filter: Any, ids: list[str]) -> None:
    if filter == rmt("request_created_at", lt="1h"):
        filter = rmt("request_created_at", gte="1h")
    assert found(api, filter) == ids
    assert data_of(api.post("/v1/request/count/query", json={"filter": filter})) == len(ids)


def test_a_long_chain_of_conditions_is_one_condition(api: httpx.Client) -> None:
    filter: Any = rmt("user_id", equals="eve")
    for number in range(150):
        filter = {"left": rmt("user_id", equals=f"nobody-{number}"), "operator": "or", "right": filter}
    assert found(api, filter) == [EVE]


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ({"created_at": "desc"}, [EVE, BOB, ADA]),
        ({"latency": "desc"}, [BOB, EVE, ADA]),
        ({"total_tokens": "asc"}, [ADA, EVE, BOB]),
        ({"cost": "desc"}, [ADA, EVE, BOB]),
        ({"user_id": "asc"}, [ADA, BOB, EVE]),
        ({"properties": {"app": "asc"}}, [EVE, BOB, ADA]),
    ],
    ids=str,
)
def test_sorting_and_pages(api: httpx.Client, sort: dict[str, Any], ids: list[str]) -> None:
    assert found(api, "all", sort=sort) == ids
    assert [found(api, "all", sort=sort, limit=1, offset=at)[0] for at in range(3)] == ids
    assert found(api, "all", sort=sort, isCached=True) == [EVE]
    assert sorted(found(api, "all", sort={"random": True})) == sorted(ids)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"filter": rmt("latencyy", gt=1)}, "filter.request_response_rmt.latencyy is 'latencyy'; accepted: a column:"),
        ({"filter": rmt("status", gt="many")}, "filter.request_response_rmt.status.gt is 'many'; accepted: a number"),
        ({"filter": {"left": "all", "operator": "xor", "right": "all"}}, "filter.operator is 'xor'; accepted:"),
        (
            {"filter": {"left": "all", "operator": "and", "right": rmt("user_id", is_=1)}},
            "filter.right.request_respons",
        ),
        ({"filter": rmt("node_id", equals="1")}, "jobs and nodes are not part of this log"),
        ({"filter": rmt("user_id", like="(" * 3000)}, "filter.request_response_rmt.user_id.like is"),
        ({"filter": {"tables": {}}}, "filter.tables is 'tables'; accepted: one of all"),
        ({"filter": [1]}, "filter is [1]; accepted:"),
        ({"filter": "all", "limit": 5000}, "limit is 5000; accepted: 0 to 1000"),
        ({"filter": "all", "sort": {"weight": "asc"}}, "sort.weight is 'weight'; accepted: one of random"),
        ({"filter": "all", "fliter": "all"}, "fliter"),
    ],
    ids=str,
)
def test_what_is_not_understood_is_refused_with_its_path(api: httpx.Client, body: Any, error: str) -> None:
    answer = api.post("/v1/request/query-clickhouse", json=body)
    assert answer.status_code == 400 and answer.json()["data"] is None
    assert error in answer.json()["error"]


def test_errors_are_in_the_envelope(api: httpx.Client) -> None:
    for answer, status in (
        (api.get("/v1/request/none"), 404),
        (api.get(f"/v1/request/{ADA.replace('1', '9')}"), 404),
        (api.post("/v1/request/query", json={"filter": "all"}, headers={"Authorization": "Bearer sk-no"}), 401),
        (api.post("/v1/request/query", content=b"{", headers={"Content-Type": "application/json"}), 400),
        (api.post("/v1/request/query", content=b"[" * 100_000, headers={"Content-Type": "application/json"}), 400),
    ):
        assert answer.status_code == status, answer.text
        assert answer.json()["data"] is None and isinstance(answer.json()["error"], str)


def test_what_is_said_of_a_call_is_in_its_record(api: httpx.Client) -> None:
    data_of(api.post(f"/v1/request/{BOB}/feedback", json={"rating": False}))
    data_of(api.post(f"/v1/request/{BOB}/feedback", json={"rating": True}))
    data_of(api.put(f"/v1/request/{BOB}/property", json={"key": "Ticket", "value": "4711"}))
    data_of(api.post(f"/v1/request/{BOB}/score", json={"scores": {"helpful": 0.5, "safe": True}}), 201)
    bob = data_of(api.get(f"/v1/request/{BOB}"))
    assert bob["feedback_rating"] is True
    assert bob["scores"] == {"helpful": 0.5, "safe": 1, "helicone-score-feedback": 1}
    assert bob["properties"] == {"App": "Tester", "ticket": "4711"}
    assert api.post("/v1/request/none/feedback", json={"rating": True}).status_code == 404
    scores = {"request_response_rmt": {"scores": {"helpful": {"gte": 0.5}}}}
    for filter, more in (
        (scores, {}),
        (rmt("scores", safe={"equals": 1}), {}),
        (rmt("scores_column", not_equals="{}"), {}),
        (rmt("helicone-score-feedback", equals=True), {}),
        ({"feedback": {"rating": {"equals": True}}}, {}),
        ({"properties": {"Ticket": {"equals": "4711"}}}, {}),
        ("all", {"isScored": True}),
    ):
        assert found(api, filter, **more) == [BOB], filter
    assert found(api, "all", isScored=False) == found(api, rmt("scores_column", equals="{}")) == [ADA, EVE]
    assert found(api, {"feedback": {"rating": {"equals": False}}}) == []
    assert found(api, "all", sort={"properties": {"ticket": "desc"}})[0] == BOB
