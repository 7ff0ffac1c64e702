"""What honest callers feel while somebody attacks: calls through the same worker, and the memory of the processes."""

import asyncio
import os
import threading
import time
from pathlib import Path
from types import TracebackType

import httpx

from tests.stack import Stack, wait_for

WORKER_MIB = 300
CONTROL_MIB = 600
PATIENCE_S = 5.0
"""An honest call that waits longer counts as lost: tests bound no latency beyond that, `benchmarks.attacks` does."""
PAGE = os.sysconf("SC_PAGE_SIZE")


class Watch:
    """Honest calls during an attack. `stack` runs one worker of the gateway; `path` and `body` are the honest call.

    `headers` are sent with each call, such as its key."""

    def __init__(
        self, stack: Stack, path: str, body: bytes, headers: dict[str, str] | None = None, *, rate: float = 50.0
    ) -> None:
        self.stack = stack
        self.path = path
        self.body = body
        self.headers = {"Content-Type": "application/json", **(headers or {})}
        self.rate = rate
        self.latencies_ms: list[float] = []
        self.failed: list[str] = []
        self.ids: list[str] = []
        self.worker_mib = 0.0
        self.control_mib = 0.0
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=lambda: asyncio.run(self._call()), name="honest calls"),
            threading.Thread(target=self._weigh, name="memory"),
        ]

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    @property
    def p99_ms(self) -> float:
        """The 99th percentile of all honest calls in ms."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]

    def check(self) -> None:
        """Fails where an honest call was lost or is not in the log, or the worker grew beyond its bound. The control
        plane's memory is a bound of `benchmarks.attacks`, which not every attack keeps yet."""
        assert self.latencies_ms, "no honest call was made"
        assert self.failed == []
        wait_for("every honest row", lambda: not self.missing(), 30)
        assert self.worker_mib <= WORKER_MIB

    def missing(self) -> set[str]:
        """The ids of honest calls that the log does not hold."""
        return set(self.ids) - {row["id"] for row in self.stack.records()}

    async def _call(self) -> None:
        limits = httpx.Limits(max_connections=400, max_keepalive_connections=400)
        async with httpx.AsyncClient(base_url=self.stack.gateway, timeout=PATIENCE_S, limits=limits) as client:
            calls: set[asyncio.Task[None]] = set()
            due = time.monotonic()
            while not self._ended.is_set():
                calls.add(task := asyncio.create_task(self._one(client)))
                task.add_done_callback(calls.discard)
                due += 1 / self.rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            await asyncio.gather(*calls)

    async def _one(self, client: httpx.AsyncClient) -> None:
        begun = time.perf_counter()
        try:
            answer = await client.post(self.path, content=self.body, headers=self.headers)
        except httpx.HTTPError as error:
            self.failed.append(f"{type(error).__name__}: {error}")
            return
        self.latencies_ms.append((time.perf_counter() - begun) * 1e3)
        if answer.status_code != 200:
            self.failed.append(f"{answer.status_code}: {answer.text[:200]}")
            return
        self.ids.append(answer.headers["helicone-id"])

    def _weigh(self) -> None:
        while not self._ended.wait(0.1):
            self.worker_mib = max([self.worker_mib, *map(resident_mib, self.stack.processes("gateway"))])
            self.control_mib = max([self.control_mib, *map(resident_mib, self.stack.processes("control"))])


def resident_mib(pid: int) -> float:
    """Resident memory of a process in MiB; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 2**20
    except OSError:
        return 0.0
