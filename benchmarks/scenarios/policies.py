"""What the policies cost: a hit of the cache, a check of a limit, the step from memory to Redis, a million users."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from benchmarks import machine
from benchmarks.load import Spec, run
from benchmarks.rig import COUNTER, HEADERS, Rig, chat_body, rig
from proxy.kv.base import Charge
from proxy.kv.memory import MemoryKv
from tests.redis_server import RedisServer

__all__ = ["measure"]

_USERS = 1_000_000
_FILL = """
import asyncio, sys
from benchmarks.machine import rss_kib
from proxy.kv.base import Charge
from proxy.kv.memory import MemoryKv

async def main(users):
    kv = MemoryKv()
    before = rss_kib(__import__("os").getpid())
    for number in range(users):
        await kv.take("org", [Charge(f"org 100;w=3600 user-{number}", 100_000, 3_600_000_000, 1000)], "", 1)
    print((rss_kib(__import__("os").getpid()) - before) * 1024 / users)

asyncio.run(main(int(sys.argv[1])))
"""


def measure(short: bool) -> dict[str, Any]:
    """Rows: hits on memory and Redis, misses on both in turns, a check, the bytes of a user."""
    seconds = 2.0 if short else 4.0
    found: dict[str, Any] = {}
    with redis() as server:
        for name, settings in (("memory", {}), ("Redis", {"kv__url": server.url})):
            with rig(settings, answer_bytes=1_000) as made:
                found[f"cache hit, {name}"] = _hit(made, seconds)
        found["cache miss and limit: Redis over memory"] = _step(server.url, seconds, 1 if short else 3)
    found["limit check, memory"] = {"cpu_us": round(asyncio.run(_check(20_000 if short else 200_000)), 3)}
    users = _USERS // 10 if short else _USERS
    done = subprocess.run([sys.executable, "-c", _FILL, str(users)], stdout=subprocess.PIPE, check=True, text=True)
    found[f"{users} users under a limit"] = {"bytes_each": round(float(done.stdout), 1)}
    return found


@contextmanager
def redis() -> Iterator[RedisServer]:
    """A Redis on the load's core."""
    server = RedisServer()
    try:
        machine.pin([server.pid], 0)
        yield server
    finally:
        server.stop()


def _hit(made: Rig, seconds: float) -> dict[str, Any]:
    """Every call the same, so that all but the first are hits."""
    spec = Spec(url=made.direct, body=chat_body(1_000), headers=HEADERS, seconds=seconds / 2)
    direct = run(spec)
    spec.url = made.proxied
    run(spec)
    with made.control_waits():
        alone = run(spec)
        spec.connections, spec.seconds = 32, seconds
        before = machine.cpu_seconds(made.gateway)
        many = run(spec)
        cpu = machine.cpu_seconds(made.gateway) - before
    return {
        "added_p50_ms": round(alone.p50 - direct.p50, 4),
        "p50_ms": round(alone.p50, 4),
        "calls_s": round(many.calls / many.seconds, 1),
        "cpu_us": round(cpu / many.answered * 1e6, 1),
        "errors": alone.errors + many.errors,
    }


def _step(url: str, seconds: float, turns: int) -> dict[str, Any]:
    """CPU of the gateway a call at 32 connections, every call a miss under a limit: both stores in turns."""
    took: dict[str, list[float]] = {"": [], url: []}
    with rig({}, answer_bytes=700) as memory, rig({"kv__url": url}, answer_bytes=700) as remote:
        for _ in range(turns):
            for name, made in (("", memory), (url, remote)):
                spec = Spec(
                    url=made.proxied,
                    connections=32,
                    body=chat_body(1_000),
                    headers=HEADERS,
                    counter=COUNTER,
                    seconds=seconds,
                )
                with memory.control_waits(), remote.control_waits():
                    before = machine.cpu_seconds(made.gateway)
                    calls = run(spec).answered
                    took[name].append((machine.cpu_seconds(made.gateway) - before) / calls * 1e6)
                made.wait_until_shipped()
    on_memory, on_redis = median(took[""]), median(took[url])
    return {
        "memory_cpu_us": round(on_memory, 1),
        "redis_cpu_us": round(on_redis, 1),
        "more_cpu_us": round(on_redis - on_memory, 1),
    }


async def _check(rounds: int) -> float:
    """CPU µs of one take."""
    kv = MemoryKv()
    charges = [Charge("org 100;w=60 ada", 10**13, 60_000_000, 1000)]
    began = time.process_time()
    for _ in range(rounds):
        await kv.take("org", charges, "", 1)
    return (time.process_time() - began) / rounds * 1e6
