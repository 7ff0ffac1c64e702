"""The log on a ClickHouse server: calls through both planes, a spool shipped from beside a gateway, and what survives
the death of the server."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy.logstore.clickhouse import ClickHouseStore
from tests.clickhouse_server import ClickHouseServer, cluster_url, start_cluster
from tests.contract.log_stores import READER
from tests.e2e.control_process import ROOT, record, spool, until
from tests.stack import Stack

START_US = 1_780_000_000_000_000


@pytest.fixture(scope="module")
def server() -> Iterator[ClickHouseServer]:
    started = ClickHouseServer(READER)
    yield started
    started.stop()


@contextmanager
def shipping(data: Path, url: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """`perihelion ship` from the spool in `data`."""
    wanted = {"PERIHELION_DATA": str(data), "PERIHELION_SHIP_INTERVAL_S": "0.05", **settings}
    process = subprocess.Popen(
        [sys.executable, "-m", "proxy", "ship", "--store", url],
        env={**os.environ, "PYTHONPATH": str(ROOT), **wanted},
    )
    try:
        yield process
        process.terminate()
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            process.kill()


def test_a_call_is_logged_on_the_server_and_shown(
    tmp_path: Path, simulator_origin: str, server: ClickHouseServer
) -> None:
    providers = {"openai": f'origin = "{simulator_origin}"'}
    with Stack(tmp_path, providers, log__store=server.url(), log__reader=server.url(user="reader")) as stack:
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}
        request = urllib.request.Request(
            f"{stack.gateway}/openai/v1/chat/completions",
            json.dumps(body).encode(),
            {"content-type": "application/json", "helicone-user-id": "ada"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            id = answer.headers["helicone-id"]
        found = stack.record(id)
        assert (found["status"], found["user_id"]) == (200, "ada")
        assert json.loads(found["bodies"]["request"]) == body
        assert [each["id"] for each in stack.records()] == [id]
        assert id in stack.run("requests", "--user", "ada").stdout


def test_a_spool_is_shipped_to_the_server(tmp_path: Path, server: ClickHouseServer) -> None:
    records = [record(START_US + number) for number in range(50)]
    spool(tmp_path / "data", *records)
    url = server.url("shipped")
    with shipping(tmp_path / "data", url):
        until(lambda: not list((tmp_path / "data" / "spool").glob("*.seg")), "the spool to be shipped")
    assert counts(url) == (50, 50, 50, 50)


def counts(url: str) -> tuple[int, ...]:
    """Rows and different ids of both tables."""
    store = ClickHouseStore.open(url)
    try:
        found = (store.read(f"SELECT count() AS n, uniqExact(id) AS ids FROM {each}", {}) for each in TABLES)
        return tuple(value for rows in found for value in rows[0].values())
    finally:
        store.close()


TABLES = ("requests", "bodies")


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["server", "cluster"])
def test_kill_9_of_the_server_while_shipping_loses_and_doubles_nothing(tmp_path: Path, kind: str) -> None:
    total = 4_800
    servers = [ClickHouseServer(READER)] if kind == "server" else start_cluster(READER)
    url = servers[0].url() if kind == "server" else cluster_url(servers)
    data = tmp_path / "data"
    for part in range(6):
        spool(data, *(record(START_US + number) for number in range(part * total // 6, (part + 1) * total // 6)))
    victim = servers[-1]
    try:
        with shipping(data, url, PERIHELION_SHIP_BATCH_ROWS="200"):
            for share in (0.1, 0.5):
                until(lambda share=share: counts_or_zero(url) > share * total, f"{share:.0%} to be shipped", 120)
                victim.kill()
                assert list((data / "spool").glob("*.seg")), "it was not in the middle of shipping"
                victim.start()
            until(lambda: not list((data / "spool").glob("*.seg")), "the spool to be shipped", 180)
        assert counts(url) == (total,) * 4
    finally:
        for server in servers:
            server.stop()


def counts_or_zero(url: str) -> int:
    try:
        return counts(url)[0]
    except Exception:  # noqa: BLE001  # nothing is there yet, or the server is being killed
        return 0
