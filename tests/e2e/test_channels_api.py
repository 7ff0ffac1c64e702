"""Channels and deliveries through a real control plane: forms, secrets that nobody reads back, tests, dead letters."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from proxy.core.clock import now_us
from proxy.core.notification import sample_notification
from proxy.core.secret import load_secret
from proxy.core.settings import load
from proxy.metadata import outbox
from proxy.metadata.db import Database
from tests.e2e.control_process import ControlProcess
from tests.receivers import Answer, HttpReceiver, SmtpReceiver

Api = Callable[..., Any]
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def receiver() -> Iterator[HttpReceiver]:
    started = HttpReceiver()
    yield started
    started.close()


@pytest.fixture(scope="module")
def mail() -> Iterator[SmtpReceiver]:
    started = SmtpReceiver()
    yield started
    started.close()


@pytest.fixture(scope="module")
def control(
    tmp_path_factory: pytest.TempPathFactory, receiver: HttpReceiver, mail: SmtpReceiver
) -> Iterator[ControlProcess]:
    process = ControlProcess(
        tmp_path_factory.mktemp("channels") / "data",
        PERIHELION_CHANNELS_ALLOW=f"{receiver.origin}, smtp://127.0.0.1:{mail.port}",
        PERIHELION_CHANNELS_TIMEOUT_S="2",
        PERIHELION_CHANNELS_RETRY_S="0.05,0.05",
        PERIHELION_DASHBOARD_URL="https://perihelion.example/",
    )
    process.start().ready()
    yield process
    process.end()


@pytest.fixture
def api(control: ControlProcess, receiver: HttpReceiver) -> Iterator[Api]:
    """Asks the control plane; channels that a test made are deleted at its end."""
    receiver.received.clear()
    receiver.first.clear()
    receiver.answer = Answer()
    client = httpx.Client(base_url=control.url, headers={"Authorization": f"Bearer {control.token}"}, timeout=30)

    def ask(method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = client.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    yield ask
    for one in ask("GET", "/api/channels")["data"]:
        ask("DELETE", f"/api/channels/{one['id']}", status=204)
    client.close()


def make(api: Api, kind: str, name: str, **config: Any) -> Any:
    return api("POST", "/api/channels", {"kind": kind, "name": name, "config": config}, 201)


def put(control: ControlProcess, *channel_ids: str, title: str = "Daily spend") -> None:
    """What a rule does."""
    settings = load(environ={"PERIHELION_DATA": str(control.data)})
    database = Database.open(f"sqlite:///{control.data / 'metadata.db'}", load_secret(settings))
    notification = sample_notification("default", "default", title, "https://perihelion.example", now_us())
    with database.write(publish=False) as rows:
        outbox.put(rows, notification, list(channel_ids))
    database.close()


def wait_for(api: Api, path: str, holds: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + 20
    while not holds(shown := api("GET", path)):
        assert time.monotonic() < deadline, shown
        time.sleep(0.05)
    return shown


def test_every_kind_has_a_form_that_can_be_drawn(api: Api) -> None:
    forms = {form["kind"]: form for form in api("GET", "/api/channels/kinds")["data"]}
    assert list(forms) == ["webhook", "slack", "pagerduty", "discord", "teams", "email", "apprise"]
    for form in forms.values():
        assert form["title"] and form["help"] and form["fields"] and form["unavailable"] == ""
        for field in form["fields"]:
            assert "enum" in field["schema"] or field["schema"]["type"] in ("string", "integer", "array"), field
    assert [field["name"] for field in forms["webhook"]["fields"]] == ["url", "secret"]
    password = next(field for field in forms["email"]["fields"] if field["name"] == "password")
    assert password["secret"] and not password["required"]


def test_a_channel_of_every_kind_can_be_made_tested_and_shows_no_secret(
    control: ControlProcess, api: Api, receiver: HttpReceiver, mail: SmtpReceiver
) -> None:
    hook = f"{receiver.origin}/services/T000/B000/very-secret-path"
    configs: dict[str, dict[str, Any]] = {
        "webhook": {"url": f"{receiver.origin}/hook"},
        "slack": {"url": hook},
        "pagerduty": {"routing_key": KEY, "url": f"{receiver.origin}/v2/enqueue"},
        "discord": {"url": hook},
        "teams": {"url": hook},
        "email": {
            "host": "127.0.0.1", "port": mail.port, "security": "none", "sender": "a@moon.example",
            "to": ["ada@moon.example"],
        },
        "apprise": {"url": f"json://127.0.0.1:{receiver.port}/very-secret-path"},
    }  # fmt: skip
    for kind, config in configs.items():
        made = make(api, kind, f"the {kind}", **config)
        assert bool(made["secret"]) is (kind == "webhook")
        tested = api("POST", f"/api/channels/{made['channel']['id']}/test")
        assert tested["sent"] and tested["latency_ms"] > 0, tested
    assert len(receiver.received) == 6 and len(mail.messages) == 1
    assert mail.messages[0]["Subject"] == "Test of the channel the email"
    assert receiver.received[0].json["type"] == "test"
    assert receiver.received[0].json["data"]["url"] == "https://perihelion.example/channels"
    shown = api("GET", "/api/channels")["data"]
    assert [one["kind"] for one in shown] == list(configs)
    assert shown[1]["config"] == {"url": "••••path"} and shown[5]["config"]["to"] == ["ada@moon.example"]
    stored = (control.data / "metadata.db").read_bytes() + (control.data / "metadata.db-wal").read_bytes()
    for secret in ("very-secret-path", KEY, "whsec_"):
        assert secret not in json.dumps(shown) and secret.encode() not in stored


def test_a_change_keeps_the_secrets_that_it_does_not_name(api: Api, receiver: HttpReceiver) -> None:
    made = make(api, "slack", "one", url=f"{receiver.origin}/services/first-very-long")
    id = made["channel"]["id"]
    shown = api("GET", f"/api/channels/{id}")
    api("PATCH", f"/api/channels/{id}", {"name": "another", "config": shown["config"]})
    assert api("POST", f"/api/channels/{id}/test")["sent"]
    assert receiver.received[-1].path == "/services/first-very-long"
    after = api("PATCH", f"/api/channels/{id}", {"config": {"url": f"{receiver.origin}/services/second-very-long"}})
    assert (after["name"], after["revision"], after["config"]) == ("another", 3, {"url": "••••long"})
    api("POST", f"/api/channels/{id}/test")
    assert receiver.received[-1].path == "/services/second-very-long"


def test_a_stored_secret_cannot_be_led_to_another_server(api: Api, receiver: HttpReceiver, mail: SmtpReceiver) -> None:
    """Who may edit a channel may not read its secrets, and would by naming a server of their own."""
    config = {"host": "127.0.0.1", "port": mail.port, "security": "none", "sender": "a@moon.example",
              "to": ["b@moon.example"], "username": "ada", "password": "the-password-of-ada"}  # fmt: skip
    id = make(api, "email", "mail", **config)["channel"]["id"]
    problem = api("PATCH", f"/api/channels/{id}", {"config": {"host": "evil.example"}}, 400)
    assert problem["parameter"] == "config.password" and "the-password" not in json.dumps(problem)
    api("PATCH", f"/api/channels/{id}", {"config": {"host": "mail.example", "password": "another"}})
    id = make(api, "pagerduty", "pager", routing_key=KEY)["channel"]["id"]
    problem = api("PATCH", f"/api/channels/{id}", {"config": {"url": f"{receiver.origin}/v2/enqueue"}}, 400)
    assert problem["parameter"] == "config.routing_key"


def test_a_webhooks_secret_is_shown_once_and_can_be_rotated(api: Api, receiver: HttpReceiver) -> None:
    made = make(api, "webhook", "hook", url=receiver.origin)
    assert made["secret"].startswith("whsec_")
    id = made["channel"]["id"]
    rotated = api("POST", f"/api/channels/{id}/rotate")
    assert rotated["secret"] != made["secret"] and rotated["previous_until_us"] > now_us() + 86_000_000_000
    api("POST", f"/api/channels/{id}/test")
    assert len(receiver.received[-1].headers["webhook-signature"].split(" ")) == 2
    assert set(api("GET", f"/api/channels/{id}")["config"]) == {"url", "secret"}
    id = make(api, "slack", "slack", url=receiver.origin)["channel"]["id"]
    api("POST", f"/api/channels/{id}/rotate", status=409)


def test_deliveries_are_listed_and_what_was_given_up_is_sent_again(
    control: ControlProcess, api: Api, receiver: HttpReceiver
) -> None:
    receiver.answer = Answer(500, body=b"broken")
    id = make(api, "webhook", "hook", url=receiver.origin)["channel"]["id"]
    for number in range(3):
        put(control, id, title=f"Alert {number}")
    wait_for(api, f"/api/channels/{id}", lambda one: one["deliveries"]["dead"] == 3)
    page = api("GET", f"/api/deliveries?channel={id}&state=dead&limit=2")
    assert [(one["title"], one["attempts"], one["status"], one["error"]) for one in page["data"]] == [
        ("Test of the channel Alert 2", 3, 500, "HTTP 500: broken"),
        ("Test of the channel Alert 1", 3, 500, "HTTP 500: broken"),
    ]
    rest = api("GET", f"/api/deliveries?channel={id}&state=dead&cursor={page['next']}")
    assert [one["title"] for one in rest["data"]] == ["Test of the channel Alert 0"] and rest["next"] is None
    receiver.answer = Answer()
    one = page["data"][0]
    details = api("GET", f"/api/deliveries/{one['id']}")
    assert details["notification"]["title"] == one["title"] and details["channel_name"] == "hook"
    again = api("POST", f"/api/deliveries/{one['id']}/send")
    assert (again["state"], again["attempts"]) == ("waiting", 0)
    sent = wait_for(api, f"/api/deliveries/{one['id']}", lambda one: one["state"] == "sent")
    assert receiver.received[-1].headers["webhook-id"] == sent["notification"]["id"]
    assert api("POST", f"/api/channels/{id}/send-dead") == {"count": 2}
    shown = wait_for(api, f"/api/channels/{id}", lambda one: one["deliveries"]["sent"] == 3)
    assert shown["deliveries"] | {"last_sent_us": 0} == {"waiting": 0, "sent": 3, "dead": 0, "last_sent_us": 0}


def test_a_channel_that_is_disabled_gets_nothing_but_tests(
    control: ControlProcess, api: Api, receiver: HttpReceiver
) -> None:
    id = make(api, "webhook", "hook", url=receiver.origin)["channel"]["id"]
    assert not api("PATCH", f"/api/channels/{id}", {"enabled": False})["enabled"]
    put(control, id)
    assert api("GET", f"/api/deliveries?channel={id}")["data"] == []
    assert api("POST", f"/api/channels/{id}/test")["sent"]
    api("PATCH", f"/api/channels/{id}", {"enabled": True})
    put(control, id)
    receiver.wait(2)


@pytest.mark.parametrize(
    ("kind", "config", "parameter"),
    [
        ("pigeon", {}, "kind"),
        ("webhook", {}, "config.url"),
        ("webhook", {"url": "gopher://x"}, "config.url"),
        ("webhook", {"url": "https://example.com", "previous_secret": "x"}, "config.previous_secret"),
        ("slack", {"url": "https://hooks.slack.com/x", "colour": "red"}, "config.colour"),
        ("email", {"host": "m", "sender": "a@b.example", "to": "c@d.example"}, "config.to"),
        ("apprise", {"url": "syslog://"}, "config.url"),
    ],
)
def test_what_is_wrong_with_a_channel_is_named(api: Api, kind: str, config: Any, parameter: str) -> None:
    problem = api("POST", "/api/channels", {"kind": kind, "name": "one", "config": config}, 400)
    assert problem["parameter"].partition("[")[0] == parameter and problem["accepted"]


def test_two_channels_cannot_have_one_name(api: Api, receiver: HttpReceiver) -> None:
    make(api, "webhook", "hook", url=receiver.origin)
    assert (
        "another name"
        in api("POST", "/api/channels", {"kind": "slack", "name": "hook", "config": {"url": receiver.origin}}, 409)[
            "detail"
        ]
    )


def test_the_database_holds_no_secret_in_the_clear(control: ControlProcess, api: Api, receiver: HttpReceiver) -> None:
    secret = make(api, "webhook", "hook", url=receiver.origin)["secret"]
    with sqlite3.connect(control.data / "metadata.db") as database:
        rows = database.execute("SELECT config, sealed FROM channels").fetchall()
    assert rows and all(secret not in config and secret.encode() not in sealed for config, sealed in rows)
