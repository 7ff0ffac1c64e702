"""`make demo` in small: what it logs, and that it leaves no process behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.demo.history import history
from tests.stack import ROOT, Stack, descendants, wait_for

START = [sys.executable, "-m", "simulator.demo", "--calls", "40", "--history", "300", "--rate", "4"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A demo that stays up; of `Stack` only what asks the control plane is used."""
    folder = tmp_path_factory.mktemp("demo")
    stack = Stack(folder)
    ports = ["--gateway-port", str(stack.gateway_port), "--control-port", str(stack.control_port)]
    with open(folder / "out", "wb") as out:
        command = [*START, *ports, "--data", str(folder / "data")]
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        wait_for("the demo", lambda: b"Look around" in (folder / "out").read_bytes(), 90)
        stack.process = process
        yield stack
    finally:
        started = [process.pid, *descendants(process.pid)]
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and any(map(alive, started)):
            time.sleep(0.1)
        left = [pid for pid in started if alive(pid)]
        stack.process = None
    assert left == [], "SIGTERM ends the demo, `serve` and the simulator"


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def rows(demo: Stack) -> list[dict[str, Any]]:
    return list(demo.records())


def test_it_has_a_history_and_goes_on(demo: Stack, rows: list[dict[str, Any]]) -> None:
    assert len(rows) >= 300
    days = {row["start"][:10] for row in rows}
    assert len(days) >= 10
    wait_for("more calls", lambda: len(list(demo.records())) > len(rows))


def test_it_shows_what_a_log_can_hold(rows: list[dict[str, Any]]) -> None:
    assert {row["provider"] for row in rows} >= {"openai", "anthropic", "gemini", "groq"}
    assert {row["operation"] for row in rows} >= {"chat", "messages", "embeddings"}
    assert {row["prompt_version"] for row in rows} >= {"1", "2", "3"}
    assert [row["id"] for row in rows if row["reading_error"]] == []
    # A stream that ended in an error event has status 200 and may end before its usage.
    whole = [row for row in rows if row["status"] == 200 and row["outcome"] == "success" and not row["cut"]]
    assert [row["model"] for row in whole if not row["cost_known"]] == []
    for what, found in {
        "a stream": [row for row in rows if row["streamed"]],
        "a cached call": [row for row in rows if row["cached"]],
        "a failure": [row for row in rows if row["status"] >= 400],
        "a retry": [row for row in rows if row["attempt_count"] > 1],
        "a tool call": [row for row in rows if row["tool_names"]],
        "a nested step": [row for row in rows if row["session_path"].count("/") > 2],
        "a large request": [row for row in rows if row["request_size"] > 5_000_000],
    }.items():
        assert found, f"the demo has {what}"


def test_a_seed_decides_everything() -> None:
    end_us = 1_780_000_000_000_000
    first, again = (list(history(150, end_us, seed=7)) for _ in range(2))
    other = list(history(150, end_us, seed=8))
    assert first == again
    assert first != other
    assert max(record.started_us for record in first) < end_us
    assert json.loads(first[1].request_body)["model"]
