"""What a call may cost: rows of data, checked after every run."""

from collections.abc import Collection
from typing import Any, NamedTuple

__all__ = ["BUDGET", "Bound", "broken"]


class Bound(NamedTuple):
    """`scenario`/`row`/`figure` must be there and at most `most`."""

    scenario: str
    row: str
    figure: str
    most: float


BUDGET = (
    Bound("latency", "32 connections", "added_p50_ms", 8.0),
    Bound("latency", "32 connections", "added_p95_ms", 15.0),
    Bound("latency", "200 calls/s, 50 ms upstream", "added_p50_ms", 8.0),
    Bound("latency", "200 calls/s, 50 ms upstream", "added_p95_ms", 15.0),
    Bound("latency", "1 connection", "errors", 0),
    Bound("latency", "32 connections", "errors", 0),
    Bound("latency", "200 calls/s, 50 ms upstream", "errors", 0),
    Bound("latency", "200 calls/s, 10 kB", "errors", 0),
    Bound("latency", "200 calls/s, 100 kB", "errors", 0),
    Bound("capacity", "32 connections", "tree_cpu_us", 400.0),
    Bound("capacity", "32 connections", "errors", 0),
    Bound("capacity", "256 connections", "tree_cpu_us", 400.0),
    Bound("capacity", "256 connections", "errors", 0),
)


def broken(
    results: dict[str, dict[str, Any]], scenarios: Collection[str] = (), rows: Collection[str] = ()
) -> list[str]:
    """What breaks the budget, a sentence each. `scenarios` and (latency) `rows` are those that were asked for alone;
    empty: all, and a bound without a figure is broken."""
    found: list[str] = []
    for scenario, row, figure, most in BUDGET:
        if (scenarios and scenario not in scenarios) or (rows and scenario == "latency" and row not in rows):
            continue
        value = results.get(scenario, {}).get(row, {}).get(figure)
        if value is None:
            found.append(f"{scenario}, {row}: {figure} was not measured")
        elif value > most:
            found.append(f"{scenario}, {row}: {figure} is {value}, the budget is {most:g}")
    for row, figures in results.get("capacity", {}).items():
        counts = [figures.get(name) for name in ("offered", "written", "rows")]
        if None in counts or len(set(counts)) != 1:
            offered, written, stored = counts
            found.append(
                f"capacity, {row}: {offered} calls answered, {written} written to the spool, {stored} rows in the log"
            )
    return found
