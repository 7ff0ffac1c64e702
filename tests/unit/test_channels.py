"""Each kind of channel: what its receiver gets, against what the receiver documents, and what its answers mean."""

import base64
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import formatdate
from functools import cache
from typing import Any

import jsonschema
import pytest

from proxy.channels import CHANNELS, Network, Receipt
from proxy.channels.fields import BadConfig, form_of, masked, parsed
from proxy.channels.signing import is_secret, make_secret, signed_headers
from proxy.core.clock import now_us, uuid7
from proxy.core.notification import Notification, NotifiedAlert
from proxy.net.client import HttpClient
from proxy.net.connect import places_of
from tests.receivers import Answer, HttpReceiver, SmtpReceiver
from tests.stack import ROOT

SCHEMAS = ROOT / "tests" / "data" / "receivers"
KEY = "0123456789abcdef0123456789abcdef"
TIMEOUT_S = 10.0
SHORT_S = 1.5
"""Of an attempt whose receiver goes on for much longer."""
HOUR_S = 3600.0
AT_US = 1_767_225_600_123_456
STATES = ("alerting", "acknowledged", "resolved", "no_data", "error")
HOSTILE = (
    '<!channel> *bold* [x](http://evil.example) "quoted" \\ \u202e\U0001f4a5 <script>alert(1)</script> @everyone & co'
)


def make_notification(**fields: Any) -> Notification:
    usual: dict[str, Any] = {
        "id": uuid7(AT_US),
        "org": "default",
        "org_name": "Moon Labs",
        "kind": "alert",
        "rule_id": "rule-1",
        "rule_name": "Daily spend",
        "state": "alerting",
        "severity": "critical",
        "dedup_key": "rule-1:all",
        "title": "Daily spend",
        "summary": "2 of 40 users are above $10",
        "description": "Cost of the last day by user.",
        "alerts": [make_alert(user="ada"), make_alert(user="bob", model="gpt-4o")],
        "url": "https://perihelion.example/alerts/rule-1",
        "created_us": AT_US,
        "acknowledge_url": "https://perihelion.example/alerts/rule-1?acknowledge=1",
    }
    return Notification(**{**usual, **fields})


def make_alert(**labels: str) -> NotifiedAlert:
    return NotifiedAlert(
        labels=labels, state="alerting", value=12.4, value_text="$12.40", threshold_text="above $10", since_us=AT_US,
        url="https://perihelion.example/requests?q=user%3Aada&since=1d",
    )  # fmt: skip


def make_huge() -> Notification:
    """As much of everything as there can be."""
    alerts = [
        make_alert(**{f"property.{HOSTILE[:20]}{n}": HOSTILE * 9, "user": f"{HOSTILE}{n}" * 9}) for n in range(100)
    ]
    long = HOSTILE * 200
    return make_notification(
        title=long, summary=long, description=long, rule_name=long[:120], org_name=HOSTILE[:120], alerts=alerts,
        dedup_key="k" * 255,
    )  # fmt: skip


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    started = HttpReceiver()
    yield started
    started.close()


@pytest.fixture
def mail() -> Iterator[SmtpReceiver]:
    started = SmtpReceiver()
    yield started
    started.close()


@cache
def network_to(*origins: str, timeout_s: float = TIMEOUT_S) -> Network:
    return Network(HttpClient(origins, timeout_s=timeout_s, max_bytes=1 << 14), places_of(origins), timeout_s)


def config_for(kind: str, url: str) -> dict[str, Any]:
    if kind == "pagerduty":
        return {"routing_key": KEY, "url": url}
    return {"url": url, "secret": SECRET} if kind == "webhook" else {"url": url}


SECRET = make_secret()


def send(
    kind: str,
    notification: Notification,
    origin: str,
    at_us: int | None = None,
    timeout_s: float = TIMEOUT_S,
    **config: Any,
) -> Receipt:
    channel = CHANNELS[kind]
    values = {**config_for(kind, origin + "/hook/T0/B0"), **config}
    made = parsed(channel.config, values)
    channel.check(made)
    return channel.send(notification, made, network_to(origin, timeout_s=timeout_s), at_us or now_us())


def schema(kind: str) -> Any:
    return json.loads((SCHEMAS / f"{'standard_webhooks' if kind == 'webhook' else kind}.json").read_text("utf-8"))


HTTP_KINDS = ("webhook", "slack", "pagerduty", "discord", "teams")


