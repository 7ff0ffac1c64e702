"""kill -9 of the control plane while it delivers: nothing is lost, and what comes twice has the same id."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from proxy.core.clock import now_us
from proxy.core.notification import Notification, sample_notification
from proxy.core.secret import load_secret
from proxy.core.settings import load
from proxy.metadata import outbox
from proxy.metadata.db import Database
from tests.e2e.control_process import ControlProcess, record, spool, until
from tests.receivers import Answer, HttpReceiver

pytestmark = pytest.mark.soak

ROUNDS = 5


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    """Slow enough that a kill finds requests under way, and of ten requests it fails one."""
    started = HttpReceiver(lambda _: Answer(random.choice([200] * 9 + [500]), wait_s=random.uniform(0, 0.05)))
    yield started
    started.close()


@pytest.fixture
def control(tmp_path: Path, receiver: HttpReceiver) -> Iterator[ControlProcess]:
    process = ControlProcess(
        tmp_path / "data",
        PERIHELION_CHANNELS_ALLOW=receiver.origin,
        PERIHELION_CHANNELS_TIMEOUT_S="0.5",
        PERIHELION_CHANNELS_RETRY_S=",".join(["0.1"] * 200),
    )
    process.start().ready()
    yield process
    process.end()


def put(control: ControlProcess, channel_id: str, count: int) -> list[Notification]:
    settings = load(environ={"PERIHELION_DATA": str(control.data)})
    database = Database.open(f"sqlite:///{control.data / 'metadata.db'}", load_secret(settings))
    made = [sample_notification("default", "default", "x", "http://x", now_us()) for _ in range(count)]
    with database.write(publish=False) as rows:
        for notification in made:
            outbox.put(rows, notification, [channel_id])
    database.close()
    return made


def ask(control: ControlProcess, method: str, path: str, body: object = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {control.token}"}
    return httpx.request(method, control.url + path, json=body, headers=headers, timeout=30).raise_for_status()


def test_notifications_outlive_kills_at_any_step(control: ControlProcess, receiver: HttpReceiver) -> None:
    body = {"kind": "webhook", "name": "hook", "config": {"url": receiver.origin}}
    channel_id = ask(control, "POST", "/api/channels", body).json()["channel"]["id"]
    expected: set[str] = set()
    for _ in range(ROUNDS):
        expected |= {one.id for one in put(control, channel_id, 20)}
        time.sleep(random.uniform(0.0, 0.8))
        control.kill()
        control.start().ready()

    def all_sent() -> bool:
        found = ask(control, "GET", f"/api/channels/{channel_id}").json()["deliveries"]
        assert found["dead"] == 0
        return bool(found["sent"] == len(expected))

    until(all_sent, "all to be sent", 90)
    assert {each.headers["webhook-id"] for each in receiver.received} == expected


def test_webhooks_for_calls_outlive_kills_at_any_step(control: ControlProcess, receiver: HttpReceiver) -> None:
    body = {"name": "calls", "url": receiver.origin, "parallel": 4}
    id = ask(control, "POST", "/api/webhooks", body).json()["webhook"]["id"]
    expected: set[str] = set()
    for _ in range(ROUNDS):
        at = now_us()
        calls = [record(at + number) for number in range(50)]
        expected |= {call.id for call in calls}
        spool(control.data, *calls)
        time.sleep(random.uniform(0.1, 1.2))
        control.kill()
        control.start().ready()

    def all_sent() -> bool:
        return {each.headers["webhook-id"] for each in receiver.received} >= expected

    until(all_sent, "all calls to be sent", 120)
    assert {each.headers["webhook-id"] for each in receiver.received} == expected
    shown = ask(control, "GET", f"/api/webhooks/{id}").json()
    assert shown["refused"] == 0 and shown["sent"] <= len(receiver.received)
