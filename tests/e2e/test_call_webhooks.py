"""Webhooks for calls, through a real control plane: what is sent, in which order, how signed; what failures cost."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from proxy.core.clock import now_us
from proxy.core.event import EventWithBodies
from tests.e2e.control_process import ControlProcess, record, spool
from tests.receivers import Answer, HttpReceiver, Received

Api = Callable[..., Any]
_marks = iter(range(1000))


@pytest.fixture(scope="module")
def receivers() -> Iterator[list[HttpReceiver]]:
    started = [HttpReceiver() for _ in range(2)]
    yield started
    for receiver in started:
        receiver.close()


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory, receivers: list[HttpReceiver]) -> Iterator[ControlProcess]:
    allowed = ",".join(receiver.origin for receiver in receivers)
    folder = tmp_path_factory.mktemp("webhooks") / "data"
    process = ControlProcess(folder, PERIHELION_CHANNELS_ALLOW=allowed, PERIHELION_CHANNELS_TIMEOUT_S="2")
    process.start().ready()
    yield process
    process.end()


@pytest.fixture
def receiver(receivers: list[HttpReceiver]) -> HttpReceiver:
    """The first one, as if it was new."""
    for each in receivers:
        each.received.clear()
        each.first.clear()
        each.answer = Answer()
        each.most_open = 0
    return receivers[0]


@pytest.fixture
def api(control: ControlProcess) -> Iterator[Api]:
    """Asks the control plane; webhooks that a test made are deleted at its end."""
    client = httpx.Client(base_url=control.url, headers={"Authorization": f"Bearer {control.token}"}, timeout=30)

    def ask(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = client.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    yield ask
    for one in ask("GET", "/api/webhooks")["data"]:
        ask("DELETE", f"/api/webhooks/{one['id']}", status=204)
    client.close()


@pytest.fixture
def mark() -> str:
    """A value of a property that only this test's calls have."""
    return f"test{next(_marks)}"


def make(api: Api, receiver: HttpReceiver, mark: str, **fields: Any) -> tuple[Any, str]:
    """A webhook for the calls of a test, and its secret."""
    usual = {"name": f"hook {next(_marks)}", "url": f"{receiver.origin}/calls", "filter": f"property.mark:{mark}"}
    made = api("POST", "/api/webhooks", {**usual, **fields}, 201)
    return made["webhook"], made["secret"]


def log(control: ControlProcess, mark: str, count: int = 1, **fields: Any) -> list[str]:
    """Ids of calls that were just logged, in order."""
    at = now_us()
    properties = {"properties": {"mark": mark}, "property_names": {}}
    records = [record(at + number, **{**properties, **fields}) for number in range(count)]
    spool(control.data, *records)
    return [each.id for each in records]


