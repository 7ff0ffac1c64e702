"""The outbox and its deliverer, over SQLite and PostgreSQL, with a real receiver."""

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from proxy.channels import Network
from proxy.channels.signing import make_secret
from proxy.control.jobs.deliver import Deliverer
from proxy.core.clock import now_us
from proxy.core.identity import DEFAULT_ORG
from proxy.core.notification import Notification, sample_notification
from proxy.core.secret import Secret
from proxy.metadata import channels, outbox
from proxy.metadata.channels import StoredChannel
from proxy.metadata.db import Database
from proxy.metadata.errors import RowConflict
from proxy.metadata.outbox import StoredDelivery
from proxy.metadata.tables import deliveries
from proxy.net.client import HttpClient
from proxy.net.connect import places_of
from tests.postgres_server import PostgresServer
from tests.receivers import Answer, HttpReceiver

SECRET = Secret(b"s" * 32)
SCHEDULE_S = (0.02, 0.04, 0.06)
TIMEOUT_S = 0.4
"""Of the plane that takes over: a lease is four times as long."""
_names = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'metadata.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.database(f"deliver{next(_names)}")


@pytest.fixture
def planes(url: str) -> Iterator[list[Database]]:
    """Two control planes' connections to one database."""
    opened = [Database.open(url, SECRET) for _ in range(2)]
    yield opened
    for database in opened:
        database.close()


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    started = HttpReceiver()
    yield started
    started.close()


@pytest.fixture
def start(planes: list[Database]) -> Iterator[Callable[..., Deliverer]]:
    """Starts deliverers, and closes them."""
    started: list[Deliverer] = []

    def make(*receivers: HttpReceiver, plane: int = 0, timeout_s: float = 10.0) -> Deliverer:
        origins = [each.origin for each in receivers]
        network = Network(HttpClient(origins, timeout_s=timeout_s), places_of(origins), timeout_s)
        started.append(Deliverer(planes[plane], network, SCHEDULE_S))
        started[-1].start()
        return started[-1]

    yield make
    for deliverer in started:
        deliverer.close()


def add_channel(database: Database, receiver: HttpReceiver, name: str = "hook", kind: str = "webhook") -> StoredChannel:
    config = {"url": f"{receiver.origin}/{name}"}
    secrets = {"secret": make_secret()} if kind == "webhook" else config
    with database.write(publish=False) as rows:
        public = config if kind == "webhook" else {}
        return channels.create(rows, SECRET, DEFAULT_ORG, kind, name, public, secrets, "test")


def put(database: Database, *ids: str, key: str = "", title: str = "") -> Notification:
    notification = sample_notification(DEFAULT_ORG, "Moon", "hook", "http://127.0.0.1:1", now_us())
    fields = {name: value for name, value in (("dedup_key", key), ("title", title)) if value}
    notification = msgspec.structs.replace(notification, **fields)
    with database.write(publish=False) as rows:
        outbox.put(rows, notification, list(ids))
    return notification


def stored(database: Database) -> list[StoredDelivery]:
    """Oldest first."""
    with database.read() as rows:
        return outbox.listed(rows, DEFAULT_ORG, limit=500)[::-1]


def until(database: Database, state: str, count: int = 1, patience_s: float = 20.0) -> list[StoredDelivery]:
    """The deliveries, once `count` have that state."""
    deadline = time.monotonic() + patience_s
    found = stored(database)
    while sum(one.state == state for one in found) < count:
        assert time.monotonic() < deadline, [(one.state, one.attempts, one.error) for one in found]
        time.sleep(0.02)
        found = stored(database)
    return found


def test_what_is_put_is_sent_once_and_noted(
    planes: list[Database], receiver: HttpReceiver, start: Callable[..., Deliverer]
) -> None:
    channel = add_channel(planes[0], receiver)
    start(receiver).wake()
    notification = put(planes[0], channel.id, "no such channel")
    (sent,) = until(planes[0], "sent")
    assert (sent.attempts, sent.status, sent.error) == (1, 200, "")
    (got,) = receiver.received
    assert (got.headers["webhook-id"], got.json["data"]["title"]) == (notification.id, notification.title)


def test_a_change_that_is_rolled_back_tells_nobody(planes: list[Database], receiver: HttpReceiver) -> None:
    channel = add_channel(planes[0], receiver)
    notification = sample_notification(DEFAULT_ORG, "Moon", "hook", "http://127.0.0.1:1", now_us())
    with pytest.raises(ZeroDivisionError), planes[0].write(publish=False) as rows:
        outbox.put(rows, notification, [channel.id])
        raise ZeroDivisionError
    assert stored(planes[0]) == []


