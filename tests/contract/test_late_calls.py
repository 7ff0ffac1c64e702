"""Several shippers on one ClickHouse server: a receiver gets the calls of one that inserts them late, too."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from proxy.channels import Network
from proxy.channels.signing import make_secret
from proxy.control.jobs.send_calls import CallSender
from proxy.control.jobs.ship import Shipper
from proxy.control.late_arrivals import SETTLE_US
from proxy.control.shipping import make_shipper, open_store, price_book
from proxy.core.clock import now_us
from proxy.core.identity import DEFAULT_ORG
from proxy.core.secret import Secret
from proxy.core.settings import Settings, load
from proxy.logstore import LogStore, StoreError
from proxy.metadata import call_webhooks
from proxy.metadata.call_webhooks import StoredWebhook, WebhookSecrets
from proxy.metadata.db import Database
from proxy.net.client import HttpClient
from proxy.net.connect import places_of
from tests.clickhouse_server import ClickHouseServer
from tests.e2e.control_process import record, spool, until
from tests.receivers import HttpReceiver

pytestmark = pytest.mark.soak

SECRET = Secret(b"s" * 32)


@pytest.fixture(scope="module")
def server() -> Iterator[ClickHouseServer]:
    started = ClickHouseServer()
    yield started
    started.stop()


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    started = HttpReceiver()
    yield started
    started.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'metadata.db'}", SECRET)
    yield opened
    opened.close()


class Machine:
    """A spool with its shipper."""

    def __init__(self, folder: Path, server: ClickHouseServer, database: str) -> None:
        self.settings: Settings = load(environ={}, overrides={"data": str(folder), "log.store": server.url(database)})
        self.folder = folder
        self.store: LogStore = open_store(self.settings)
        self.shipper = self.started_shipper()

    def started_shipper(self) -> Shipper:
        return make_shipper(self.settings, self.store, price_book(self.settings))

    def log(self, count: int) -> list[str]:
        at = now_us()
        calls = [record(at + number) for number in range(count)]
        spool(self.folder, *calls)
        return [call.id for call in calls]


class HeldStore:
    """A store whose next insert of calls waits, or fails, as the test says."""

    def __init__(self, store: LogStore) -> None:
        self.held = threading.Event()
        self.released = threading.Event()
        self.failure: Exception | None = None
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, table: Any, rows: Sequence[Any], token: str) -> None:
        if table == "requests" and not self.released.is_set():
            self.held.set()
            self.released.wait(60)
            if self.failure is not None:
                raise self.failure
        self._store.write(table, rows, token)


def make(database: Database, receiver: HttpReceiver, name: str) -> StoredWebhook:
    fields: dict[str, Any] = {
        "name": name, "url": f"{receiver.origin}/{name}", "filter": "", "sample_share": 1.0, "with_bodies": False,
        "only_requested": False, "form": "event", "parallel": 1, "position_us": now_us(),
    }  # fmt: skip
    with database.write(publish=False) as rows:
        return call_webhooks.create(rows, SECRET, DEFAULT_ORG, "", WebhookSecrets(secret=make_secret()), **fields)


def sent(receiver: HttpReceiver, name: str) -> list[str]:
    return [got.headers["webhook-id"] for got in receiver.received if got.path == f"/{name}"]


@pytest.mark.parametrize("fails", [False, True], ids=["slow", "killed"])
def test_calls_that_are_inserted_after_their_places_were_passed_arrive_once(
    server: ClickHouseServer, database: Database, receiver: HttpReceiver, tmp_path: Path, fails: bool
) -> None:
    name = f"late{int(fails)}"
    on_time, slow = (Machine(tmp_path / each, server, name) for each in ("one", "two"))
    network = Network(HttpClient([receiver.origin]), places_of([receiver.origin]), 10.0)
    sender = CallSender(
        database, network, lambda: on_time.store, lambda: {DEFAULT_ORG}, "http://x",
        settled_us=lambda: now_us() - SETTLE_US, several_writers=True,
    )  # fmt: skip
    make(database, receiver, "hook")
    sender.start()
    try:
        expected = on_time.log(3)
        on_time.shipper.step()

        held = HeldStore(slow.store)
        slow.store = held  # type: ignore[assignment]
        slow.shipper = slow.started_shipper()
        late = slow.log(4)
        failed: list[Exception] = []

        def ship() -> None:
            try:
                slow.shipper.step()
            except StoreError as error:
                failed.append(error)

        shipping = threading.Thread(target=ship)
        shipping.start()
        held.held.wait(30)  # the calls have their places, and are not in the log
        expected += on_time.log(3)
        on_time.shipper.step()
        until(lambda: sent(receiver, "hook") == expected, "the webhook to pass the places of the late ones", 60)

        held.failure = StoreError("killed") if fails else None
        held.released.set()
        shipping.join()
        if fails:
            assert failed
            held.failure = None
            slow.started_shipper().step()  # after a start it goes on with the batch that it had begun
        until(lambda: set(sent(receiver, "hook")) == {*expected, *late}, "the late ones", 60)
        make(database, receiver, "new")
        expected_by_new = on_time.log(2)
        on_time.shipper.step()
        until(lambda: sent(receiver, "new") == expected_by_new, "a webhook that was made later", 60)
        assert sent(receiver, "hook")[: len(expected + late)] == [*expected, *late], "each once"
        until(lambda: len(sent(receiver, "hook")) == len(expected) + len(late) + 2, "what came last", 60)
    finally:
        held.released.set()
        sender.close()
        on_time.store.close()
        slow.store.close()
