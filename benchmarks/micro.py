"""Each speedup, compiled against its plain twin, in nanoseconds a call.

    python benchmarks/micro.py [--out FILE] [--seconds S]

A row is run in rounds that take turns between the twins, so that a slow spell of the machine hits both; the least and
the median round are kept. Ends with status 1 where a compiled module is missing or is not faster than its twin.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

Call = Callable[[], object]
ROUNDS = 11

SDK_REQUEST = [
    ("host", "localhost:8787"),
    ("accept", "application/json"),
    ("accept-encoding", "gzip, deflate"),
    ("connection", "keep-alive"),
    ("content-type", "application/json"),
    ("content-length", "512"),
    ("user-agent", "OpenAI/Python 1.2.3"),
    ("x-stainless-lang", "python"),
    ("x-stainless-package-version", "1.2.3"),
    ("x-stainless-os", "Linux"),
    ("x-stainless-arch", "x64"),
    ("x-stainless-runtime", "CPython"),
    ("x-stainless-runtime-version", "3.11.7"),
    ("x-stainless-async", "false"),
    ("authorization", "Bearer sk-" + "a" * 40),
    ("helicone-auth", "Bearer sk-perihelion-" + "a" * 32),
    ("helicone-user-id", "user-1"),
    ("helicone-session-id", "session-1"),
    ("helicone-property-app", "demo"),
    ("helicone-cache-enabled", "true"),
    ("helicone-ratelimit-policy", "100;w=3600;u=user"),
]
REQUEST = "POST /openai/v1/chat/completions HTTP/1.1\r\n{}\r\n{}".format(
    "".join(f"{name}: {value}\r\n" for name, value in SDK_REQUEST), "x" * 512
).encode()
RESPONSE = "HTTP/1.1 200 OK\r\n{}content-length: 512\r\n\r\n{}".format(
    "content-type: application/json\r\n" + "".join(f"x-request-header-{n}: value {n}\r\n" for n in range(8)), "x" * 512
).encode()
CHUNK = (
    b'data: {"id":"chatcmpl-123","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini",'
    b'"choices":[{"index":0,"delta":{"content":"hello"},"finish_reason":null}],"usage":null}\n\n'
)
URL = "https://api.openai.com/v1/chat/completions"
NOW_US = 1_770_000_000_000_000


def body(size: int) -> bytes:
    """A chat request of about `size` bytes, as a SDK writes it."""
    turn = {"role": "user", "content": 'Tell me "something"\nnice. ' * 8}
    chat: dict[str, Any] = {"model": "gpt-4o-mini", "temperature": 0.7, "messages": [turn], "stream": False}
    chat["messages"] *= max(1, (size - 80) // (len(json.dumps(turn)) + 2))
    return json.dumps(chat).encode()


class Row(NamedTuple):
    """What is measured: a name, the module, what to call given that module, and the bytes of one call (0: none)."""

    name: str
    module: str
    prepare: Callable[[Any], Call]
    size: int = 0


def scan(data: bytes, hide: bool) -> Callable[[Any], Call]:
    def prepare(module: Any) -> Call:
        scanner = module.Scanner((b"content", b"text"), (b"data: [DONE]",), hide)
        scanner.feed(CHUNK)
        return lambda: scanner.feed(data)

    return prepare


def key(data: bytes) -> Callable[[Any], Call]:
    headers = [("openai-beta", "assistants=v2")]
    return lambda module: lambda: module.cache_key("org", "POST", URL, data, headers, "", ("user",))


def canonical(data: bytes) -> Callable[[Any], Call]:
    return lambda module: lambda: module.canonical_json(data)


def window(module: Any) -> Call:
    state: tuple[int, ...] = tuple(n for i in range(8) for n in (NOW_US // 56_250_000 - 8 + i, 3))
    return lambda: module.window(state, NOW_US, 100, 3_600_000_000)


def packed(module: Any) -> Call:
    state = module.pack(tuple(n for i in range(8) for n in (NOW_US // 56_250_000 - 8 + i, 3)))
    return lambda: module.window_packed(state, NOW_US, 100, 3_600_000_000)


BIG = CHUNK * 360
ROWS = (
    Row("headers.parse, 21 headers", "headers", lambda m: lambda: m.parse(SDK_REQUEST)),
    Row(
        "headers.forward_without, 21 headers",
        "headers",
        lambda m: lambda: m.forward_without(SDK_REQUEST, frozenset({"authorization"})),
    ),
    Row("http1.read_request, 21 headers", "http1", lambda m: lambda: m.read_request(REQUEST), len(REQUEST)),
    Row("http1.read_response, 10 headers", "http1", lambda m: lambda: m.read_response(RESPONSE), len(RESPONSE)),
    Row("http1.write_headers, 21 headers", "http1", lambda m: lambda: m.write_headers(SDK_REQUEST)),
    Row("sse.feed, one chunk", "sse", scan(CHUNK, False), len(CHUNK)),
    Row("sse.feed, one chunk, hiding", "sse", scan(CHUNK, True), len(CHUNK)),
    Row("sse.feed, 64 KiB", "sse", scan(BIG, False), len(BIG)),
    *(
        Row(f"cachekey.canonical_json, {n // 1000} kB", "cachekey", canonical(body(n)), n)
        for n in (1000, 10_000, 100_000)
    ),
    *(Row(f"cachekey.cache_key, {n // 1000} kB", "cachekey", key(body(n)), n) for n in (1000, 10_000, 100_000)),
    Row("bucket.gcra", "bucket", lambda m: lambda: m.gcra(NOW_US, NOW_US, 100, 3_600_000_000)),
    Row("bucket.gcra_settle", "bucket", lambda m: lambda: m.gcra_settle(NOW_US, NOW_US, 100, 3_600_000_000, 5)),
    Row("bucket.window, 8 slots", "bucket", window),
    Row("bucket.window_packed, 8 slots", "bucket", packed),
)


def timed(call: Call, count: int) -> float:
    """Nanoseconds a call, over `count` of them."""
    start = time.perf_counter_ns()
    for _ in range(count):
        call()
    return (time.perf_counter_ns() - start) / count


def measure(row: Row, seconds: float) -> dict[str, Any]:
    """A row of the result; `seconds` is about what it takes."""
    calls = {
        "compiled": row.prepare(import_module(f"_speedups.{row.module}")),
        "pure": row.prepare(import_module(f"_speedups._pure.{row.module}")),
    }
    counts = {}
    for kind, call in calls.items():
        once = min(timed(call, 20) for _ in range(3))
        counts[kind] = max(1, int(seconds / (2 * ROUNDS) * 1e9 / once))
    rounds: dict[str, list[float]] = {kind: [] for kind in calls}
    for _ in range(ROUNDS):
        for kind, call in calls.items():
            rounds[kind].append(timed(call, counts[kind]))
    found: dict[str, Any] = {"name": row.name, "bytes": row.size}
    for kind, times in rounds.items():
        found[kind] = {"min_ns": round(min(times), 1), "median_ns": round(statistics.median(times), 1)}
    found["gain"] = round(found["pure"]["min_ns"] / found["compiled"]["min_ns"], 2)
    return found


def environment() -> dict[str, Any]:
    """What the figures depend on."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), cpu)
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Each speedup, compiled against its plain twin.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "micro.json")
    parser.add_argument("--seconds", type=float, default=1.0, help="about how long each row takes")
    options = parser.parse_args()
    before = environment()
    try:
        rows = [measure(row, options.seconds) for row in ROWS]
    except ImportError as error:
        print(f"not compiled: {error}; run `python setup.py build_ext --inplace`", file=sys.stderr)
        return 1
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"environment": before, "unit": "ns a call", "rows": rows}, indent=2) + "\n")
    print(f"{'':40}{'compiled ns':>14}{'pure ns':>14}{'gain':>8}{'GB/s':>8}")
    for row in rows:
        least = row["compiled"]["min_ns"]
        speed = f"{row['bytes'] / least:8.2f}" if row["bytes"] else ""
        print(f"{row['name']:40}{least:14,.0f}{row['pure']['min_ns']:14,.0f}{row['gain']:8.1f}{speed}")
    slower = [row["name"] for row in rows if row["gain"] <= 1]
    if slower:
        print("no gain: " + "; ".join(slower), file=sys.stderr)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