def test_a_failing_receiver_gets_it_again_under_one_id_until_it_is_given_up_and_can_be_sent_again(
    planes: list[Database], receiver: HttpReceiver, start: Callable[..., Deliverer]
) -> None:
    receiver.answer = Answer(500, body=b"on fire")
    channel = add_channel(planes[0], receiver)
    deliverer = start(receiver)
    notification = put(planes[0], channel.id)
    (dead,) = until(planes[0], "dead")
    assert (dead.attempts, dead.status, dead.error) == (4, 500, "HTTP 500: on fire")
    assert [got.headers["webhook-id"] for got in receiver.received] == [notification.id] * 4
    receiver.answer = Answer(200)
    with planes[0].write(publish=False) as rows:
        outbox.send_again(rows, DEFAULT_ORG, dead.id)
    deliverer.wake()
    (sent,) = until(planes[0], "sent")
    assert (sent.id, sent.attempts) == (dead.id, 1)
    assert receiver.received[-1].headers["webhook-id"] == notification.id


def test_a_receiver_that_is_gone_disables_its_channel(
    planes: list[Database], receiver: HttpReceiver, start: Callable[..., Deliverer]
) -> None:
    receiver.answer = Answer(410)
    channel = add_channel(planes[0], receiver)
    for _ in range(3):
        put(planes[0], channel.id)
    start(receiver)
    found = until(planes[0], "dead", 3)
    assert len(receiver.received) == 1 and sorted(one.attempts for one in found) == [0, 0, 1]
    with planes[0].read() as rows:
        now = channels.shown(rows, DEFAULT_ORG, channel.id)
    assert not now.enabled and "410" in now.disabled_reason
    put(planes[0], channel.id)
    assert len(stored(planes[0])) == 3
    with planes[0].write(publish=False) as rows, pytest.raises(RowConflict, match="is disabled"):
        outbox.send_again(rows, DEFAULT_ORG, found[0].id)


def test_nothing_is_sent_before_the_time_that_the_receiver_named(
    planes: list[Database], receiver: HttpReceiver, start: Callable[..., Deliverer]
) -> None:
    receiver.first = [Answer(429, {"Retry-After": "1"})]
    channel = add_channel(planes[0], receiver)
    for _ in range(2):
        put(planes[0], channel.id)
    start(receiver)
    until(planes[0], "sent", 2)
    first, *others = receiver.received
    assert len(others) == 2 and min(got.at for got in others) - first.at >= 0.99


def test_the_receivers_own_rate_is_kept(
    planes: list[Database], receiver: HttpReceiver, start: Callable[..., Deliverer]
) -> None:
    channel = add_channel(planes[0], receiver, kind="slack")
    for _ in range(3):
        put(planes[0], channel.id)
    for plane in range(2):
        start(receiver, plane=plane)
    until(planes[0], "sent", 3)
    times = [got.at for got in receiver.received]
    assert len(times) == 3 and min(after - before for before, after in itertools.pairwise(times)) >= 0.95


def test_what_belongs_to_one_alert_goes_out_in_its_order(
    planes: list[Database], receiver: HttpReceiver, start: Callable[..., Deliverer]
) -> None:
    receiver.first = [Answer(500), Answer(503)]
    channel = add_channel(planes[0], receiver)
    for title in ("fires", "is acknowledged", "is over"):
        put(planes[0], channel.id, key="one", title=title)
    put(planes[0], channel.id, key="another", title="independent")
    start(receiver)
    until(planes[0], "sent", 4)
    titles = [got.json["data"]["title"] for got in receiver.received]
    of_one = [title for title in titles if title != "independent"]
    taken = of_one[-3:]
    assert taken == ["fires", "is acknowledged", "is over"] and set(of_one[:-3]) <= {"fires"}


def test_a_slow_receiver_delays_no_other(
    planes: list[Database], receiver: HttpReceiver, start: Callable[..., Deliverer]
) -> None:
    released = threading.Event()

    def answer(_: Any) -> Answer:
        released.wait(60)
        return Answer()

    slow = HttpReceiver(answer)
    try:
        others = [add_channel(planes[0], slow, f"slow{n}") for n in range(5)]
        fast = add_channel(planes[0], receiver)
        put(planes[0], *(channel.id for channel in others))
        start(slow, receiver)
        slow.wait(5)
        for _ in range(5):
            put(planes[0], fast.id)
        receiver.wait(5)
        assert slow.open == 5, "all of the slow ones are still under way"
    finally:
        released.set()
        slow.close()


