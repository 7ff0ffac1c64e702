"""The recorded provider traffic, where this machine has it; it is never part of the project."""

import gzip
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

__all__ = ["exchanges", "folder", "needs_traffic", "no_usage", "truth"]

folder = Path(os.environ.get("PERIHELION_TRAFFIC") or Path(__file__).resolve().parent.parent.parent / "shared/traffic")

needs_traffic = pytest.mark.skipif(
    not folder.is_dir(), reason=f"no recorded traffic at {folder}; PERIHELION_TRAFFIC names another folder"
)


@cache
def exchanges() -> list[dict[str, Any]]:
    """Every recorded exchange; see the folder's README for the form."""
    found: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            found += [json.loads(line) for line in lines]
    return found


@cache
def truth() -> dict[str, dict[str, Any]]:
    """Usage by exchange id."""
    return {row["id"]: row for row in map(json.loads, (folder / "truth.jsonl").read_text().splitlines())}


@cache
def no_usage() -> frozenset[str]:
    """Ids of exchanges that report no usage."""
    return frozenset(json.loads(line)["id"] for line in (folder / "no_usage.jsonl").read_text().splitlines())
