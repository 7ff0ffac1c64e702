"""The jsonl sink behind a running control plane: it misses nothing through `kill -9`, and never delays the log."""

import json
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.stack import Stack, get_json, wait_for

CALLS = 300
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello " * 40}]}


@pytest.mark.soak
def test_every_call_is_in_the_file_and_once_in_the_log_although_the_control_plane_is_killed(
    tmp_path: Path, simulator_origin: str
) -> None:
    file = tmp_path / "calls.jsonl"
    stack = Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}, sink__jsonl__path=str(file))
    with stack, httpx.Client() as client:
        seen: list[str] = []
        for number in range(CALLS):
            answer = client.post(f"{stack.gateway}/openai/v1/chat/completions", json=BODY, timeout=30)
            seen.append(answer.headers["helicone-id"])
            if number in (CALLS // 3, CALLS * 2 // 3):
                wait_for("the control plane", lambda: stack.answers(stack.control + "/readyz"), 60)
                stack.kill("control")
        wait_for("the control plane", lambda: stack.answers(stack.control + "/readyz"), 60)
        wait_for("the log to hold every call", lambda: {row["id"] for row in stack.records()} >= set(seen), 60)
        assert max(Counter(row["id"] for row in stack.records()).values()) == 1
        events = wait_for("the file to hold every call", lambda: complete(file, seen), 30)
        newest = next(stack.records())
        assert events[newest["id"]].keys() == newest.keys()
        [state] = get_json(stack.control + "/readyz", stack.token)["sinks"]
        assert (state["name"], state["durable"], state["skipped"], state["last_error"]) == ("jsonl", False, 0, "")


def complete(file: Path, ids: list[str]) -> dict[str, dict[str, object]] | None:
    """The events of the file by id, once it has all of `ids`."""
    events = {event["id"]: event for event in map(json.loads, file.read_text("utf-8").splitlines())}
    return events if events.keys() >= set(ids) else None


def test_a_file_that_cannot_be_written_is_reported_and_the_log_goes_on(tmp_path: Path, simulator_origin: str) -> None:
    stack = Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}, sink__jsonl__path="/dev/full")
    with stack:
        answer = httpx.post(f"{stack.gateway}/openai/v1/chat/completions", json=BODY, timeout=30)
        assert stack.record(answer.headers["helicone-id"])["status"] == 200

        def failing() -> bool:
            [state] = get_json(stack.control + "/readyz", stack.token)["sinks"]
            return "No space left" in state["last_error"] and state["lag_records"] == 1

        wait_for("the failure to show", failing)
        page = httpx.get(stack.control + "/metrics").text
        assert '\nperihelion_control_sink_records_total{sink="jsonl"} 0\n' in page
        assert '\nperihelion_control_sink_lag_records{sink="jsonl"} 1\n' in page