@pytest.mark.parametrize("kind", HTTP_KINDS)
@pytest.mark.parametrize("state", STATES)
def test_a_request_is_what_the_receiver_documents(kind: str, state: str, receiver: HttpReceiver) -> None:
    assert send(kind, make_notification(state=state), receiver.origin) == Receipt(sent=True, status=200)
    (got,) = receiver.received
    assert got.path == "/hook/T0/B0"
    assert got.headers["content-type"] == "application/json"
    jsonschema.validate(got.json, schema(kind))


@pytest.mark.parametrize("kind", HTTP_KINDS)
@pytest.mark.parametrize("least", [False, True])
def test_the_largest_and_the_smallest_notification_fit(kind: str, least: bool, receiver: HttpReceiver) -> None:
    empty: dict[str, Any] = {"summary": "", "description": "", "alerts": [], "url": "", "acknowledge_url": ""}
    notification = make_notification(**empty) if least else make_huge()
    assert send(kind, notification, receiver.origin).sent
    (got,) = receiver.received
    jsonschema.validate(got.json, schema(kind))
    assert len(got.body) <= {"teams": 28_000, "pagerduty": 512_000}.get(kind, 1 << 20)
    if kind == "discord":
        (embed,) = got.json["embeds"]
        texts = [embed["title"], embed["description"], embed["footer"]["text"]]
        texts += [field[name] for field in embed["fields"] for name in ("name", "value")]
        assert sum(len(text) for text in texts) <= 6000


def test_the_signed_webhook_has_the_whole_notification_and_its_signature(receiver: HttpReceiver) -> None:
    notification = make_notification()
    assert send("webhook", notification, receiver.origin, at_us=AT_US + 5_000_000).sent
    (got,) = receiver.received
    assert got.json["type"] == "alert.firing"
    assert got.json["timestamp"] == "2026-01-01T00:00:00.123Z"
    assert got.json["data"]["alerts"][1] == {
        "labels": {"user": "bob", "model": "gpt-4o"}, "state": "alerting", "value": 12.4, "value_text": "$12.40",
        "threshold_text": "above $10", "since_us": AT_US,
        "url": "https://perihelion.example/requests?q=user%3Aada&since=1d",
    }  # fmt: skip
    assert got.headers["webhook-id"] == notification.id
    assert got.headers["webhook-timestamp"] == str(AT_US // 1_000_000 + 5)
    verify(SECRET, got.headers, got.body)


def verify(secret: str, headers: dict[str, str], body: bytes) -> None:
    """As a receiver does it: one of the signatures is right."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = "v1," + base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    assert right in headers["webhook-signature"].split(" ")


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of the libraries of Standard Webhooks."""
    headers = signed_headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_rotated_both_sign(receiver: HttpReceiver) -> None:
    old, new, now = make_secret(), make_secret(), now_us()
    rotated = {"secret": new, "previous_secret": old, "previous_until_us": now + 60_000_000}
    assert send("webhook", make_notification(), receiver.origin, now, **rotated).sent
    assert send("webhook", make_notification(), receiver.origin, now + 61_000_000, **rotated).sent
    during, after = receiver.received
    for secret in (old, new):
        verify(secret, during.headers, during.body)
    verify(new, after.headers, after.body)
    with pytest.raises(AssertionError):
        verify(old, after.headers, after.body)


def test_pagerduty_gets_one_incident_from_its_trigger_to_its_end(receiver: HttpReceiver) -> None:
    for state in STATES:
        assert send("pagerduty", make_notification(state=state), receiver.origin).sent
    events = [got.json for got in receiver.received]
    assert [event["event_action"] for event in events] == ["trigger", "acknowledge", "resolve", "trigger", "trigger"]
    assert {event["dedup_key"] for event in events} == {"rule-1:all"}
    assert events[0]["payload"]["severity"] == "critical"
    assert events[0]["payload"]["custom_details"]["alerts"] == {
        "user=ada": "$12.40, above $10", "user=bob, model=gpt-4o": "$12.40, above $10",
    }  # fmt: skip
    assert "payload" not in events[2]


def test_slack_has_buttons_that_open_the_explorer_and_the_rule(receiver: HttpReceiver) -> None:
    notification = make_notification()
    assert send("slack", notification, receiver.origin).sent
    blocks = receiver.received[0].json["blocks"]
    assert [block["accessory"]["url"] for block in blocks if "accessory" in block] == [
        alert.url for alert in notification.alerts
    ]
    (actions,) = (block for block in blocks if block["type"] == "actions")
    assert [button["url"] for button in actions["elements"]] == [notification.url, notification.acknowledge_url]
    assert send("slack", make_notification(state="resolved"), receiver.origin).sent
    (actions,) = (block for block in receiver.received[1].json["blocks"] if block["type"] == "actions")
    assert [button["text"]["text"] for button in actions["elements"]] == ["Open"]


@pytest.mark.parametrize("kind", ["slack", "discord", "teams"])
def test_labels_cannot_mention_or_link(kind: str, receiver: HttpReceiver) -> None:
    assert send(kind, make_notification(alerts=[make_alert(user=HOSTILE)], summary=HOSTILE), receiver.origin).sent
    (got,) = receiver.received
    text = got.body.decode()
    if kind == "slack":
        assert "<!channel>" not in text and "&lt;!channel&gt;" in text
    else:
        assert "[x](http" not in json.dumps(got.json.get("embeds", [{}])[0].get("description", ""))
        assert kind != "discord" or got.json["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (204, {}, {"sent": True}),
        (500, {}, {"sent": False}),
        (404, {}, {"sent": False}),
        (410, {}, {"sent": False, "gone": True}),
        (429, {"Retry-After": "7"}, {"sent": False, "retry_after_s": 7.0}),
        (503, {"Retry-After": "99999999"}, {"sent": False, "retry_after_s": 86400.0}),
        (429, {"Retry-After": "soon"}, {"sent": False, "retry_after_s": None}),
        (429, {"Retry-After": "nan"}, {"sent": False, "retry_after_s": None}),
        (302, {"Location": "http://169.254.169.254/latest"}, {"sent": False}),
    ],
)
def test_what_an_answer_means(
    status: int, headers: dict[str, str], expected: dict[str, Any], receiver: HttpReceiver
) -> None:
    receiver.answer = Answer(status, headers, b"" if status == 204 else b"said so")
    receipt = send("webhook", make_notification(), receiver.origin)
    assert receipt.status == status
    assert {name: getattr(receipt, name) for name in expected} == expected
    assert receipt.sent or f"HTTP {status}" in receipt.error
    assert len(receiver.received) == 1