def test_two_planes_on_one_database_send_each_once(
    planes: list[Database], receiver: HttpReceiver, start: Callable[..., Deliverer]
) -> None:
    receivers = [add_channel(planes[0], receiver, f"hook{n}") for n in range(4)]
    for plane in range(2):
        start(receiver, plane=plane)
    sent = [put(planes[n % 2], *(channel.id for channel in receivers)) for n in range(10)]
    until(planes[0], "sent", 40, patience_s=40.0)
    got = sorted((each.path, each.headers["webhook-id"]) for each in receiver.received)
    assert got == sorted((f"/hook{n}", one.id) for n in range(4) for one in sent)
    assert {one.attempts for one in stored(planes[0])} == {1}


def test_a_plane_that_died_leaves_a_lease_that_runs_out(
    planes: list[Database], receiver: HttpReceiver, start: Callable[..., Deliverer]
) -> None:
    channel = add_channel(planes[0], receiver)
    notification = put(planes[0], channel.id)
    lease_us = round(4 * TIMEOUT_S * 1e6)
    with planes[0].write(publish=False) as rows:  # and dies here
        assert outbox.claim(rows, channel.id, "dead plane", now_us(), lease_us) is not None
    began = time.monotonic()
    start(receiver, plane=1, timeout_s=TIMEOUT_S)
    (sent,) = until(planes[1], "sent")
    assert sent.attempts == 2 and time.monotonic() - began > 0.8
    assert [got.headers["webhook-id"] for got in receiver.received] == [notification.id]
    with planes[0].write(publish=False) as rows:  # it was not dead, but very slow
        late = outbox.Attempt(state="dead", status=0, error="too late")
        assert not outbox.settle(rows, sent.id, channel.id, "dead plane", late)
    assert stored(planes[0])[0].state == "sent"


def test_a_clock_that_is_put_back_holds_up_nothing(
    planes: list[Database], receiver: HttpReceiver, start: Callable[..., Deliverer]
) -> None:
    channel = add_channel(planes[0], receiver)
    put(planes[0], channel.id)
    year_us = 365 * 86_400 * 1_000_000
    with planes[0].write(publish=False) as rows:
        ahead = {"due_us": now_us() + year_us, "holder": "gone", "held_until_us": now_us() + year_us}
        rows.execute(update(deliveries).values(**ahead))
    start(receiver)
    until(planes[0], "sent")


def test_a_database_that_goes_away_in_the_middle_is_waited_for(
    planes: list[Database], receiver: HttpReceiver, start: Callable[..., Deliverer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes the claim and is away when the end of the attempt is to be noted."""
    away, database = threading.Event(), planes[0]
    write = Database.write

    def failing(self: Database, publish: bool = True) -> Any:
        if away.is_set() and threading.current_thread().name.startswith("deliver"):
            raise OperationalError("UPDATE", {}, Exception("the server closed the connection"))
        return write(self, publish)

    def answer(_: Any) -> Answer:
        away.set()
        return Answer(200)

    receiver.answer = answer
    monkeypatch.setattr(Database, "write", failing)
    channel = add_channel(database, receiver)
    put(database, channel.id)
    deliverer = start(receiver)
    receiver.wait(1)
    time.sleep(0.3)
    assert stored(database)[0].state == "waiting" and "does not answer" in deliverer.figures.last_error
    away.clear()
    receiver.answer = Answer(200)
    (sent,) = until(database, "sent")
    assert sent.attempts == 1 and len(receiver.received) == 1


def test_old_deliveries_are_removed_and_waiting_ones_stay(planes: list[Database], receiver: HttpReceiver) -> None:
    channel = add_channel(planes[0], receiver)
    for _ in range(3):
        put(planes[0], channel.id)
    first, second, third = stored(planes[0])
    with planes[0].write(publish=False) as rows:
        for one, ended_us in ((first, now_us() - outbox.KEPT_US - 1), (second, now_us())):
            change = update(deliveries).where(deliveries.c.id == one.id)
            rows.execute(change.values(state="sent", ended_us=ended_us))
        outbox.remove_old(rows)
    assert [one.id for one in stored(planes[0])] == [second.id, third.id]


def test_secrets_are_sealed_and_leave_with_the_channel(planes: list[Database], receiver: HttpReceiver) -> None:
    channel = add_channel(planes[0], receiver, kind="slack")
    put(planes[0], channel.id)
    assert receiver.origin.encode() not in channel.sealed and json.loads(channel.config) == {}
    assert channels.secrets_of(SECRET, channel) == {"url": f"{receiver.origin}/hook"}
    with planes[0].write(publish=False) as rows:
        channels.remove(rows, DEFAULT_ORG, channel.id)
    assert stored(planes[0]) == []
