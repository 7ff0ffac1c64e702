"""What is measured: `perihelion serve` on core 1, and beside it on core 0 a simulated provider and the load."""

import json
import os
import signal
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import machine
from proxy.logstore import Filter
from proxy.logstore.clickhouse import ClickHouseStore
from simulator import process
from tests.stack import Stack, get_json, wait_for

__all__ = ["CHAT", "COUNTER", "HEADERS", "Rig", "chat_body", "rig", "rows_in_store"]

CHAT = "/openai/v1/chat/completions"
HEADERS = {
    "content-type": "application/json",
    "authorization": "Bearer sk-bench",
    "user-agent": "OpenAI/Python 3.0",
    "accept": "application/json",
    "helicone-user-id": "ada",
    "helicone-session-id": "s-1",
    "helicone-property-feature": "search",
    "helicone-ratelimit-policy": "1000000000;w=3600;u=user",
    "helicone-cache-enabled": "true",
    "helicone-retry-enabled": "true",
}
"""What a call carries: tags, a limit that lets it pass, the cache, retries."""
COUNTER = "openai-beta"
"""A header that is part of a cache key: numbered by the load, it makes every call a miss."""


def chat_body(size: int, stream: bool = False) -> str:
    """A chat request of about `size` bytes."""
    pad = "hello " * (max(0, size - 90) // 6)
    return json.dumps({"model": "gpt-4o-mini", "stream": stream, "messages": [{"role": "user", "content": pad}]})


class Rig:
    """A started stack and its provider."""

    def __init__(self, stack: Stack, provider: process.Running) -> None:
        self.stack = stack
        self.direct = provider.origin + "/v1/chat/completions"
        self.proxied = stack.gateway + CHAT
        self.gateway = stack.processes("gateway")
        self.control = stack.processes("control")

    @property
    def worker(self) -> int:
        """The gateway's worker process."""
        return self.gateway[-1]

    @contextmanager
    def control_waits(self) -> Iterator[None]:
        """The control plane stands still: it shares the load's core here, and would slow the load, not the gateway.

        What it has to do is done, and counted, afterwards."""
        for pid in self.control:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in self.control:
                os.kill(pid, signal.SIGCONT)

    def written(self) -> int:
        """Frames in the spool by the gateway's own count."""
        with urllib.request.urlopen(self.stack.gateway + "/metrics") as page:
            rows = [line.split() for line in page.read().decode().splitlines()]
        return next(int(float(row[1])) for row in rows if row[0] == "perihelion_spool_written_total")

    def wait_until_shipped(self) -> None:
        """Until the control plane has entered every frame and is quiet."""
        wait_for("the shipper", lambda: get_json(self.stack.control + "/readyz").get("lag_bytes", 0) == 0, 120)
        busy = machine.cpu_seconds(self.control)
        while True:
            time.sleep(1.0)
            now = machine.cpu_seconds(self.control)
            if now - busy < 0.03:
                return
            busy = now


@contextmanager
def rig(settings: dict[str, str] | None = None, **defaults: object) -> Iterator[Rig]:
    """A stack over an empty folder. `settings` are Perihelion's (`kv__url`), `defaults` script the provider, e.g.
    `delay_ms=50`."""
    provider = process.start(**defaults)
    machine.pin([provider.process.pid], 0)
    with tempfile.TemporaryDirectory() as folder:
        try:
            here = {"openai": f'origin = "{provider.origin}"'}
            whole = Stack(Path(folder), here, ship__interval_s="0.5", **(settings or {}))
            whole.quiet = True
            with whole as stack:
                made = Rig(stack, provider)
                machine.pin(made.gateway, 1)
                machine.pin(made.control, 0)
                yield made
        finally:
            provider.stop()


def rows_in_store(folder: Path) -> int:
    """Calls in the log of a stack that has ended."""
    store = ClickHouseStore.open(f"chdb:///{folder / 'data' / 'log'}")
    try:
        return store.count(Filter(org="default"))
    finally:
        store.close()
