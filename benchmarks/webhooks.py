"""`python -m benchmarks.webhooks`: how many calls a second reach a fast receiver by a webhook, from the log.

The calls are in the log first; then a webhook is made that begins before them. The receiver is a process of its own
that answers at once. Counted is the time from its first request to its last. The second row is a webhook beside
another one whose receiver is down.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks import machine
from proxy.core.clock import now_us
from tests.e2e.control_process import ControlProcess, free_port, record, spool

__all__ = ["main"]

_LEAST_PER_S: Final = 1_000
_RESULTS: Final = Path(__file__).resolve().parent / "results" / "webhooks.json"


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.webhooks", description=__doc__)
    options.add_argument("--calls", type=int, default=20_000)
    options.add_argument("--parallel", type=int, nargs="*", default=[1, 4, 16])
    asked = options.parse_args()
    port = free_port()
    spawn = multiprocessing.get_context("spawn")
    counted, times = spawn.Value("q", 0), spawn.Array("d", 2)
    receiver = spawn.Process(target=_receive, args=(port, counted, times), daemon=True)
    receiver.start()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        control = ControlProcess(
            Path(folder) / "data",
            PERIHELION_CHANNELS_ALLOW=f"http://127.0.0.1:{port},http://127.0.0.1:1",
            PERIHELION_SHIP_INTERVAL_S="0.5",
        )
        try:
            at = now_us()
            for first in range(0, asked.calls, 5_000):
                count = min(5_000, asked.calls - first)
                spool(control.data, *(record(at + first + number) for number in range(count)))
            control.start().ready().shipped()
            time.sleep(5)  # parts merge
            headers = {"Authorization": f"Bearer {control.token}"}
            with httpx.Client(base_url=control.url, headers=headers, timeout=60) as client:
                for parallel in asked.parallel:
                    made = {"parallel": parallel}
                    results[f"parallel {parallel}"] = _run(client, port, asked.calls, counted, times, made)
                made = {"parallel": 4, "with_bodies": True}
                results["parallel 4, with bodies"] = _run(client, port, asked.calls, counted, times, made)
                down = {"name": "down", "url": "http://127.0.0.1:1/", "since": "1d"}
                client.post("/api/webhooks", json=down).raise_for_status()
                made = {"parallel": 4}
                results["parallel 4, another is down"] = _run(client, port, asked.calls, counted, times, made)
        finally:
            control.end()
            receiver.terminate()
            receiver.join()
    for name, row in results.items():
        print(name, row)
    _RESULTS.write_text(json.dumps({"environment": machine.environment(), "results": results}, indent=1) + "\n")
    missed = [name for name, row in results.items() if row["per_s"] < _LEAST_PER_S]
    for name in missed:
        print(f"BOUND: {name}: {results[name]['per_s']} a second, the bound is {_LEAST_PER_S}", file=sys.stderr)
    return 1 if missed else 0


def _run(
    client: httpx.Client, port: int, calls: int, counted: Any, times: Any, made: dict[str, Any]
) -> dict[str, float]:
    """Calls a second, with one webhook of these fields."""
    time.sleep(0.5)  # what the run before had under way has arrived
    counted.value = 0
    fields = {"name": "bench", "url": f"http://127.0.0.1:{port}/calls", "since": "1d", **made}
    id = client.post("/api/webhooks", json=fields).raise_for_status().json()["webhook"]["id"]
    deadline = time.monotonic() + 300
    while counted.value < calls:
        if time.monotonic() > deadline:
            raise SystemExit(f"{counted.value} of {calls} arrived: {client.get(f'/api/webhooks/{id}').json()}")
        time.sleep(0.05)
    took_s = times[1] - times[0]
    client.delete(f"/api/webhooks/{id}").raise_for_status()
    return {"per_s": round((calls - 1) / took_s), "seconds": round(took_s, 2)}


def _receive(port: int, counted: Any, times: Any) -> None:
    """A receiver that reads each request by its length and answers 200."""

    class Receiver(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport: Any = transport
            self.data = bytearray()

        def data_received(self, data: bytes) -> None:
            self.data += data
            while (end := self.data.find(b"\r\n\r\n")) >= 0:
                head = bytes(self.data[:end]).lower()
                length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
                if len(self.data) < end + 4 + length:
                    return
                del self.data[: end + 4 + length]
                now = time.time()
                if counted.value == 0:
                    times[0] = now
                times[1] = now
                counted.value += 1
                self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    raise SystemExit(main())
