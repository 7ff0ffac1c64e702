"""Exchanges with providers: twenty written by hand, which are part of the project, and recorded traffic where this
machine has it.

Both have the form that tests/data/README.md describes. The recorded traffic is never part of the project.
"""

import gzip
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

__all__ = ["exchanges", "folders", "needs_traffic", "no_usage", "recorded", "truth"]

_HERE = Path(__file__).resolve().parent
_SHIPPED = _HERE / "data/exchanges"
recorded = Path(os.environ.get("PERIHELION_TRAFFIC") or _HERE.parent.parent / "shared/traffic")
"""The folder of recorded traffic; it may be absent."""

needs_traffic = pytest.mark.skipif(
    not recorded.is_dir(), reason=f"no recorded traffic at {recorded}; PERIHELION_TRAFFIC names another folder"
)


def folders() -> list[Path]:
    """The folders that the simulator can replay."""
    return [folder for folder in (_SHIPPED, recorded) if folder.is_dir()]


@cache
def exchanges() -> list[dict[str, Any]]:
    """Every exchange there is, those written by hand first."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted(_SHIPPED.glob("*.json"))]
    for path in sorted(recorded.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            found += [json.loads(line) for line in lines]
    return found


@cache
def truth() -> dict[str, dict[str, Any]]:
    """The usage that an exchange reports, by its id; none for an exchange that reports none."""
    found = {row["id"]: row["truth"] for row in exchanges() if row.get("truth")}
    if recorded.is_dir():
        found |= {row["id"]: row for row in map(json.loads, (recorded / "truth.jsonl").read_text().splitlines())}
    return found


@cache
def no_usage() -> frozenset[str]:
    """Ids of the recorded exchanges that report no usage."""
    if not recorded.is_dir():
        return frozenset()
    return frozenset(json.loads(line)["id"] for line in (recorded / "no_usage.jsonl").read_text().splitlines())