def wait_for(api: Api, id: str, holds: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 20
    while not holds(shown := api("GET", f"/api/webhooks/{id}")):
        assert time.monotonic() < deadline, shown
        time.sleep(0.05)
    return shown


def verify(secret: str, got: Received) -> None:
    """In the form of Standard Webhooks and in Helicone's."""
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    right = "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    assert right in got.headers["webhook-signature"].split(" ")
    assert abs(int(got.headers["webhook-timestamp"]) - got.at) < 5
    assert got.headers["helicone-signature"] == hmac.new(secret.encode(), got.body, "sha256").hexdigest()


def test_calls_that_match_arrive_in_order_signed_and_whole(
    control: ControlProcess, api: Api, receiver: HttpReceiver, mark: str
) -> None:
    webhook, secret = make(api, receiver, mark, with_bodies=True, filter=f"property.mark:{mark} status:200")
    wanted = log(control, mark, 5)
    log(control, mark, 3, status=500)
    later = log(control, mark, 5)
    got = receiver.wait(10)
    assert [each.headers["webhook-id"] for each in got] == wanted + later
    for each in got:
        verify(secret, each)
        assert (each.path, each.json["type"]) == ("/calls", "call.finished")
        assert set(each.json["data"]) == set(EventWithBodies.__struct_fields__)
    first = got[0].json["data"]
    assert (first["id"], first["input_tokens"], first["properties"]) == (wanted[0], 1000, {"mark": mark})
    assert "Rayleigh" in first["bodies"]["response"] and first["cost_nanousd"] > 0
    shown = wait_for(api, webhook["id"], lambda one: one["sent"] == 10 and one["behind_s"] == 0.0)
    assert (shown["status"], shown["error"], shown["attempts"], shown["refused"]) == (200, "", 0, 0)
    time.sleep(0.3)
    assert len(receiver.received) == 10


def test_without_bodies_there_are_none(control: ControlProcess, api: Api, receiver: HttpReceiver, mark: str) -> None:
    make(api, receiver, mark)
    log(control, mark)
    assert "bodies" not in receiver.wait(1)[0].json["data"]


def test_a_share_is_always_the_same_and_a_call_that_asks_is_always_in(
    control: ControlProcess, api: Api, receiver: HttpReceiver, receivers: list[HttpReceiver], mark: str
) -> None:
    requested = {"webhook.requested": True}
    ids = log(control, mark, 200)
    asked = log(control, mark, 3, facts=requested)
    half, _ = make(api, receiver, mark, sample_share=0.5, since="1h", parallel=8)
    only, _ = make(api, receivers[1], mark, only_requested=True, since="1h")
    wait_for(api, half["id"], lambda one: one["behind_s"] == 0.0)
    wait_for(api, only["id"], lambda one: one["sent"] == 3)
    first = {each.headers["webhook-id"] for each in receiver.received}
    assert set(asked) <= first <= {*ids, *asked} and 60 < len(first) < 150
    assert [each.headers["webhook-id"] for each in receivers[1].received] == asked
    receiver.received.clear()
    api("POST", f"/api/webhooks/{half['id']}/replay", {"since": "1h"})
    receiver.wait(len(first))
    wait_for(api, half["id"], lambda one: one["sent"] == 2 * len(first))
    assert {each.headers["webhook-id"] for each in receiver.received} == first
    assert 1 < receiver.most_open <= 8


def test_the_form_of_helicone_is_what_its_receivers_check(
    control: ControlProcess, api: Api, receiver: HttpReceiver, mark: str
) -> None:
    """They sign again what they have parsed, so the JSON must be as JavaScript writes it."""
    secret = "the-hmac-key-of-helicone"
    _, made = make(api, receiver, mark, form="helicone", with_bodies=True, secret=secret)
    (id,) = log(control, mark, user_id="Zoë")
    (got,) = receiver.wait(1)
    assert made == secret
    verify(secret, got)
    body = got.json
    assert (body["request_id"], body["user_id"], body["provider"]) == (id, "Zoë", "openai")
    assert json.loads(body["request_body"])["model"] == "gpt-4o" and "Rayleigh" in body["response_body"]
    assert body["request_response_url"] == f"{control.url}/api/requests/{id}"
    assert body["metadata"]["totalTokens"] == 1010 and body["metadata"]["latencyMs"] == 200
    assert 0 < body["metadata"]["cost"] < 1
    assert b'"latencyMs":200}' in got.body and b" " not in got.body.split(b'"request_body"')[0]


def test_while_a_receiver_is_down_nothing_is_lost_and_no_other_waits(
    control: ControlProcess, api: Api, receiver: HttpReceiver, receivers: list[HttpReceiver], mark: str
) -> None:
    down = {"on": True}
    receiver.answer = lambda _: Answer(503, body=b"closed") if down["on"] else Answer()
    webhook, _ = make(api, receiver, mark)
    other, _ = make(api, receivers[1], mark)
    ids = log(control, mark, 20)
    receivers[1].wait(20)
    shown = wait_for(api, webhook["id"], lambda one: one["attempts"] > 0)
    assert (shown["status"], shown["sent"], shown["error"]) == (503, 0, "HTTP 503: closed") and shown["behind_s"] > 0
    down["on"] = False
    receiver.received.clear()
    api("PATCH", f"/api/webhooks/{webhook['id']}", {"parallel": 1})  # tries at once
    assert [each.headers["webhook-id"] for each in receiver.wait(20)] == ids
    assert wait_for(api, other["id"], lambda one: one["sent"] == 20)["attempts"] == 0


def test_a_call_that_the_receiver_refuses_is_passed_over_and_a_receiver_that_is_gone_is_left(
    control: ControlProcess, api: Api, receiver: HttpReceiver, mark: str
) -> None:
    ids = log(control, mark, 3)
    receiver.answer = lambda got: Answer(422, body=b"no") if got.headers["webhook-id"] == ids[1] else Answer()
    webhook, _ = make(api, receiver, mark, since="1h")
    wait_for(api, webhook["id"], lambda one: one["refused"] == 1)
    wait_for(api, webhook["id"], lambda one: one["sent"] == 2)
    assert [each.headers["webhook-id"] for each in receiver.received][-1] == ids[2]
    receiver.answer = Answer(410)
    log(control, mark)
    shown = wait_for(api, webhook["id"], lambda one: not one["enabled"])
    assert "410" in shown["disabled_reason"]
    receiver.answer = Answer()
    api("PATCH", f"/api/webhooks/{webhook['id']}", {"enabled": True})
    wait_for(api, webhook["id"], lambda one: one["sent"] == 3)


def test_a_rotated_secret_and_the_one_before_both_sign(
    control: ControlProcess, api: Api, receiver: HttpReceiver, mark: str
) -> None:
    webhook, old = make(api, receiver, mark)
    new = api("POST", f"/api/webhooks/{webhook['id']}/rotate")["secret"]
    log(control, mark)
    (got,) = receiver.wait(1)
    assert len(got.headers["webhook-signature"].split(" ")) == 2
    verify(new, got)
    key = base64.b64decode(old.removeprefix("whsec_"))
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    assert base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode() in got.headers["webhook-signature"]


def test_a_test_says_what_the_receiver_says(api: Api, receiver: HttpReceiver, mark: str) -> None:
    webhook, secret = make(api, receiver, mark)
    tested = api("POST", f"/api/webhooks/{webhook['id']}/test")
    assert (tested["sent"], tested["status"]) == (True, 200)
    verify(secret, receiver.received[0])
    assert receiver.received[0].json["type"] == "test"
    receiver.answer = Answer(302, {"Location": "http://127.0.0.1:1/"})
    assert "redirects are not followed" in api("POST", f"/api/webhooks/{webhook['id']}/test")["error"]
    elsewhere = HttpReceiver()
    try:
        api("PATCH", f"/api/webhooks/{webhook['id']}", {"url": elsewhere.origin})
        tested = api("POST", f"/api/webhooks/{webhook['id']}/test")
        assert not tested["sent"] and "not a public address" in tested["error"] and elsewhere.received == []
    finally:
        elsewhere.close()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "ftp://example.com"),
        ("url", "https://user:pw@example.com/"),
        ("filter", "nonsense>="),
        ("filter", "no_such_column:1"),
        ("sample_share", 1.5),
        ("parallel", 33),
        ("form", "xml"),
        ("name", ""),
        ("since", "yesterday-ish"),
        ("secret", "short"),
        ("secret", "whsec_not-base64-at-all"),
        ("unknown", 1),
    ],
)
def test_what_is_wrong_with_a_webhook_is_named(api: Api, field: str, value: Any) -> None:
    good = {"name": "one", "url": "https://example.com/hook"}
    problem = api("POST", "/api/webhooks", {**good, field: value}, 400)
    assert field in json.dumps(problem)
    assert "not-base64" not in json.dumps(problem)
