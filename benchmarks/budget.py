"""What a call may cost: rows of data, checked after every run."""

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
    Bound("capacity", "32 connections", "tree_cpu_us", 400.0),
    Bound("capacity", "32 connections", "errors", 0),
    Bound("capacity", "256 connections", "tree_cpu_us", 400.0),
    Bound("capacity", "256 connections", "errors", 0),
)


def broken(results: dict[str, dict[str, Any]]) -> list[str]:
    """What breaks the budget, a sentence each; a scenario that was not run at all is not judged."""
    found: list[str] = []
    for scenario, row, figure, most in BUDGET:
        rows = results.get(scenario)
        if rows is None:
            continue
        value = rows.get(row, {}).get(figure)
        if value is None:
            found.append(f"{scenario}, {row}: {figure} was not measured")
        elif value > most:
            found.append(f"{scenario}, {row}: {figure} is {value}, the budget is {most:g}")
    for row, figures in results.get("capacity", {}).items():
        if figures.get("rows") != figures.get("written"):
            found.append(
                f"capacity, {row}: {figures.get('written')} calls written, {figures.get('rows')} rows in the log"
            )
    return found
