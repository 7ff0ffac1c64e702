"""Alerts of a running control plane: from calls in the spool to a signed message at a receiver; the API of rules."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.control_process import ControlProcess, record, spool, until
from tests.stack import ROOT

MINUTE_US = 60_000_000


class Receiver(ThreadingHTTPServer):
    """Takes what is posted."""

    def __init__(self) -> None:
        received: list[tuple[dict[str, str], Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                received.append(({name.lower(): value for name, value in self.headers.items()}, json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.received = received
        self.origin = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def states(self) -> list[str]:
        return [body["type"] for _, body in self.received]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.shutdown()


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[ControlProcess]:
    process = ControlProcess(
        tmp_path_factory.mktemp("alerts") / "data",
        PERIHELION_ALERTS_INTERVAL_S="1",
        PERIHELION_ALERTS_DELAY_S="0.3",
        PERIHELION_CHANNELS_ALLOW=receiver.origin,
    )
    yield process.start().ready()
    process.end()


@pytest.fixture(scope="module")
def api(control: ControlProcess) -> Iterator[httpx.Client]:
    head = {"Authorization": f"Bearer {control.token}"}
    with httpx.Client(base_url=control.url, headers=head, timeout=30) as client:
        yield client


def now_us() -> int:
    return time.time_ns() // 1000


def made(api: httpx.Client, **rule: Any) -> Any:
    answer = api.post("/api/alerts", json={"name": "some rule", **rule})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_ready_made_rules_are_there_and_wait_for_a_channel(api: httpx.Client) -> None:
    rules = api.get("/api/alerts").json()["data"]
    assert [one["rule"]["metric"] for one in rules] == ["cost", "error_rate", "p95_latency", "no_traffic"]
    assert all(one["waits_for_channel"] and one["ready_made"] and not one["evaluated_us"] for one in rules)


def test_a_rule_fires_and_is_over_at_a_real_receiver(
    control: ControlProcess, api: httpx.Client, receiver: Receiver
) -> None:
    channel = {"kind": "webhook", "name": "ours", "config": {"url": f"{receiver.origin}/hook"}}
    assert api.post("/api/channels", json=channel).status_code == 201
    spool(control.data, *(record(now_us() - 5_000_000 + at, status=500, response_body=b"{}") for at in range(4)))
    control.shipped()
    rule = made(api, metric="error_rate", filter="property.app:Tester", condition={"value": 0.5}, severity="error")
    until(lambda: receiver.states() == ["alert.firing"], "the alert")
    head, body = receiver.received[0]
    assert head["webhook-id"] == body["data"]["id"] and head["webhook-signature"].startswith("v1,")
    assert body["data"]["rule_id"] == rule["id"] and body["data"]["alerts"][0]["value_text"] == "100 %"
    # What the message links to shows the calls.
    shown = api.get(f"/api/alerts/{rule['id']}").json()
    assert (shown["state"], shown["firing"], shown["value"]) == ("alerting", 1, 1.0)
    (group,) = api.get("/api/alerts/states").json()["data"]
    assert (group["rule_id"], group["labels"], group["state"]) == (rule["id"], {}, "alerting")
    assert api.get("/api/alerts/states", params={"rule": rule["id"]}).json()["data"] == [group]
    assert api.get("/api/alerts/states", params={"rule": "another"}).json()["data"] == []
    of_all, of_one = (api.get(path).json() for path in ("/api/alerts/history", f"/api/alerts/{rule['id']}/history"))
    of_rule = [event for event in of_all["data"] if event["rule_id"] == rule["id"]]  # ready-made rules have events too
    assert of_rule and of_rule == of_one["data"]

    acknowledged = api.post(f"/api/alerts/{rule['id']}/acknowledge")
    assert acknowledged.status_code == 200 and acknowledged.json()["acknowledged_us"] > 0
    spool(control.data, *(record(now_us() - 2_000_000 + at) for at in range(9)))
    until(lambda: "alert.resolved" in receiver.states(), "the end of the alert")
    assert receiver.states() == ["alert.firing", "alert.acknowledged", "alert.resolved"]
    assert len({body["data"]["dedup_key"] for _, body in receiver.received}) == 1
    assert api.post(f"/api/alerts/{rule['id']}/acknowledge").status_code == 409

    history = api.get(f"/api/alerts/{rule['id']}/history").json()["data"]
    assert [(one["kind"], one["before"], one["after"]) for one in history] == [
        ("sent", "", "resolved"),
        ("state", "alerting", "normal"),
        ("acknowledged", "", ""),
        ("sent", "", "alerting"),
        ("state", "normal", "alerting"),
    ]
    assert history[2]["by_name"] == "this machine's token"


def test_a_preview_says_how_often_a_rule_would_have_fired(control: ControlProcess, api: httpx.Client) -> None:
    now = now_us() // (60 * MINUTE_US) * 60 * MINUTE_US
    calls = [
        record(now - hours * 60 * MINUTE_US + at, user_id=user, properties={"app": "past"})
        for hours, user, count in ((3, "ada", 6), (5, "bob", 6), (5, "ada", 2), (9, "ada", 7))
        for at in range(count)
    ]
    spool(control.data, *calls)
    control.shipped()
    rule = {
        "name": "past",
        "metric": "calls",
        "filter": "property.app:past",
        "group_by": ["user"],
        "window": "10m",
        "condition": {"value": 5},
    }
    found = api.post("/api/alerts/preview", json={"rule": rule, "since": "12h"}).json()
    assert (found["fired"], found["groups"], found["step"], found["unit"]) == (3, 2, "2m", "calls")
    assert sorted(one["labels"]["user"] for one in found["firings"]) == ["ada", "ada", "bob"]
    ada = next(one for one in found["series"] if one["labels"] == {"user": "ada"})
    assert len(found["points"]) == len(ada["values"]) and max(one or 0 for one in ada["values"]) == 7
    assert set(ada["above"]) == {5.0} and set(ada["below"]) == {None}
    lasted = [(one["until"] > one["since"]) for one in found["firings"]]
    assert lasted == [True] * 3

    change = {**rule, "group_by": [], "condition": {"kind": "change", "value": 50}, "window": "1h"}
    found = api.post("/api/alerts/preview", json={"rule": change, "since": "12h"}).json()
    assert found["fired"] == 0  # no hour with calls stands beside another one
    percentile = {**rule, "metric": "p95_latency", "condition": {"value": 100}, "group_by": [], "window": "month"}
    found = api.post("/api/alerts/preview", json={"rule": percentile, "since": "12h"}).json()
    assert found["fired"] == 1 and found["series"][0]["values"][-1] == 200
    for more in ({"metric": "ingest_lag"}, {"metric": "no_traffic", "condition": {}}):
        answer = api.post("/api/alerts/preview", json={"rule": {**rule, **more, "filter": "", "group_by": []}})
        assert answer.status_code == (400 if more["metric"] == "ingest_lag" else 200), answer.text


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"metric": "laziness"}, "metric", "a metric: "),
    ({"metric": "eror_rate"}, "metric", "perhaps error_rate"),
    ({"filter": "nonsense:5"}, "filter at character 1", "a column"),
    ({"filter": "since:7d calls"}, "filter", "`window` says"),
    ({"group_by": ["mood"]}, "group_by[0]", "a dimension: "),
    ({"group_by": ["weekday"]}, "group_by[0]", "of the call"),
    ({"group_by": ["user", "user"]}, "group_by[1]", "each dimension once"),
    ({"notify_by": ["user"]}, "notify_by[0]", "some of group_by"),
    ({"window": "90s"}, "window", "1m to 31d"),
    ({"window": "32d"}, "window", "or `month`"),
    ({"window": "0m"}, "window", "1m to 31d"),
    ({"zone": "Mars/Olympus"}, "zone", "a zone like"),
    ({"for": "-5m"}, "for", "0m to 31d"),
    ({"keep_firing_for": "soon"}, "keep_firing_for", "such as 5m"),
    ({"repeat_interval": "1m", "update_interval": "5m"}, "repeat_interval", "empty (never)"),
    ({"min_samples": -1}, "min_samples", "0 to"),
    ({"metric": "error_rate", "condition": {"value": 5}}, "condition.value", "can never hold"),
    ({"metric": "error_rate", "condition": {"value": -0.1}}, "condition.value", "always hold"),
    ({"metric": "calls", "condition": {"op": "below", "value": 0}}, "condition.value", "can never hold"),
    ({"metric": "calls", "condition": {"value": 5, "resolve": 9}}, "condition.resolve", "at or below"),
    ({"metric": "calls", "condition": {"value": 5, "resolve": -1}}, "condition.resolve", "0 to 5"),
    ({"metric": "calls", "condition": {"op": "below", "value": 5}, "min_samples": 5}, "min_samples", "less than 5"),
    ({"metric": "calls", "condition": {"op": "outside", "value": 5}}, "condition.op", "above or below"),
    ({"condition": {"kind": "change", "op": "below", "value": 100}}, "condition.value", "cannot fall by more"),
    ({"condition": {"kind": "change", "value": 0}}, "condition.value", "percent"),
    (
        {"condition": {"kind": "change", "value": 5, "against": "last_week"}, "window": "month"},
        "condition.against",
        "previous",
    ),
    ({"condition": {"kind": "band", "value": 3}, "window": "8d"}, "window", "1m to 7d"),
    ({"condition": {"kind": "band", "value": 3, "weeks": 1}}, "condition.weeks", "3 to 8"),
    ({"metric": "no_traffic", "condition": {"value": 3}}, "condition", "no condition"),
    ({"metric": "ingest_lag", "filter": "status:500"}, "filter", "no filter"),
    ({"metric": "ingest_lag", "group_by": ["user"]}, "group_by", "no groups"),
    ({"channels": ["nobody"]}, "channels[0]", "the id of a channel"),
    ({"name": ""}, "name", "1 to 120"),
    ({"on_no_data": "alerting", "group_by": ["user"]}, "on_no_data", "show, notify or keep"),
]


@pytest.mark.parametrize(("change", "path", "accepted"), BAD, ids=[f"{at}" for at in range(len(BAD))])
def test_bad_rules_are_refused_with_the_field_and_what_is_right(
    api: httpx.Client, change: dict[str, Any], path: str, accepted: str
) -> None:
    rule = {"name": "some rule", "metric": "calls", "condition": {"value": 5}, **change}
    answer = api.post("/api/alerts", json=rule)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["parameter"] == path and accepted in problem["accepted"], problem


def test_unknown_fields_and_wrong_types_are_refused(api: httpx.Client) -> None:
    for rule in (
        {"name": "x", "metric": "calls", "colour": "red"},
        {"name": "x", "metric": "calls", "condition": {"value": "many"}},
        {"name": "x", "metric": "calls", "condition": {"value": 1, "kind": "mood"}},
        {"name": "x"},
    ):
        answer = api.post("/api/alerts", json=rule)
        assert answer.status_code == 400 and answer.json()["detail"], answer.text


def test_a_rule_is_changed_switched_off_and_deleted(api: httpx.Client, control: ControlProcess) -> None:
    spool(control.data, *(record(now_us() - 5_000_000 + at, properties={"app": "edit"}) for at in range(4)))
    wanted = {"name": "edit", "metric": "calls", "filter": "property.app:edit", "condition": {"value": 2}}
    rule = made(api, **wanted)
    path = f"/api/alerts/{rule['id']}"
    until(lambda: api.get(path).json()["state"] == "alerting", "the alert")
    change = {"revision": rule["revision"], "rule": {**wanted, "name": "edited"}}
    changed = api.patch(path, json=change)
    assert changed.status_code == 200 and changed.json()["state"] == "alerting", changed.text
    refused = api.patch(path, json=change)
    assert refused.status_code == 409 and "revision 2" in refused.json()["detail"]
    bad = api.patch(path, json={"revision": 2, "rule": {**wanted, "window": "1y"}})
    assert bad.status_code == 400 and bad.json()["parameter"] == "rule.window"
    off = api.patch(path, json={"revision": 2, "rule": {**wanted, "enabled": False}}).json()
    assert (off["state"], off["firing"], off["rule"]["enabled"]) == ("normal", 0, False)
    events = [(one["kind"], one["text"]) for one in api.get(path + "/history").json()["data"]]
    assert events[:2] == [("changed", "switched off"), ("sent", "edited is over")]
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == api.delete(path).status_code == 404


def test_the_command_line(control: ControlProcess, api: httpx.Client, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "proxy", "alerts", *arguments]
        done = subprocess.run(command, env=control.environ, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    id = next(one["id"] for one in api.get("/api/alerts").json()["data"] if one["rule"]["metric"] == "error_rate")
    assert f"{id}  " in run() and "Error spike" in run()
    assert json.loads(run("--json").splitlines()[0])["rule"]["metric"] == "cost"
    assert run("show", id).startswith("Error spike: ")
    file = tmp_path / "rule.json"
    file.write_text(
        json.dumps({"name": "past", "metric": "calls", "filter": "property.app:past", "condition": {"value": 5}})
    )
    assert run("preview", str(file), "--since", "12h").startswith("would have fired 3 times")


def test_silences(api: httpx.Client) -> None:
    later = now_us() + 60 * MINUTE_US
    matchers = [{"label": "user", "value": "a.*", "op": "=~"}]
    silence = api.post("/api/silences", json={"matchers": matchers, "ends_us": later, "comment": "load test"})
    assert silence.status_code == 201 and silence.json()["active"], silence.text
    path = f"/api/silences/{silence.json()['id']}"
    assert [one["comment"] for one in api.get("/api/silences").json()["data"]] == ["load test"]
    assert not api.patch(path, json={"ends_us": now_us()}).json()["active"]
    assert api.delete(path).status_code == 204 and api.delete(path).status_code == 404
    for body, parameter in (
        ({"matchers": [], "ends_us": later}, "matchers"),
        ({"matchers": [{"label": "user", "value": "(", "op": "=~"}], "ends_us": later}, "matchers[0].value"),
        ({"matchers": [{"label": "\n", "value": "x"}], "ends_us": later}, "matchers[0].label"),
        ({"matchers": matchers, "ends_us": now_us() - MINUTE_US}, "ends_us"),
        ({"matchers": matchers, "ends_us": later, "starts_us": later + 1}, "ends_us"),
        ({"matchers": matchers, "ends_us": later + 400 * 1440 * MINUTE_US}, "ends_us"),
    ):
        answer = api.post("/api/silences", json=body)
        assert answer.status_code == 400 and answer.json()["parameter"] == parameter, answer.text


def test_the_page_lists_every_metric_that_rules_can_watch(api: httpx.Client) -> None:
    names = {one["name"] for one in api.get("/api/alerts/metrics").json()}
    wanted = (
        *("calls", "cost", "tokens", "error_rate", "p50_latency", "p95_latency", "p99_latency", "p95_ttft"),
        *("p50_tokens_per_second", "cache_hit_rate", "wrong_semantic_hits", "limit_refusals", "score.<name>"),
        *("ingest_lag", "no_traffic"),
    )
    assert names.issuperset(wanted)
    page = (ROOT / Path("docs/alerts.md")).read_text("utf-8")
    assert [name for name in wanted if f"`{name}`" not in page] == []