def test_retry_after_may_be_a_date(receiver: HttpReceiver) -> None:
    receiver.answer = Answer(429, {"Retry-After": formatdate(time.time() + 30, usegmt=True)})
    wait_s = send("webhook", make_notification(), receiver.origin).retry_after_s
    assert wait_s is not None and 20 < wait_s <= 31


def test_receivers_say_in_their_own_way_that_they_are_busy_or_gone(receiver: HttpReceiver) -> None:
    receiver.first = [
        Answer(429, {"Retry-After": "1"}, b'{"message": "rate limited", "retry_after": 0.64, "global": false}'),
        Answer(204, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "1.5"}, b""),
        Answer(404, {}, b'{"message": "Unknown Webhook", "code": 10015}'),
    ]
    said = [send("discord", make_notification(), receiver.origin) for _ in range(3)]
    assert (said[0].retry_after_s, said[1].sent, said[1].retry_after_s, said[2].gone) == (0.64, True, 1.5, True)
    receiver.first = [Answer(400, {}, b'{"status":"invalid event","errors":["\'routing_key\' is incorrect"]}')]
    refused = send("pagerduty", make_notification(), receiver.origin)
    assert refused.final and "routing_key" in refused.error


def test_an_attempt_ends_long_before_a_hostile_receiver_does(receiver: HttpReceiver) -> None:
    """Each goes on for an hour at least: an attempt that waited for its end would not return."""
    hostile = {
        "drips its head": (Answer(200, {"X-Long": "x" * 20_000}, drip_s=0.2), False),
        "drips its body": (Answer(200, {}, b"x" * 1_000_000, drip_s=0.004), True),
        "has no end": (Answer(200, endless=True), True),
        "hangs": (Answer(200, wait_s=HOUR_S), False),
        "hangs up": (Answer(drop=True), False),
        "speaks nonsense": (Answer(200, {"Content-Length": "many"}), False),
    }
    for what, (answer, sent) in hostile.items():
        receiver.answer = answer
        receipt = send("webhook", make_notification(), receiver.origin, timeout_s=SHORT_S)
        assert receipt.sent is sent, what
        assert "/hook/T0" not in receipt.error, what


@pytest.mark.parametrize("kind", HTTP_KINDS)
def test_addresses_inside_the_network_are_refused(kind: str, receiver: HttpReceiver) -> None:
    channel = CHANNELS[kind]
    made = parsed(channel.config, config_for(kind, receiver.origin))
    receipt = channel.send(make_notification(), made, network_to(), now_us())
    assert not receipt.sent and "not a public address" in receipt.error
    assert receiver.received == []


