"""How many calls one pinned core carries, and what CPU each costs the whole process tree, its row included.

The rows are counted in the store afterwards; where one is missing the run is void.
"""

from typing import Any

from benchmarks import machine
from benchmarks.load import Spec, run
from benchmarks.rig import COUNTER, HEADERS, chat_body, rig, rows_in_store

__all__ = ["measure"]


def measure(short: bool) -> dict[str, Any]:
    """By connections: calls/s, CPU µs a call (gateway, control plane with store, both), rows."""
    return {f"{connections} connections": _row(connections, 5.0 if short else 15.0) for connections in (32, 256)}


def _row(connections: int, seconds: float) -> dict[str, Any]:
    with rig(answer_bytes=700) as made:
        spec = Spec(
            url=made.proxied,
            connections=connections,
            body=chat_body(1_000),
            headers=HEADERS,
            counter=COUNTER,
            seconds=1.0,
        )
        warmed = run(spec).answered
        made.wait_until_shipped()
        before = made.written()
        gateway, control = machine.cpu_seconds(made.gateway), machine.cpu_seconds(made.control)
        spec.seconds = seconds
        with made.control_waits():
            result = run(spec)
        gateway = machine.cpu_seconds(made.gateway) - gateway
        made.wait_until_shipped()
        control = machine.cpu_seconds(made.control) - control
        written = made.written()
        calls = written - before
        folder = made.stack.folder
        made.stack.stop()
        rows = rows_in_store(folder)
    return {
        "calls_s": round(result.calls / result.seconds, 1),
        "calls": calls,
        "errors": result.errors,
        "offered": warmed + result.answered,
        "gateway_cpu_us": round(gateway / calls * 1e6, 1),
        "control_cpu_us": round(control / calls * 1e6, 1),
        "tree_cpu_us": round((gateway + control) / calls * 1e6, 1),
        "written": written,
        "rows": rows,
        "p50_ms": round(result.p50, 3),
        "p99_ms": round(result.p99, 3),
    }
