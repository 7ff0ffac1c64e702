"""A data folder that the version before left behind opens, ships its open segments and keeps its limits."""

import json
import tarfile
from collections import Counter
from pathlib import Path

import httpx

from tests.stack import ROOT, Stack, wait_for

FOLDER = ROOT / "tests" / "data" / "data_folder_4cc76c2.tar.gz"
SECRET = "00" * 32
LIMIT = {"Helicone-RateLimit-Policy": "5;w=86400;u=request;s=user", "Helicone-User-Id": "ada"}

CLOCK = """
import time
_ns = time.time_ns
_offset = _ns() - {made_us} * 1000
time.time_ns = lambda: _ns() - _offset
time.time = lambda: time.time_ns() / 1e9
"""
"""Run by Python before anything else: the day on which the folder was made, so that its limits have not run out."""


def test_a_folder_of_the_version_before_goes_on_where_it_was(tmp_path: Path, simulator_origin: str) -> None:
    with tarfile.open(FOLDER) as archive:
        archive.extractall(tmp_path / "data")  # made by this project; the filter came with Python 3.11.4
    made = json.loads((tmp_path / "data" / "made.json").read_text("utf-8"))
    (tmp_path / "clock").mkdir()
    (tmp_path / "clock" / "sitecustomize.py").write_text(CLOCK.format(made_us=made["made_us"]))
    stack = Stack(tmp_path, {"openai": f'origin = "{simulator_origin}"'}, secret__key=SECRET)
    stack.environ["PYTHONPATH"] = f"{tmp_path / 'clock'}:{stack.environ['PYTHONPATH']}"
    calls: dict[str, str] = made["calls"]
    with stack:
        wait_for("the open segment in the log", lambda: {row["id"] for row in stack.records()} >= set(calls.values()))
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "four"}]}
        trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
        answer = httpx.post(f"{stack.gateway}/openai/v1/chat/completions", json=body, headers={**LIMIT, **trace})
        assert (answer.status_code, answer.headers["helicone-ratelimit-remaining"]) == (200, "1")
        new = stack.record(answer.headers["helicone-id"])
        rows = list(stack.records())
        assert Counter(row["id"] for row in rows) == Counter([*calls.values(), new["id"]])
        assert {row["request_name"]: row["id"] for row in rows if row["request_name"]} == calls
        # Rows that the version before wrote: no place in the order of arrival, and no trace.
        old = stack.record(calls["plain"])
        assert (old["version"], old["ingested_at"], old["trace_id"], old["span_id"]) == (1, None, "", "")
        assert (old["status"], old["properties"], old["cost_known"]) == (200, {"app": "Tester"}, True)
        assert json.loads(old["bodies"]["request"])["messages"][0]["content"] == "Why is the sky blue?"
        assert stack.record(calls["hit"])["cached"] and stack.record(calls["open-hit"])["cached"]
        # Rows of its segments that this version shipped, and of a new call.
        assert stack.record(calls["open-plain"])["ingested_at"] is not None
        assert (new["trace_id"], new["parent_span_id"]) == ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
        assert new["span_id"] == new["id"].replace("-", "")[-16:]
        arrived = stack.run("requests", "--json", "--trace", new["trace_id"])
        assert [json.loads(line)["id"] for line in arrived.stdout.splitlines()] == [new["id"]]
        segments = tmp_path / "data" / "spool"
        wait_for("its segment to go", lambda: not list(segments.glob("01a21cc6d8ed*.seg")))
