"""The budget can fail, and can hold: a gateway that sleeps for 10 ms in its pipeline turns the benchmark red."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.budget import BUDGET, broken
from tests.stack import ROOT

ROW = "32 connections"
COUNTS = {"offered": 100, "written": 100, "rows": 100}


def bench(python_path: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "benchmarks", "--short", "--only", "latency", "--row", ROW]
    environ = {**os.environ, "PYTHONPATH": python_path}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300, check=False)


def whole(**changed: Any) -> dict[str, dict[str, Any]]:
    """Results in which everything is well, but for `changed` figures of one capacity row."""
    results: dict[str, dict[str, Any]] = {"latency": {}, "capacity": {}}
    for scenario, row, figure, _ in BUDGET:
        results[scenario].setdefault(row, {} if scenario == "latency" else dict(COUNTS))[figure] = 0
    results["capacity"][ROW] |= changed
    return results


@pytest.mark.soak
def test_a_sleep_in_the_pipeline_breaks_it_and_without_it_it_holds() -> None:
    slow = Path(__file__).resolve().parent / "slow_pipeline"
    done = bench(os.pathsep.join([str(slow), str(ROOT)]))
    assert done.returncode == 1, done.stderr
    assert f"BUDGET: latency, {ROW}: added_p50_ms is " in done.stderr
    assert "was not measured" not in done.stderr  # only what was asked for is judged
    done = bench(str(ROOT))
    assert done.returncode == 0, done.stderr
    assert "The budget holds." in done.stdout


def test_what_is_missing_breaks_it() -> None:
    assert broken(whole()) == []
    assert len(broken({})) == len(BUDGET)
    assert len(broken({"latency": {}, "capacity": {}})) == len(BUDGET)
    assert len(broken({"latency": whole()["latency"]})) == sum(bound.scenario == "capacity" for bound in BUDGET)
    assert broken({"latency": whole()["latency"]}, ["latency"]) == []
    assert broken({"latency": {ROW: whole()["latency"][ROW]}}, ["latency"], [ROW]) == []


@pytest.mark.parametrize("figure", ["offered", "written", "rows"])
def test_a_call_that_was_lost_on_its_way_to_the_log_breaks_it(figure: str) -> None:
    (problem,) = broken(whole(**{figure: 99}))
    assert "99" in problem and "capacity" in problem


def test_errors_break_it_in_every_row() -> None:
    results = whole(errors=1)
    results["latency"]["200 calls/s, 10 kB"]["errors"] = 3
    assert len(broken(results)) == 2
