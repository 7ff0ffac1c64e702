"""Two control planes on one PostgreSQL and one ClickHouse server: each alert is sent once, by whichever lives; and a
PostgreSQL that goes away in the middle of a delivery costs nothing."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from proxy.core.clock import now_us, uuid7
from proxy.core.notification import sample_notification
from proxy.core.secret import load_secret
from proxy.core.settings import load
from proxy.metadata import outbox
from proxy.metadata.db import Database
from proxy.metadata.tables import deliveries, jobs
from tests.clickhouse_server import ClickHouseServer
from tests.e2e.control_process import ControlProcess, record, spool, until
from tests.postgres_server import PostgresServer
from tests.receivers import Answer, HttpReceiver

pytestmark = pytest.mark.soak

KEY = "a2" * 32
RULES = 10


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def clickhouse() -> Iterator[ClickHouseServer]:
    server = ClickHouseServer()
    yield server
    server.stop()


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    started = HttpReceiver()
    yield started
    started.close()


class Planes:
    """Two control planes, and the database that they share."""

    def __init__(self, folder: Path, metadata: str, log: str, receiver: HttpReceiver) -> None:
        settings = {
            "PERIHELION_METADATA_URL": metadata,
            "PERIHELION_LOG_STORE": log,
            "PERIHELION_SECRET_KEY": KEY,
            "PERIHELION_CHANNELS_ALLOW": receiver.origin,
            "PERIHELION_CHANNELS_TIMEOUT_S": "1",
            "PERIHELION_CHANNELS_RETRY_S": ",".join(["0.2"] * 200),
            "PERIHELION_ALERTS_INTERVAL_S": "1",
            "PERIHELION_ALERTS_DELAY_S": "0.3",
        }
        self.both = [ControlProcess(folder / name / "data", **settings) for name in ("one", "two")]
        self._started: list[tuple[str, ControlProcess]] = []
        for each in self.both:
            each.data.mkdir(parents=True)
            self.start(each)
        self.database = Database.open(metadata, load_secret(load(environ={"PERIHELION_SECRET_KEY": KEY})))

    def start(self, plane: ControlProcess) -> None:
        self._started.append((uuid7(now_us()), plane))
        plane.start().ready()

    def end(self) -> None:
        self.database.close()
        for plane in self.both:
            plane.end()

    def kill(self, holder: str) -> ControlProcess:
        """kill -9 of the control plane that holds a lease; returns the other one. A holder's name begins with the time
        of its start."""
        at = max(number for number, (started, _) in enumerate(self._started) if started <= holder)
        killed = self._started[at][1]
        killed.kill()
        (other,) = (plane for plane in self.both if plane is not killed)
        return other

    def ask(self, plane: ControlProcess, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {plane.token}"}
        answer = httpx.request(method, plane.url + path, json=body, headers=headers, timeout=30)
        return answer.raise_for_status().json()

    def channel(self, receiver: HttpReceiver) -> str:
        body = {"kind": "webhook", "name": "hook", "config": {"url": f"{receiver.origin}/hook"}}
        return str(self.ask(self.both[0], "POST", "/api/channels", body)["channel"]["id"])

    def rules(self, plane: ControlProcess) -> None:
        """Rules that fire at once, because there are calls."""
        for _ in range(RULES):
            self.ask(plane, "POST", "/api/alerts", {"name": "calls", "metric": "calls", "window": "1h"})

    def holder_of_evaluation(self) -> str:
        with self.database.read() as rows:
            found = rows.execute(select(jobs.c.holder).where(jobs.c.name == "evaluate_alerts")).scalar_one_or_none()
        return found or ""

    def holder_of_a_delivery(self) -> str:
        under_way = (deliveries.c.state == "waiting", deliveries.c.held_until_us > now_us())
        with self.database.read() as rows:
            return rows.execute(select(deliveries.c.holder).where(*under_way)).scalars().first() or ""

    def states(self) -> Counter[str]:
        with self.database.read() as rows:
            return Counter(rows.execute(select(deliveries.c.state)).scalars())


@pytest.fixture
def planes(
    tmp_path: Path, postgres: PostgresServer, clickhouse: ClickHouseServer, receiver: HttpReceiver
) -> Iterator[Planes]:
    name = f"planes{len(list(clickhouse.folder.iterdir()))}{random.randrange(10**6)}"
    both = Planes(tmp_path, postgres.database(name), clickhouse.url(name), receiver)
    yield both
    both.end()


def fired(receiver: HttpReceiver) -> dict[str, set[str]]:
    """The ids of the messages of each alert."""
    found: dict[str, set[str]] = {}
    for got in receiver.received:
        assert got.json["type"] == "alert.firing"
        found.setdefault(got.json["data"]["dedup_key"], set()).add(got.headers["webhook-id"])
    return found


def test_each_alert_is_sent_once_also_when_the_one_that_has_the_lease_is_killed(
    planes: Planes, receiver: HttpReceiver
) -> None:
    one, two = planes.both
    planes.channel(receiver)
    for plane in planes.both:
        spool(plane.data, *(record(now_us() + number) for number in range(5)))
        plane.shipped()

    def settled(count: int) -> bool:
        return planes.states() == {"sent": count}

    planes.rules(one)
    until(lambda: settled(RULES), "all alerts", 60)
    evaluated = [rule["evaluated_us"] for rule in planes.ask(one, "GET", "/api/alerts")["data"]]
    until(
        lambda: (
            min(rule["evaluated_us"] for rule in planes.ask(two, "GET", "/api/alerts")["data"] if rule["firing"])
            > max(evaluated) + 5_000_000
        ),
        "more evaluations",
        60,
    )
    assert len(receiver.received) == len(fired(receiver)) == RULES, "each once, under one id"

    receiver.answer = Answer(wait_s=0.3)
    planes.rules(two)
    receiver.wait(RULES + 3, 60)
    left = planes.kill(until(planes.holder_of_a_delivery, "a delivery under way"))
    until(lambda: settled(2 * RULES), "the other one to send the rest", 60)
    ids = fired(receiver)
    assert len(ids) == 2 * RULES and all(len(one) == 1 for one in ids.values()), "nothing twice under another id"
    assert len(receiver.received) <= 2 * RULES + 1, "what was under way at most comes twice"

    receiver.answer = Answer()
    (killed,) = (plane for plane in planes.both if plane is not left)
    planes.start(killed)
    before = len(receiver.received)
    planes.rules(left)
    planes.kill(until(planes.holder_of_evaluation, "an evaluation under way"))
    until(lambda: settled(3 * RULES), "the other one to evaluate once the lease has run out", 120)
    ids = fired(receiver)
    assert len(ids) == 3 * RULES and all(len(one) == 1 for one in ids.values())
    assert len(receiver.received) <= before + RULES + 1


def test_a_database_that_stops_in_the_middle_of_a_delivery_costs_nothing(
    planes: Planes, postgres: PostgresServer, receiver: HttpReceiver
) -> None:
    receiver.answer = lambda _: Answer(wait_s=random.uniform(0.0, 0.2))
    channel_id = planes.channel(receiver)
    webhook = {"name": "calls", "url": f"{receiver.origin}/calls", "parallel": 4}
    planes.ask(planes.both[0], "POST", "/api/webhooks", webhook)
    notified: dict[str, str] = {}
    calls: set[str] = set()
    for turn in range(4):
        made = [sample_notification("default", "default", "x", "http://x", now_us()) for _ in range(10)]
        notified |= {one.id: one.title for one in made}
        with planes.database.write(publish=False) as rows:
            for one in made:
                outbox.put(rows, one, [channel_id])
        at = now_us()
        logged = [record(at + number) for number in range(20)]
        calls |= {one.id for one in logged}
        spool(planes.both[turn % 2].data, *logged)
        receiver.wait(len(receiver.received) + 3)
        if turn % 2:
            postgres.crash()
            time.sleep(random.uniform(0.0, 2.0))
            postgres.start()
        else:
            postgres.freeze()
            time.sleep(random.uniform(1.0, 3.0))
            postgres.thaw()

    def arrived(path: str) -> set[str]:
        return {got.headers["webhook-id"] for got in receiver.received if got.path == path}

    until(lambda: arrived("/calls") >= calls, "all calls", 90)
    until(lambda: planes.states() == {"sent": len(notified)}, "all notifications to be sent", 90)
    assert arrived("/calls") == calls and arrived("/hook") == set(notified)
