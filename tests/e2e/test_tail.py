"""The live tail over HTTP: every call once, in order of arrival, also across a reconnect, a slow reader and a stop."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy.core.clock import now_us
from tests.e2e.control_process import ControlProcess, record, spool


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    process = ControlProcess(tmp_path_factory.mktemp("tail") / "data")
    spool(process.data, record(now_us(), user_id="before"))
    process.start().shipped()
    yield process
    process.end()


class Tail:
    """One open tail, read event by event."""

    def __init__(self, control: ControlProcess, q: str = "", last_id: str = "", token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token or control.token}"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        self.client = httpx.Client(timeout=30)
        request = self.client.build_request("GET", f"{control.url}/api/requests/tail", params={"q": q}, headers=headers)
        self.response = self.client.send(request, stream=True)
        assert self.response.status_code == 200, self.response.read()
        assert self.response.headers["content-type"].startswith("text/event-stream")
        self.lines = self.response.iter_lines()
        assert next(self.lines) == "retry: 1000"
        self.last_id = next(self.lines).removeprefix("id: ")
        assert next(self.lines) == ""

    def event(self) -> Any:
        """The next call."""
        for line in self.lines:
            if line.startswith("id: "):
                self.last_id = line.removeprefix("id: ")
            if line.startswith("data: "):
                return json.loads(line.removeprefix("data: "))
        return None

    def close(self) -> None:
        self.response.close()
        self.client.close()


def test_calls_come_in_order_of_arrival_and_a_reconnect_loses_and_repeats_none(control: ControlProcess) -> None:
    tail = Tail(control)
    first = [record(now_us() - number, user_id="ada") for number in range(3)]
    spool(control.data, *first)
    events = [tail.event() for _ in first]
    assert [event["id"] for event in events] == [call.id for call in first]
    assert events[0]["version"] == 1 and "bodies" not in events[0]
    tail.close()
    second = [record(now_us(), user_id=f"user-{number}") for number in range(250)]
    spool(control.data, *second)
    control.shipped()
    again = Tail(control, last_id=tail.last_id)
    assert [again.event()["id"] for _ in second] == [call.id for call in second]
    again.close()


def test_a_tail_may_have_a_filter_and_is_of_one_organisation(control: ControlProcess) -> None:
    tail = Tail(control, q="user:eve status>=400")
    wanted = record(now_us(), user_id="eve", status=500)
    foreign = record(now_us(), user_id="eve", status=500, org="other")
    spool(control.data, record(now_us(), user_id="eve"), record(now_us(), status=500), foreign, wanted)
    assert tail.event()["id"] == wanted.id
    tail.close()


@pytest.mark.parametrize(
    ("query", "headers", "parameter"),
    [
        ({"q": "status>>1"}, {}, "q at character"),
        ({"after": "yesterday"}, {}, "after"),
        ({}, {"Last-Event-ID": "-1"}, "Last-Event-ID"),
    ],
)
def test_a_bad_tail_is_refused(
    control: ControlProcess, query: dict[str, str], headers: dict[str, str], parameter: str
) -> None:
    shown = {"Authorization": f"Bearer {control.token}", **headers}
    answer = httpx.get(f"{control.url}/api/requests/tail", params=query, headers=shown)
    assert answer.status_code == 400
    assert answer.json()["parameter"].startswith(parameter)
    assert httpx.get(f"{control.url}/api/requests/tail").status_code == 401


def test_a_key_that_is_revoked_ends_its_tail(control: ControlProcess) -> None:
    shown = {"Authorization": f"Bearer {control.token}"}
    made = httpx.post(f"{control.url}/api/keys", json={"name": "tail", "scopes": ["read"]}, headers=shown).json()
    tail = Tail(control, token=made["key"])
    id = next(
        one["id"] for one in httpx.get(f"{control.url}/api/keys", headers=shown).json()["data"] if one["name"] == "tail"
    )
    assert httpx.delete(f"{control.url}/api/keys/{id}", headers=shown).status_code < 300
    assert tail.event() is None
    tail.close()


def test_a_slow_reader_does_not_fill_the_memory(control: ControlProcess) -> None:
    host, port = "127.0.0.1", control.port
    slow = socket.create_connection((host, port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.sendall(
        f"GET /api/requests/tail?after=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {control.token}\r\n\r\n".encode()
    )
    assert slow.recv(100).startswith(b"HTTP/1.1 200")
    before = resident(control.worker)
    names = {f"name-{number}": "x" * 1000 for number in range(20)}
    for _ in range(10):
        spool(control.data, *[record(now_us(), properties=names) for _ in range(200)])
    control.shipped()
    tail = Tail(control, last_id="1")
    for _ in range(2000):
        tail.event()
    assert resident(control.worker) - before < 150 << 20
    tail.close()
    slow.close()


def resident(pid: int) -> int:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def test_a_stop_ends_open_tails_at_once_and_ships_what_is_left(tmp_path: Path) -> None:
    control = ControlProcess(tmp_path / "data").start().ready()
    tail = Tail(control)
    spool(control.data, record(now_us()))
    assert control.stop() == 0
    while tail.event() is not None:  # a worker that had to be killed would break the response off: an error here
        pass
    assert not list((control.data / "spool").glob("*.seg"))
    tail.close()
