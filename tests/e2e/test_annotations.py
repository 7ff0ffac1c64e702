"""What is said of a call after it: kept in any order, the last word counts, and only its organisation sees it."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from proxy.core.clock import now_us, uuid7
from tests.e2e.control_process import ControlProcess, record, spool


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    process = ControlProcess(tmp_path_factory.mktemp("annotated") / "data").start().ready()
    yield process
    process.end()


@pytest.fixture(scope="module")
def api(control: ControlProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=control.url, headers={"Authorization": f"Bearer {control.token}"}) as client:
        yield client


@pytest.fixture
def call(control: ControlProcess) -> str:
    """The id of a call that the log has."""
    made = record(now_us())
    spool(control.data, made)
    control.shipped()
    return made.id


def said(api: httpx.Client, call: str) -> dict[str, Any]:
    answer = api.get(f"/api/requests/{call}/annotations")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_last_word_counts_and_all_are_kept(api: httpx.Client, call: str) -> None:
    for body in (
        {"rating": True, "note": "to the point"},
        {"rating": -0.5, "correction": "Mie scattering."},
        {"correction": None},
        {"note": "only a remark"},
    ):
        answer = api.post(f"/api/requests/{call}/feedback", json=body)
        assert answer.status_code == 201, answer.text
        assert answer.json()["unknown"] == []
    assert api.post(f"/api/requests/{call}/notes", json={"text": "seen by support"}).status_code == 201
    scores = {"Helpful": 0.25, "safe": True, "tone": "dry"}
    assert api.post(f"/api/requests/{call}/scores", json=scores).json() == {"written": 3, "unknown": []}
    api.post(f"/api/requests/{call}/scores", json={"helpful": 1, "tone": None})
    found = said(api, call)
    now = found["current"]
    assert (now["rating"], now["comment"], now["correction"]) == (-0.5, "", None)
    assert now["scores"] == {"safe": True, "helpful": 1.0}
    assert [note["text"] for note in now["notes"]] == ["only a remark", "seen by support"]
    assert [(one["kind"], one["name"], one["value"]) for one in found["data"]] == [
        ("feedback", "", 1.0),
        ("feedback", "", -0.5),
        ("correction", "", "Mie scattering."),
        ("correction", "", None),
        ("note", "", "only a remark"),
        ("note", "", "seen by support"),
        ("score", "helpful", 0.25),
        ("score", "safe", True),
        ("score", "tone", "dry"),
        ("score", "helpful", 1.0),
        ("score", "tone", None),
    ]
    assert found["data"][0]["comment"] == "to the point"


def test_a_score_may_come_before_its_call(control: ControlProcess, api: httpx.Client) -> None:
    made = record(now_us())
    answer = api.post(f"/api/requests/{made.id}/scores", json={"early": 1})
    assert (answer.status_code, answer.json()) == (201, {"written": 1, "unknown": [made.id]})
    spool(control.data, made)
    control.shipped()
    assert said(api, made.id)["current"]["scores"] == {"early": 1.0}
    again = api.post(f"/api/requests/{made.id}/scores", json={"early": 2})
    assert again.json() == {"written": 1, "unknown": []}


def test_many_calls_get_the_same(api: httpx.Client, call: str) -> None:
    other = uuid7(now_us())
    body = {"ids": [call, other, call.upper()], "rating": True, "scores": {"batch": 3}, "properties": {"Team": "blue"}}
    answer = api.post("/api/annotations", json=body)
    assert (answer.status_code, answer.json()) == (201, {"written": 6, "unknown": [other]})
    now = said(api, call)["current"]
    assert (now["rating"], now["scores"], now["properties"]) == (1.0, {"batch": 3.0}, {"team": "blue"})


def test_writers_at_the_same_time_lose_nothing(api: httpx.Client, call: str) -> None:
    def write(number: int) -> None:
        assert api.post(f"/api/requests/{call}/scores", json={f"s{number}": number}).status_code == 201

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said(api, call)["current"]["scores"] == {f"s{number}": float(number) for number in range(12)}


def test_a_repeated_request_with_an_idempotency_key_is_one_note(api: httpx.Client, call: str) -> None:
    for _ in range(2):
        answer = api.post(
            f"/api/requests/{call}/notes", json={"text": "once"}, headers={"Idempotency-Key": f"note-{call}"}
        )
        assert (answer.status_code, answer.json()) == (201, {"written": 1, "unknown": []})
    assert len(said(api, call)["data"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "parameter"),
    [
        ("POST", "/api/requests/not-an-id/feedback", {"rating": True}, "id"),
        ("POST", "/api/requests/{id}/feedback", {}, "rating"),
        ("POST", "/api/requests/{id}/feedback", {"rating": 2}, "rating"),
        ("POST", "/api/requests/{id}/feedback", {"note": "x" * 20_001}, "note"),
        ("POST", "/api/requests/{id}/feedback", {"stars": 5}, "data"),
        ("POST", "/api/requests/{id}/scores", {}, "scores"),
        ("POST", "/api/requests/{id}/scores", {"a": {"b": 1}}, "data"),
        ("POST", "/api/requests/{id}/scores", {" ": 1}, "scores. "),
        ("POST", "/api/requests/{id}/scores", {"A": 1, "a": 2}, "scores.a"),
        ("POST", "/api/requests/{id}/scores", {"tone": ""}, "scores.tone"),
        ("POST", "/api/requests/{id}/scores", {str(number): 1 for number in range(65)}, "scores"),
        ("POST", "/api/requests/{id}/notes", {"text": "  "}, "text"),
        ("PUT", "/api/requests/{id}/properties", {"a": "x" * 1025}, "properties.a"),
        ("PUT", "/api/requests/{id}/properties", {"a": 1}, "data"),
        ("POST", "/api/annotations", {"ids": [], "rating": True}, "ids"),
        ("POST", "/api/annotations", {"ids": ["{id}", "x"], "rating": True}, "ids[1]"),
        ("POST", "/api/annotations", {"ids": ["{id}"]}, "rating"),
        ("POST", "/api/sessions/scores", {"session": "", "scores": {"a": 1}}, "session"),
    ],
)
def test_a_bad_value_is_named(api: httpx.Client, method: str, path: str, body: Any, parameter: str) -> None:
    id = uuid7(now_us())
    if "ids" in body:
        body = {**body, "ids": [each.replace("{id}", id) for each in body["ids"]]}
    answer = api.request(method, path.replace("{id}", id), json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["parameter"] == parameter
    assert said(api, id)["data"] == []


@pytest.mark.parametrize(
    "raw", [b'{"text": "\\ud800"}', b'{"text": "\xff"}', b'{"text": "a', b"[]", b'{"text": 1e999}']
)
def test_a_body_that_is_no_note_is_refused(api: httpx.Client, raw: bytes) -> None:
    id = uuid7(now_us())
    answer = api.post(f"/api/requests/{id}/notes", content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert said(api, id)["data"] == []


def test_annotations_are_their_organisation_s_own_and_need_the_right_to_write(
    control: ControlProcess, api: httpx.Client, call: str
) -> None:
    api.post(f"/api/requests/{call}/scores", json={"mine": 1})
    reader = api.post("/api/keys", json={"name": "reader", "scopes": ["read"]}).json()["key"]
    reading = {"Authorization": f"Bearer {reader}"}
    assert api.post(f"/api/requests/{call}/scores", json={"x": 1}, headers=reading).status_code == 403
    assert api.get(f"/api/requests/{call}/annotations", headers=reading).json()["current"]["scores"] == {"mine": 1.0}
    foreign = record(now_us(), org="another")
    spool(control.data, foreign)
    control.shipped()
    answer = api.post(f"/api/requests/{foreign.id}/scores", json={"theirs": 1})
    assert answer.json() == {"written": 1, "unknown": [foreign.id]}
