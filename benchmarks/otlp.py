"""`python -m benchmarks.otlp`: what the export of one call as a span costs, and whether the log notices a sink.

The first rows are CPU time of this process a span: rows to spans, metrics, protobuf or JSON, gzip, and the request to a
receiver in another process. The others ship the same spool with no sink and with a receiver that is down, in turns
(A B A B): calls a second into the log, once the queue of the sink is full, as it is after a minute. Of each the fastest
turn counts: whatever else runs only slows one down.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from benchmarks import machine
from proxy.control.jobs.row_builder import LogRows, RowBuilder
from proxy.control.shipping import make_shipper, open_store, price_book
from proxy.control.sinks.base import RowBatch
from proxy.control.sinks.otlp import make_otlp_sink
from proxy.core.clock import uuid7
from proxy.core.process import tune_gc
from proxy.core.settings import load
from proxy.prices import PriceBook
from tests.e2e.control_process import free_port, record, spool

__all__ = ["main"]

_MOST_US: Final = 40.0
_MOST_SLOWER: Final = 0.05
_BATCH: Final = 2_000
_ROUNDS: Final = 7
_FILLING: Final = 1_000
"""Calls of 40 kB that fill the queue of a sink."""
_RESULTS: Final = Path(__file__).resolve().parent / "results" / "otlp.json"
_START_US: Final = 1_790_000_000_000_000


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.otlp", description=__doc__)
    options.add_argument("--calls", type=int, default=20_000, help="calls to ship in each turn")
    options.add_argument("--turns", type=int, default=4, help="turns of each of the two")
    options.add_argument("--only-spans", action="store_true")
    asked = options.parse_args()
    port = free_port()
    receiver = multiprocessing.get_context("spawn").Process(target=_receive, args=(port,), daemon=True)
    receiver.start()
    try:
        results: dict[str, dict[str, Any]] = {}
        made = _rows(_BATCH)
        for protocol in ("protobuf", "json"):
            for version in ("1.36", "latest"):
                results[f"span, {protocol}, {version}"] = _cost(port, made, protocol, version)
        results["span, protobuf, 1.36, with bodies"] = _cost(port, made, "protobuf", "1.36", bodies="true")
    finally:
        receiver.terminate()
        receiver.join()
    missed = [
        f"{name}: {row['cpu_us']} us a span, the bound is {_MOST_US:g}"
        for name, row in results.items()
        if "bodies" not in name and row["cpu_us"] > _MOST_US
    ]
    if not asked.only_spans:
        results["ingest"] = row = _ingest(asked.calls, asked.turns)
        if row["slower"] > _MOST_SLOWER:
            missed.append(
                f"ingest: {row['slower']:.1%} slower with a sink that is down, the bound is {_MOST_SLOWER:.0%}"
            )
    for name, row in results.items():
        print(name, row)
    for text in missed:
        print(f"BOUND: {text}", file=sys.stderr)
    if not asked.only_spans:
        whole = {"environment": machine.environment(), "results": results}
        _RESULTS.write_text(json.dumps(whole, indent=1) + "\n")
    return 1 if missed else 0


def _cost(port: int, made: list[LogRows], protocol: str, version: str, **settings: str) -> dict[str, Any]:
    named = {"protocol": protocol, "semconv": version, "endpoint": f"http://127.0.0.1:{port}", **settings}
    sink = make_otlp_sink(load(environ={}, overrides={f"otel.{name}": value for name, value in named.items()}))
    assert sink is not None
    deadline = time.monotonic() + 10
    while True:
        try:
            sink.deliver(RowBatch("warm up", 0, 1, made[:10]))
            break
        except Exception:  # noqa: BLE001 - the receiver starts
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    figures = []
    for number in range(_ROUNDS):
        began = time.process_time()
        sink.deliver(RowBatch("spans", number, number + 1, made))
        figures.append((time.process_time() - began) / len(made) * 1e6)
    return {"cpu_us": round(statistics.median(figures), 1), "least_us": round(min(figures), 1)}


def _rows(count: int) -> list[LogRows]:
    builder = RowBuilder(PriceBook())
    rows: list[LogRows] = []
    for number in range(count):
        at = _START_US + number * 1_000
        trace = f"00-{uuid7(at).replace('-', '')}-{number + 1:016x}-01"
        call = record(at, traceparent=trace, session_id=f"session-{number % 40}", user_id=f"user-{number % 300}",
                      properties={"app": "Tester", "feature": f"feature-{number % 7}"}, property_names={})  # fmt: skip
        rows.append(builder.build_one(call))
    return rows


def _ingest(calls: int, turns: int) -> dict[str, Any]:
    """Calls a second into the log, in turns without a sink and with one whose receiver is away."""
    rates: dict[str, list[float]] = {"no sink": [], "receiver down": [], "receiver down, durable": []}
    _ship(2_000, {})
    for _ in range(turns):
        for name, found in rates.items():
            settings = {} if name == "no sink" else {"otel.endpoint": f"http://127.0.0.1:{free_port()}"}
            if "durable" in name:
                settings["otel.durable"] = "true"
            found.append(_ship(calls, settings))
    best = {name: max(found) for name, found in rates.items()}
    worst = min(best["receiver down"], best["receiver down, durable"])
    return {
        **{f"{name}: calls/s": round(rate) for name, rate in best.items()},
        "turns": {name: [round(rate) for rate in found] for name, found in rates.items()},
        "slower": round(1 - worst / best["no sink"], 4),
    }


def _ship(calls: int, settings: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        made = load(environ={}, overrides={"data": folder, **settings})
        long = b'{"messages":[{"role":"user","content":"%s"}]}' % (b"word " * 8_000)
        spool(Path(folder), *[record(_START_US + number, request_body=long) for number in range(_FILLING)])
        store = open_store(made)
        shipper = make_shipper(made, store, price_book(made))
        tune_gc()  # as the control plane does
        try:
            while shipper.figures.shipped < _FILLING:
                shipper.step()
            spool(Path(folder), *[record(_START_US + number * 1_000) for number in range(calls)])
            began = time.perf_counter()
            moved = 0
            while moved < calls:
                moved += shipper.step()
            took = time.perf_counter() - began
            shipper.close(0.0)
        finally:
            store.close()
        return calls / took


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


def _receive(port: int) -> None:
    ThreadingHTTPServer(("127.0.0.1", port), _Handler).serve_forever()


if __name__ == "__main__":
    sys.exit(main())