def mail_config(mail: SmtpReceiver, **more: Any) -> dict[str, Any]:
    usual = {"host": "127.0.0.1", "port": mail.port, "security": "none", "sender": "alerts@moon.example",
             "to": ["ada@moon.example", "bob@moon.example"]}  # fmt: skip
    return {**usual, **more}


def send_mail(mail: SmtpReceiver, notification: Notification, **more: Any) -> Receipt:
    channel = CHANNELS["email"]
    made = parsed(channel.config, mail_config(mail, **more))
    channel.check(made)
    return channel.send(notification, made, network_to(f"smtp://127.0.0.1:{mail.port}"), now_us())


def test_an_e_mail_has_text_and_html_and_one_id_for_all_attempts(mail: SmtpReceiver) -> None:
    notification = make_notification(alerts=[make_alert(user=HOSTILE)])
    assert send_mail(mail, notification) == Receipt(sent=True, status=250)
    assert send_mail(mail, notification).sent
    first, second = mail.messages
    assert mail.envelopes[0] == ("alerts@moon.example", ["ada@moon.example", "bob@moon.example"])
    assert first["Subject"] == "[Firing] Daily spend"
    assert first["Message-ID"] == second["Message-ID"] == f"<{notification.id}@moon.example>"
    assert first["References"] == "<rule-1-all@moon.example>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first.get_content_type() == "multipart/alternative"
    text, html = first.get_body(("plain",)), first.get_body(("html",))
    assert text is not None and html is not None
    assert notification.alerts[0].url in text.get_content() and notification.url in text.get_content()
    assert "<script>" not in html.get_content() and "&lt;script&gt;" in html.get_content()


def test_an_e_mail_about_much_and_with_line_ends_in_its_title_is_one_message(mail: SmtpReceiver) -> None:
    assert send_mail(mail, make_huge()).sent
    assert send_mail(mail, make_notification(title="a\r\nBcc: eve@evil.example\r\n\r\nbody")).sent
    assert mail.messages[1]["Bcc"] is None
    assert mail.envelopes[1][1] == ["ada@moon.example", "bob@moon.example"]


def test_what_a_mail_server_refuses_is_said(mail: SmtpReceiver) -> None:
    mail.refusals = ["451 try later"]
    refused = send_mail(mail, make_notification())
    assert (refused.sent, refused.status, refused.error) == (False, 451, "SMTP 451 try later")
    mail.refused = {"bob@moon.example": "550 no such user"}
    partly = send_mail(mail, make_notification())
    assert partly.sent and "bob@moon.example: SMTP 550 no such user" in partly.error
    mail.refused["ada@moon.example"] = "550 neither"
    assert send_mail(mail, make_notification()).status == 550
    channel = CHANNELS["email"]
    made = parsed(channel.config, mail_config(mail))
    assert "not a public address" in channel.send(make_notification(), made, network_to(), now_us()).error
    assert send_mail(mail, make_notification(), security="starttls").error


def test_a_mail_server_that_never_says_anything_is_not_waited_for(receiver: HttpReceiver) -> None:
    made = parsed(CHANNELS["email"].config, {
        "host": "127.0.0.1", "port": receiver.port, "security": "none", "sender": "a@b.example", "to": ["c@d.example"],
    })  # fmt: skip
    network = network_to(receiver.origin, timeout_s=SHORT_S)
    receipt = CHANNELS["email"].send(make_notification(), made, network, now_us())
    assert not receipt.sent and "not done within" in receipt.error


def test_apprise_sends_by_its_own_addresses_and_is_guarded(receiver: HttpReceiver) -> None:
    channel = CHANNELS["apprise"]
    made = parsed(channel.config, {"url": f"json://127.0.0.1:{receiver.port}/hook"})
    channel.check(made)
    assert "not a public address" in channel.send(make_notification(), made, network_to(), now_us()).error
    assert receiver.received == []
    with_a_name = parsed(channel.config, {"url": f"json://localhost:{receiver.port}/hook"})
    assert "not a public address" in channel.send(make_notification(), with_a_name, network_to(), now_us()).error
    assert receiver.received == []
    assert channel.send(make_notification(), made, network_to(receiver.origin), now_us()).sent
    (got,) = receiver.received
    assert (got.json["title"], got.json["type"]) == ("[Firing] Daily spend", "failure")
    assert "user=ada: $12.40, above $10" in got.json["message"]
    receiver.answer = Answer(302, {"Location": f"{receiver.origin}/elsewhere"})
    assert not channel.send(make_notification(), made, network_to(receiver.origin), now_us()).sent
    assert all(got.path == "/hook" for got in receiver.received)
    receiver.answer = Answer(wait_s=HOUR_S)
    assert not channel.send(make_notification(), made, network_to(receiver.origin, timeout_s=SHORT_S), now_us()).sent
    for url in ("syslog://", "nonsense://x", "dbus://"):
        with pytest.raises(BadConfig):
            channel.check(parsed(channel.config, {"url": url}))


