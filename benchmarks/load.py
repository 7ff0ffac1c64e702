"""The load generator: uvloop and httptools, in a process of its own (`python -m benchmarks.load '<json>'`).

Closed loop: so many connections, each sends its next call when the last is answered. Open loop: calls leave at a fixed
rate whatever the answers do, and a latency counts from the moment a call was due, so that a stall is charged to every
call that it held up (coordinated omission).
"""

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections import deque
from typing import cast
from urllib.parse import urlsplit

import httptools
import msgspec
import uvloop

__all__ = ["Result", "Spec", "percentile", "run"]


class Spec(msgspec.Struct, kw_only=True):
    """What to send. With `rate` (calls/s) the loop is open; `stall_ms` counts gaps within streams above it."""

    url: str
    connections: int = 1
    calls: int = 0
    """After so many calls it ends; 0: after `seconds`."""
    seconds: float = 3.0
    rate: float = 0
    body: str = ""
    headers: dict[str, str] = {}
    warm_up: int = 20
    """Calls per connection that are not counted."""
    stall_ms: float = 100
    counter: str = ""
    """A header that numbers the calls of a run, so that no two are alike."""


class Result(msgspec.Struct, kw_only=True):
    """Latencies in milliseconds."""

    calls: int
    """Measured ones."""
    answered: int
    """With those of the warm-up."""
    errors: int
    seconds: float
    p50: float
    p95: float
    p99: float
    worst: float
    first_p50: float
    """First byte of the body (streams: the first chunk)."""
    first_p99: float
    stalls: int
    chunks: int
    quantiles: list[float]
    """Every percent, 0 to 100."""


def percentile(ordered: list[float], share: float) -> float:
    """The value below which `share` of the ordered values lie; 0 for none."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def run(spec: Spec, core: int = 0) -> Result:
    """Runs the generator in a process of its own, pinned to `core`."""
    command = ["taskset", "-c", str(core), sys.executable, "-m", "benchmarks.load", msgspec.json.encode(spec).decode()]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Result)


class _Line(asyncio.Protocol):
    """One connection: one call at a time."""

    def __init__(self, run: "_Run") -> None:
        self._run = run
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport
        self._due = 0.0
        self._first = 0.0
        self._last_chunk = 0.0
        self._busy = False
        self._counts = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, due: float, counts: bool) -> None:
        self._due, self._counts = due, counts
        self._first = self._last_chunk = 0.0
        self._busy = True
        self._transport.write(self._run.next_request())

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, piece: bytes) -> None:
        now = time.perf_counter()
        if not self._first:
            self._first = now
        elif self._counts:
            self._run.chunk(now - self._last_chunk)
        self._last_chunk = now

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:
            return
        self._busy = False
        self._run.answered(self, self._due, self._first, self._parser.get_status_code() == 200, self._counts)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._busy:
            self._busy = False
            self._run.broke()


class _Run:
    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        url = urlsplit(spec.url)
        self.host, self.port = url.hostname or "", url.port or 80
        body = spec.body.encode()
        lines = [f"POST {url.path or '/'} HTTP/1.1", f"host: {url.netloc}", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in spec.headers.items()]
        self.request = "\r\n".join([*lines, "", ""]).encode() + body
        self.head = "\r\n".join([*lines, spec.counter + ": "]).encode()
        self.rest = b"\r\n\r\n" + body
        self.number = time.time_ns() // 1000
        self.answers = 0
        self.latencies: list[float] = []
        self.firsts: list[float] = []
        self.errors = self.stalls = self.chunks = 0
        self.idle: deque[_Line] = deque()
        self.queue: deque[float] = deque()
        self.stop_at = 0.0
        self.left = spec.calls
        self.open = 0
        self.done = asyncio.Event()
        self.warm: dict[_Line, int] = {}
        self.counting_from = 0.0

    async def go(self) -> Result:
        loop = asyncio.get_running_loop()
        lines = [
            (await loop.create_connection(lambda: _Line(self), self.host, self.port))[1]
            for _ in range(self.spec.connections)
        ]
        self.warm = dict.fromkeys(lines, self.spec.warm_up)
        gc.disable()
        self.counting_from = time.perf_counter()
        self.stop_at = self.counting_from + self.spec.seconds
        if self.spec.rate:
            for line in lines:
                self.idle.append(line)
            self._tick(loop, self.counting_from + 0.05)
        else:
            for line in lines:
                self._again(line)
        await self.done.wait()
        return self._result(time.perf_counter() - self.counting_from)

    def next_request(self) -> bytes:
        if not self.spec.counter:
            return self.request
        self.number += 1
        return b"%b%d%b" % (self.head, self.number, self.rest)

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        """Sends what is due, then sleeps until the next call is."""
        now = time.perf_counter()
        while due <= now:
            if self._over(now):
                return
            self.open += 1
            if self.idle:
                self.idle.popleft().send(due, True)
            else:
                self.queue.append(due)
            due += 1 / self.spec.rate
        loop.call_later(max(0.0, due - time.perf_counter()), self._tick, loop, due)

    def _over(self, now: float) -> bool:
        over = self.left == 0 if self.spec.calls else now >= self.stop_at
        if over and not self.open:
            self.done.set()
        if not over and self.spec.calls:
            self.left -= 1
        return over

    def _again(self, line: _Line) -> None:
        now = time.perf_counter()
        warm = self.warm[line]
        if warm:
            self.warm[line] = warm - 1
            self.open += 1
            line.send(now, False)
        elif not self._over(now):
            self.open += 1
            line.send(now, True)

    def answered(self, line: _Line, due: float, first: float, good: bool, counts: bool) -> None:
        now = time.perf_counter()
        self.open -= 1
        self.answers += 1
        if counts:
            self.latencies.append((now - due) * 1e3)
            self.firsts.append(((first or now) - due) * 1e3)
            self.errors += not good
        if not self.spec.rate:
            self._again(line)
        elif self.queue:
            line.send(self.queue.popleft(), True)
        else:
            self.idle.append(line)
            if not self.open and now >= self.stop_at:
                self.done.set()

    def chunk(self, gap: float) -> None:
        self.chunks += 1
        self.stalls += gap * 1e3 > self.spec.stall_ms

    def broke(self) -> None:
        self.errors += 1
        self.open -= 1
        if not self.open:
            self.done.set()

    def _result(self, seconds: float) -> Result:
        ordered, firsts = sorted(self.latencies), sorted(self.firsts)
        return Result(
            calls=len(ordered),
            answered=self.answers,
            errors=self.errors,
            seconds=seconds,
            p50=percentile(ordered, 0.5),
            p95=percentile(ordered, 0.95),
            p99=percentile(ordered, 0.99),
            worst=ordered[-1] if ordered else 0.0,
            first_p50=percentile(firsts, 0.5),
            first_p99=percentile(firsts, 0.99),
            stalls=self.stalls,
            chunks=self.chunks,
            quantiles=[round(percentile(ordered, share / 100), 4) for share in range(101)],
        )


if __name__ == "__main__":
    spec = msgspec.json.decode(sys.argv[1], type=Spec)

    async def _main() -> Result:
        return await _Run(spec).go()

    print(json.dumps(msgspec.to_builtins(uvloop.run(_main()))))
