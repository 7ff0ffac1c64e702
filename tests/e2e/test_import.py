"""`perihelion import`: what other products exported is in the log, once, however often it is sent."""

import csv
import gzip
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.control_process import ROOT, ControlProcess, until
from tests.e2e.log_stores import STORES, log_store
from tests.exported import (
    helicone_row,
    langfuse_observation,
    litellm_payload,
    spend_log,
    stored_completion,
)

LAST = itertools.count(900_000)


@pytest.fixture(scope="module", params=STORES)
def control(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    with log_store(request.param) as settings:
        process = ControlProcess(tmp_path_factory.mktemp("import") / "data", **settings).start().ready()
        yield process
        process.end()


@pytest.fixture(scope="module")
def api(control: ControlProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=control.url, headers={"Authorization": f"Bearer {control.token}"}) as client:
        yield client


def run(control: ControlProcess, *words: object) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PERIHELION_API_KEY": control.token}
    environ["XDG_STATE_HOME"] = str(control.data.parent / "state")
    return subprocess.run(
        [sys.executable, "-m", "proxy", "import", *map(str, words), "--url", control.url],
        env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def calls(api: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/api/requests", params={"limit": 500, **query}).json()["data"]
    return found


def shipped(api: httpx.Client, count: int, **query: Any) -> list[dict[str, Any]]:
    """The calls of a query, once there are so many."""
    return until(lambda: (found := calls(api, **query)) and len(found) >= count and found, f"{count} calls of {query}")


def all_shipped(api: httpx.Client) -> None:
    """Waits until what was imported before is in the log: segments are shipped in order."""
    row = helicone_row(next(LAST), request_user_id="last")
    before = len(calls(api, user="last"))
    assert api.post("/api/import", json={"format": "helicone", "rows": [{"line": 1, "values": row}]}).status_code == 200
    shipped(api, before + 1, user="last")


def whole(api: httpx.Client, id: str) -> dict[str, Any]:
    def read() -> Any:
        found = api.get(f"/api/requests/{id}").json()
        return found if found["bodies"] else None

    found: dict[str, Any] = until(read, f"the bodies of {id}")
    return found


def test_helicone_rows_are_calls_with_all_that_they_say(
    control: ControlProcess, api: httpx.Client, tmp_path: Path
) -> None:
    done = run(control, "helicone", lines(tmp_path / "rows.jsonl", *map(helicone_row, range(1, 4))))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.endswith("rows.jsonl: 3 rows, 3 calls new, 0 already there, 6 scores new, 0 problems\n")
    shipped(api, 3, session="s1")
    call = whole(api, "00000000-0000-4000-8000-000000000001")
    expected = {
        "start": "2026-01-01T00:00:01.250000Z",
        "source": "import:helicone",
        "provider": "openai",
        "host": "api.openai.com",
        "path": "/v1/chat/completions",
        "operation": "chat",
        "model": "gpt-4o-2024-08-06",
        "model_asked": "gpt-4o",
        "status": 200,
        "latency_ms": 700.0,
        "ttft_ms": 300.0,
        "input_tokens": 1000,
        "cost_nanousd": 2_600_000,
        "reported_cost_nanousd": 2_600_000,
        "user_id": "ada",
        "session_id": "s1",
        "session_path": "/a",
        "properties": {"app": "search"},
        "property_names": {"app": "App"},
        "response_preview": "Rayleigh scattering.",
    }
    assert {name: call[name] for name in expected} == expected
    assert json.loads(call["bodies"]["request"])["messages"][0]["content"] == "Why is the sky blue?"
    said = api.get(f"/api/requests/{call['id']}/annotations").json()["current"]
    assert (said["rating"], said["scores"]) == (1.0, {"helpful": 0.5})


def test_the_same_file_again_is_no_second_row(control: ControlProcess, api: httpx.Client, tmp_path: Path) -> None:
    rows = [helicone_row(number, request_user_id="twice") for number in range(100, 300)]
    file = lines(tmp_path / "twice.jsonl", *rows)
    for _ in range(2):
        assert run(control, "helicone", file).returncode == 0
    # Also where the second batch comes before the first is in the log, and where a batch repeats itself.
    batch = {"format": "helicone", "rows": [{"line": 1, "values": row} for row in rows[:50] * 2]}
    fresh = [{"line": 1, "values": {**row, "request_id": row["request_id"].replace("0", "7", 1)}} for row in rows[:50]]
    for body in (batch, batch, {**batch, "rows": fresh}, {**batch, "rows": fresh}):
        assert api.post("/api/import", json=body).status_code == 200
    all_shipped(api)
    found = shipped(api, 250, user="twice")
    assert len(found) == len({call["id"] for call in found}) == 250
    again = run(control, "helicone", file)
    assert "0 calls new, 200 already there, 0 scores new" in again.stdout


def test_csv_of_the_export_tool_and_gzip_and_json(control: ControlProcess, api: httpx.Client, tmp_path: Path) -> None:
    names = ["response_id", "response_status", "request_created_at", "request_body", "request_properties", "model",
             "request_user_id", "prompt_tokens", "completion_tokens", "latency", "cost_usd"]  # fmt: skip
    row = helicone_row(500, model="gpt-4o", latency=700, cost_usd=0.5, request_user_id="table")
    row["request_body"] = json.dumps(row["request_body"]).replace('"', '""')  # it escapes objects twice
    row["request_properties"] = json.dumps(row["request_properties"]).replace('"', '""')
    table = tmp_path / "rows.csv"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerow(row)
    assert run(control, "helicone", table).returncode == 0
    (call,) = shipped(api, 1, user="table")
    assert (call["properties"], call["latency_ms"]) == ({"app": "search"}, 700.0)
    assert (call["reported_cost_nanousd"], call["usage_source"]) == (500_000_000, "provider")
    packed = tmp_path / "rows.json.gz"
    rows = [helicone_row(number, request_user_id="packed") for number in (601, 602)]
    packed.write_bytes(gzip.compress(json.dumps(rows, indent=2).encode()))
    assert run(control, "helicone", packed).returncode == 0
    assert len(shipped(api, 2, user="packed")) == 2


def test_what_is_not_understood_is_named_and_the_rest_is_taken(
    control: ControlProcess, api: httpx.Client, tmp_path: Path
) -> None:
    good = helicone_row(700, request_user_id="partly")
    file = lines(
        tmp_path / "partly.jsonl",
        good,
        "not json",
        {"request_created_at": "2026-01-01T00:00:00Z"},
        {**helicone_row(701, request_user_id="partly"), "prompt_tokens": "many", "request_created_at": "yesterday"},
        {**helicone_row(702, request_user_id="partly"), "prompt_tokens": "many"},
        [1, 2],
    )
    file.write_text(file.read_text() + '{"request_id": "00000000-0000-40')
    done = run(control, "helicone", file)
    assert done.returncode == 1
    told = [line.removeprefix(f"{file}:") for line in done.stderr.splitlines()]
    assert [line.partition(":")[0].partition(" ")[0] for line in told] == ["2", "6", "7", "3", "4", "5"]
    assert told[2].endswith("the file ends here, it may be cut off")
    assert told[3] == "3: request_id is missing; expected is request_id or response_id"
    assert told[4].startswith("4: request_created_at is 'yesterday'; expected is a time such as")
    assert told[5] == "5: prompt_tokens is 'many'; expected is a number"
    assert "7 rows, 2 calls new" in done.stdout
    assert len(shipped(api, 2, user="partly")) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04....", "the file is a zip archive"),
        (b"\x00\x01\x02", "the file is binary"),
        (b"", "the file is empty"),
        (b"hello\nworld\n", "the file is neither JSON nor CSV with a header"),
        (gzip.compress(json.dumps(helicone_row(1)).encode() * 50)[:-20], "the compressed data ends"),
        (b'[{"request_id": "1"}, {"request_', "nothing after it was read"),
    ],
    ids=["zip", "binary", "empty", "text", "cut gzip", "cut list"],
)
def test_foreign_and_cut_files_are_named(control: ControlProcess, tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "export"
    file.write_bytes(content)
    done = run(control, "helicone", file, "--dry-run")
    assert done.returncode == 1 and reason in done.stderr


def test_another_format_is_refused_at_its_first_rows(control: ControlProcess, tmp_path: Path) -> None:
    done = run(control, "litellm", lines(tmp_path / "rows.jsonl", *map(helicone_row, range(1, 40))))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("none of its first 39 rows is of the format litellm")


def test_a_dry_run_changes_nothing(control: ControlProcess, api: httpx.Client, tmp_path: Path) -> None:
    file = lines(tmp_path / "dry.jsonl", helicone_row(800, request_user_id="dry"))
    done = run(control, "helicone", file, "--dry-run")
    assert "1 calls would be new, 0 already there, 2 scores would be new" in done.stdout
    all_shipped(api)
    assert calls(api, user="dry") == []


def test_a_stopped_import_goes_on_where_it_was(control: ControlProcess, api: httpx.Client, tmp_path: Path) -> None:
    rows = [helicone_row(number, request_user_id="resumed", scores={}) for number in range(1000, 2200)]
    file = lines(tmp_path / "long.jsonl", *rows)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PERIHELION_API_KEY": control.token}
    environ["XDG_STATE_HOME"] = str(tmp_path / "state")
    command = [sys.executable, "-m", "proxy", "import", "helicone", str(file), "--url", control.url]
    first = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    states = tmp_path / "state" / "perihelion" / "imports"
    until(lambda: (states.is_dir() and any(states.glob("*.json"))) or first.poll() is not None, "a first batch")
    first.kill()
    first.wait()
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and "going on after" in done.stderr
    assert not any(states.glob("*.json"))
    all_shipped(api)
    found: set[str] = set()
    cursor = ""
    while True:
        page = api.get("/api/requests", params={"user": "resumed", "limit": 500, "cursor": cursor}).json()
        assert not found & {call["id"] for call in page["data"]}
        found |= {call["id"] for call in page["data"]}
        cursor = page["next"]
        if not cursor:
            break
    assert len(found) == 1200


def test_litellm_spend_logs_and_payloads(control: ControlProcess, api: httpx.Client, tmp_path: Path) -> None:
    file = lines(tmp_path / "spend.jsonl", spend_log(1), litellm_payload(), spend_log(2, cache_hit="True", spend=0))
    assert run(control, "litellm", file).stderr == ""
    found = {call["facts"]["import.id"]: call for call in shipped(api, 3, session="s3")}
    plain, failed, hit = found["chatcmpl-1"], found["chatcmpl-payload"], found["chatcmpl-2"]
    assert (plain["provider"], plain["operation"], plain["model"]) == ("openai", "chat", "gpt-4o-2024-08-06")
    assert (plain["latency_ms"], plain["ttft_ms"], plain["cost_nanousd"]) == (700.0, None, 2_600_000)
    assert plain["properties"] == {
        "jobid": "42", "tags": "beta", "team": "web", "alias": "search", "model_group": "fast",
    }  # fmt: skip
    assert (failed["provider"], failed["status"], failed["error"]) == ("anthropic", 429, "RateLimitError")
    assert (failed["start"], failed["ttft_ms"]) == ("2026-01-03T00:00:00.250000Z", 500.0)
    assert (hit["cached"], hit["cost_nanousd"], hit["saved_nanousd"]) == (True, 0, 2_600_000)
    assert plain["user_id"] == failed["user_id"] == "ada"
    table = tmp_path / "spend.csv"
    with table.open("w", newline="") as out:
        row = spend_log(3, session_id="s4", messages="{}", response="{}", metadata='{"user_api_key_alias": "x"}')
        writer = csv.DictWriter(out, list(row))
        writer.writeheader()
        writer.writerow({**row, "request_tags": "[]", "completionStartTime": "2026-01-03 00:00:00.2"})
    assert run(control, "litellm", table).stderr == ""
    (call,) = shipped(api, 1, session="s4")
    assert (call["input_tokens"], call["output_tokens"], call["cost_nanousd"]) == (1000, 10, 2_600_000)
    assert (call["ttft_ms"], call["request_omitted"]) == (200.0, True)


def test_langfuse_observations_traces_and_scores(control: ControlProcess, api: httpx.Client, tmp_path: Path) -> None:
    trace = "f" * 31 + "1"
    span = langfuse_observation("b" * 16, type="SPAN", name="plan", start_time="2026-01-02 00:00:00", usage_details={})
    score = {
        "id": "s", "trace_id": trace, "observation_id": "a" * 16, "name": "helpful", "value": 0.75,
        "data_type": "NUMERIC", "timestamp": "2026-01-02 01:00:00", "comment": None,
    }  # fmt: skip
    file = lines(
        tmp_path / "observations.jsonl",
        span,
        langfuse_observation("a" * 16, parent_observation_id="b" * 16),
        langfuse_observation("c" * 16, level="ERROR", status_message="no answer", output="", usage_details={}),
        score,
        {**score, "observation_id": None, "name": "tone", "data_type": "CATEGORICAL", "string_value": "dry"},
        {**score, "observation_id": None, "trace_id": "unknown"},
        {**score, "observation_id": None, "trace_id": None, "session_id": "s2", "name": "solved"},
    )
    done = run(control, "langfuse", file)
    assert done.stderr.splitlines() == [
        f"{file}:6: trace_id no call of the trace 'unknown' is in the log; import its observations first"
    ]
    assert "7 rows, 3 calls new, 0 already there, 3 scores new, 1 problems" in done.stdout
    found = {call["facts"]["import.id"][0]: call for call in shipped(api, 3, session="s2")}
    call, step, failed = found["a"], found["b"], found["c"]
    assert (call["provider"], call["model"], call["input_tokens"]) == ("openai", "gpt-4o", 1000)
    assert (call["cached_input_tokens"], call["reported_cost_nanousd"]) == (200, 2_600_000)
    assert (call["latency_ms"], call["ttft_ms"], call["session_path"]) == (1500.0, 500.0, "/support/answer")
    assert (call["prompt_id"], call["prompt_version"], call["trace_id"]) == ("greeting", "3", trace)
    assert call["parent_span_id"] == step["span_id"] != ""
    assert call["properties"] == {"feature": "search", "environment": "production", "tags": "beta"}
    assert (step["operation"], step["cost_nanousd"], step["cost_known"]) == ("span", 0, True)
    assert (failed["status"], failed["error_message"]) == (500, "no answer")
    bodies = whole(api, call["id"])["bodies"]
    assert json.loads(bodies["request"])["temperature"] == 0.5
    assert bodies["response_text"] == "Rayleigh scattering."
    assert api.get(f"/api/requests/{call['id']}/annotations").json()["current"]["scores"] == {"helpful": 0.75}
    assert api.get(f"/api/requests/{step['id']}/annotations").json()["current"]["scores"] == {"tone": "dry"}


def test_older_observations_of_langfuse_get_user_and_session_of_their_trace(
    control: ControlProcess, api: httpx.Client, tmp_path: Path
) -> None:
    trace = {"id": "e" * 32, "timestamp": "2026-01-04 00:00:00", "name": "chat", "user_id": "zoe", "session_id": "s9"}
    older = langfuse_observation("d" * 16, trace_id="e" * 32)
    for name in ("user_id", "session_id", "trace_name", "tags"):
        del older[name]
    files = lines(tmp_path / "traces.jsonl", trace), lines(tmp_path / "observations.jsonl", older)
    assert run(control, "langfuse", *files).stderr == ""
    call, root = sorted(shipped(api, 2, session="s9"), key=lambda one: str(one["operation"]))
    assert (call["user_id"], call["session_name"], call["session_path"]) == ("zoe", "chat", "/chat/answer")
    assert (root["operation"], root["trace_id"]) == ("trace", call["trace_id"])


@pytest.mark.soak
def test_a_killed_control_plane_loses_and_doubles_nothing(tmp_path: Path) -> None:
    rows = [helicone_row(number, request_user_id="killed") for number in range(3000)]
    file = lines(tmp_path / "long.jsonl", *rows)
    control = ControlProcess(tmp_path / "data").start().ready()
    environ = {**control.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    command = [sys.executable, "-m", "proxy", "import", "helicone", str(file)]
    try:
        sending = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
        states = tmp_path / "state" / "perihelion" / "imports"
        for _ in range(2):
            until(lambda: (states.is_dir() and any(states.glob("*.json"))) or sending.poll() is not None, "a batch")
            os.kill(control.worker, signal.SIGKILL)
            control.watched()
        told, _ = sending.communicate(timeout=120)
        assert sending.returncode == 0, told
        # Once more from its start: whatever became of the batches that were under way, all is there now.
        assert subprocess.run([*command, "--restart"], env=environ, timeout=120, check=False).returncode == 0
        headers = {"Authorization": f"Bearer {control.token}"}
        with httpx.Client(base_url=control.url, headers=headers, timeout=30) as api:
            body = {"measures": ["calls"], "filter": "user:killed", "since": "2025-12-31", "until": "2026-01-03"}
            until(lambda: api.post("/api/metrics", json=body).json()["total"]["totals"]["calls"] >= 3000, "3000 calls")
            all_shipped(api)
            assert api.post("/api/metrics", json=body).json()["total"]["totals"]["calls"] == 3000
    finally:
        control.end()


def test_openai_stored_completions_and_responses(control: ControlProcess, api: httpx.Client, tmp_path: Path) -> None:
    response = {
        "id": "resp_1", "object": "response", "created_at": 1_767_225_600, "completed_at": 1_767_225_602,
        "status": "completed", "model": "gpt-4o-2024-08-06", "metadata": {"feature": "stored"}, "temperature": 1,
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi."}]}],
        "usage": {"input_tokens": 1000, "output_tokens": 10, "total_tokens": 1010}, "input": "Hello",
    }  # fmt: skip
    page = {"object": "list", "data": [stored_completion(metadata={"feature": "stored"}), response], "has_more": False}
    file = tmp_path / "page.json"
    file.write_text(json.dumps(page, indent=2))
    assert run(control, "openai-logs", file).stderr == ""
    found = {call["operation"]: call for call in shipped(api, 2, property="feature=stored")}
    assert found.keys() == {"chat", "responses"}
    for call in found.values():
        assert (call["provider"], call["start"]) == ("openai", "2026-01-01T00:00:00Z")
        assert (call["input_tokens"], call["cost_nanousd"]) == (1000, 2_600_000)
    assert found["responses"]["latency_ms"] == 2000.0 and found["chat"]["latency_ms"] is None
    assert whole(api, found["responses"]["id"])["bodies"]["response_text"] == "Hi."
    assert "metadata" in json.loads(whole(api, found["chat"]["id"])["bodies"]["request"])


def test_a_batch_has_bounds_and_a_known_format(api: httpx.Client) -> None:
    for body, about in (
        ({"format": "phoenix", "rows": []}, "one of helicone, langfuse, litellm, openai-logs"),
        ({"format": "helicone", "rows": [{"line": 1, "values": {}}] * 1001}, "at most 1000"),
        ({"format": "helicone", "rows": [{"line": 1, "values": []}]}, "rows[0].values"),
    ):
        answer = api.post("/api/import", json=body)
        assert answer.status_code == 400 and about in answer.text
