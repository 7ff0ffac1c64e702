"""The budget can fail: a gateway that sleeps for 10 ms in its pipeline turns the benchmark red."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.budget import BUDGET, broken
from tests.stack import ROOT

ROW = "32 connections"


def bench(python_path: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "benchmarks", "--short", "--only", "latency", "--row", ROW]
    environ = {**os.environ, "PYTHONPATH": python_path}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300, check=False)


def test_a_sleep_in_the_pipeline_breaks_it() -> None:
    slow = Path(__file__).resolve().parent / "slow_pipeline"
    done = bench(os.pathsep.join([str(slow), str(ROOT)]))
    assert done.returncode == 1, done.stderr
    assert f"latency, {ROW}: added_p50_ms is " in done.stderr


def test_a_row_that_is_missing_breaks_it() -> None:
    assert len(broken({"latency": {}, "capacity": {}})) == len(BUDGET)
    assert broken({}) == []


@pytest.mark.parametrize(("rows", "count"), [(100, 0), (99, 1)])
def test_a_call_without_a_row_in_the_log_breaks_it(rows: int, count: int) -> None:
    row = {"tree_cpu_us": 100.0, "errors": 0, "written": 100, "rows": rows}
    both = {"32 connections": row, "256 connections": {**row, "rows": 100}}
    assert len(broken({"capacity": both})) == count
