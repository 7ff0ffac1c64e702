"""One file a question, asked in this order."""

from collections.abc import Callable
from typing import Any

from benchmarks.scenarios import capacity, latency, memory, micro, policies, streams, teams

__all__ = ["SCENARIOS"]

SCENARIOS: dict[str, Callable[[bool], dict[str, Any]]] = {
    "micro": micro.measure,
    "latency": latency.measure,
    "capacity": capacity.measure,
    "streams": streams.measure,
    "policies": policies.measure,
    "teams": teams.measure,
    "memory": memory.measure,
}
"""By name; each takes whether the run is a short one, and returns rows by their name."""