def test_connections_of_apprise_are_checked_by_the_address_that_they_go_to() -> None:
    """Whatever the name said when it was asked before. Hooks stay for good, so in a process of their own."""
    program = """
import socket, sys
from proxy.channels.apprise_process import _Guard
sys.addaudithook(guard := _Guard([("127.0.0.1", 7)]))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
tries = {
    "private": lambda: socket.create_connection(("127.0.0.1", 9), 1),
    "by name": lambda: socket.socket().connect(("localhost", 9)),
    "datagram": lambda: udp.sendto(b"x", ("10.0.0.1", 9)),
    "metadata": lambda: socket.create_connection(("169.254.169.254", 80), 1),
    "mapped": lambda: socket.socket(socket.AF_INET6).connect(("::ffff:127.0.0.1", 9)),
    "unix": lambda: socket.socket(socket.AF_UNIX).connect("/run/docker.sock"),
    "allowed": lambda: socket.create_connection(("127.0.0.1", 7), 1),
}
for name, attempt in tries.items():
    guard.refused = ""
    try:
        attempt()
    except OSError:
        pass
    print(name, "refused" if guard.refused else "tried")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    said = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert said.pop("allowed") == "tried"
    assert set(said.values()) == {"refused"} and len(said) == 6


@pytest.mark.parametrize(
    ("kind", "config", "field"),
    [
        ("webhook", {"url": "ftp://example.com"}, "url"),
        ("webhook", {"url": "https://user:pw@example.com"}, "url"),
        ("webhook", {"url": "https://example.com/a b"}, "url"),
        ("webhook", {"url": "https://example.com:99999"}, "url"),
        ("webhook", {"url": "https://example.com", "secret": "short"}, "secret"),
        ("webhook", {"url": "https://example.com", "secret": "whsec_AAAA"}, "secret"),
        ("webhook", {}, "url"),
        ("slack", {"url": ""}, "url"),
        ("slack", {"url": "not an address"}, "url"),
        ("pagerduty", {"routing_key": "with spaces"}, "routing_key"),
        ("email", {"host": "mail.example", "sender": "nobody", "to": ["a@b.example"]}, "sender"),
        ("email", {"host": "mail.example", "sender": "a@b.example", "to": []}, "to"),
        ("email", {"host": "mail.example", "sender": "a@b.example", "to": ["a@b.example\nBcc: c@d.example"]}, "to"),
        ("email", {"host": "a/b", "sender": "a@b.example", "to": ["a@b.example"]}, "host"),
        ("email", {"host": "m", "port": 0, "sender": "a@b.example", "to": ["a@b.example"]}, "port"),
        ("email", {"host": "m", "sender": "a@b.example", "to": ["a@b.example"], "password": "x"}, "username"),
    ],
)
def test_a_config_that_is_wrong_names_its_field(kind: str, config: dict[str, Any], field: str) -> None:
    channel = CHANNELS[kind]
    with pytest.raises(BadConfig) as raised:
        channel.check(parsed(channel.config, config))
    assert raised.value.field.partition("[")[0] == field
    assert "whsec_AAAA" not in str(raised.value)


@pytest.mark.parametrize("kind", CHANNELS)
def test_the_form_of_a_kind_marks_its_secrets_and_no_answer_shows_them(kind: str) -> None:
    channel = CHANNELS[kind]
    form = form_of(channel.name, channel.title, channel.help, channel.unavailable(), channel.config)
    assert form.fields and all(field.help or field.title for field in form.fields)
    secret = [field.name for field in form.fields if field.secret]
    assert secret
    values = {field.name: f"a-value-of-{field.name}-0123456789" for field in form.fields} | {"previous_secret": "old"}
    shown = masked(channel.config, values)
    assert {name: shown[name] for name in secret} == dict.fromkeys(secret, "••••6789")
    assert "previous_secret" not in shown


def test_secrets_are_made_and_known() -> None:
    assert is_secret(make_secret()) and make_secret() != make_secret()
    assert not is_secret("whsec_" + base64.b64encode(b"x" * 23).decode())
    assert not is_secret("whsec_not base64 at all") and not is_secret(base64.b64encode(b"x" * 32).decode())
