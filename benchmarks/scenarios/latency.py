"""What the proxy adds to a call: through it minus direct, blocks taking turns in one run (A B A B)."""

from statistics import median
from typing import Any

from benchmarks.load import Result, Spec, run
from benchmarks.rig import COUNTER, HEADERS, Rig, chat_body, rig

__all__ = ["ROWS", "added", "measure"]

ROWS: dict[str, tuple[dict[str, Any], int]] = {
    "1 connection": ({"connections": 1}, 1_000),
    "32 connections": ({"connections": 32}, 1_000),
    "200 calls/s, 50 ms upstream": ({"connections": 64, "rate": 200.0, "warm_up": 0}, 1_000),
    "200 calls/s, 10 kB": ({"connections": 32, "rate": 200.0, "warm_up": 0}, 10_000),
    "200 calls/s, 100 kB": ({"connections": 32, "rate": 200.0, "warm_up": 0}, 100_000),
}
"""Row name to what the load does and the request's size in bytes."""


def measure(short: bool) -> dict[str, Any]:
    """Added P50, P95 and P99 in milliseconds by row name, with both sides' own figures."""
    turns, seconds = (2, 2.0) if short else (5, 3.0)
    found: dict[str, Any] = {}
    for name, (how, size) in ROWS.items():
        delay = 50.0 if "50 ms" in name else 0.0
        with rig(delay_ms=delay, answer_bytes=700) as made:
            spec = Spec(url="", body=chat_body(size), headers=HEADERS, counter=COUNTER, seconds=seconds, **how)
            _side(made.direct, spec, 0.5)
            _side(made.proxied, spec, 0.5)
            found[name] = added(made, spec, turns)
    return found


def added(made: Rig, spec: Spec, turns: int) -> dict[str, Any]:
    """One row: medians over the turns of each percentile, and their differences."""
    direct: list[Result] = []
    proxied: list[Result] = []
    for _ in range(turns):
        direct.append(_side(made.direct, spec, spec.seconds))
        with made.control_waits():
            proxied.append(_side(made.proxied, spec, spec.seconds))
    row: dict[str, Any] = {"calls": sum(one.calls for one in proxied), "errors": sum(one.errors for one in proxied)}
    for name in ("p50", "p95", "p99"):
        a = median(getattr(one, name) for one in direct)
        b = median(getattr(one, name) for one in proxied)
        row[f"direct_{name}_ms"], row[f"proxied_{name}_ms"] = round(a, 4), round(b, 4)
        row[f"added_{name}_ms"] = round(b - a, 4)
    row["quantiles"] = proxied[-1].quantiles
    return row


def _side(url: str, spec: Spec, seconds: float) -> Result:
    return run(
        Spec(
            url=url,
            connections=spec.connections,
            seconds=seconds,
            rate=spec.rate,
            body=spec.body,
            headers=spec.headers,
            counter=spec.counter,
            warm_up=spec.warm_up,
        )
    )
