"""Exported files row by row, and what is read of a row."""

import gzip
import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxy.core.clock import now_us
from proxy.ingest.imports import FORMATS, ImportedCall, call_id, read_row
from proxy.ingest.imports.files import ExportedRow, read_rows
from tests.exported import helicone_row, langfuse_observation, litellm_payload, spend_log, stored_completion

ROWS = [{"id": number, "text": "a\n]}{[,é", "inner": [{"id": "x"}]} for number in range(500)]
NOW = now_us()


def rows_of(tmp_path: Path, content: str | bytes) -> list[ExportedRow]:
    file = tmp_path / "export"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_rows(file))


@pytest.mark.parametrize(
    "write",
    [
        lambda rows: "\n".join(map(json.dumps, rows)),
        lambda rows: "\r\n\r\n".join(map(json.dumps, rows)) + "\r\n",
        json.dumps,
        lambda rows: json.dumps(rows, indent=2),
        lambda rows: json.dumps({"data": rows, "error": None}),
        lambda rows: json.dumps({"object": "list", "data": rows}, indent=4),
        lambda rows: "\ufeff" + json.dumps(rows),
        lambda rows: "\n".join(json.dumps({"data": rows[at : at + 100], "meta": {}}) for at in range(0, 500, 100)),
        lambda rows: "\n".join(json.dumps({"data": [row], "error": "x" * 100_000}) for row in rows[:3]),
        lambda rows: "\n".join(json.dumps({"data": rows[at : at + 250] * 40}) for at in (0, 250)),
        lambda rows: gzip.compress(json.dumps(rows).encode()),
    ],
    ids=[
        "lines",
        "crlf",
        "list",
        "indented",
        "page",
        "indented page",
        "bom",
        "page a line",
        "wide pages",
        "long pages",
        "gzip",
    ],
)
def test_every_form_gives_the_same_rows(tmp_path: Path, write: Callable[[Any], str | bytes]) -> None:
    found = [row.values for row in rows_of(tmp_path, write(ROWS))]
    assert found == ROWS or found == ROWS[:3] or found == ROWS[:250] * 40 + ROWS[250:] * 40


def test_rows_know_their_lines(tmp_path: Path) -> None:
    assert [row.line for row in rows_of(tmp_path, '{"a": 1}\n\n{"a": 2}\n')] == [1, 3]
    assert [row.line for row in rows_of(tmp_path, '[\n  {"a":\n 1},\n  {"a": 2}\n]')] == [2, 4]
    table = rows_of(tmp_path, 'a,b\n1,"x\ny"\n3\n4,5\n')
    assert [(row.line, row.values) for row in table] == [
        (2, {"a": "1", "b": "x\ny"}),
        (4, None),
        (5, {"a": "4", "b": "5"}),
    ]
    assert table[1].problem == "has 1 fields; the header has 2"


@pytest.mark.parametrize("size", range(0, 60, 7))
def test_a_cut_list_gives_all_rows_before_the_cut(tmp_path: Path, size: int) -> None:
    whole = json.dumps([{"id": number} for number in range(5)])
    rows = rows_of(tmp_path, whole[: len(whole) - 1 - size] if size else whole[:-1])
    assert [row.values for row in rows[:-1]] == [{"id": number} for number in range(len(rows) - 1)]
    assert rows[-1].problem


def test_a_large_file_needs_little_memory(tmp_path: Path) -> None:
    row = json.dumps(helicone_row(1, response_body="x" * 10_000))
    for name, start, between, end in (("lines", "", "\n", ""), ("list", "[", ",", "]")):
        file = tmp_path / name
        with file.open("w") as out:
            out.write(start + between.join([row] * 3000) + end)
        tracemalloc.start()
        assert sum(each.values is not None for each in read_rows(file)) == 3000
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 << 20 < file.stat().st_size


@pytest.mark.parametrize(
    ("format", "row"),
    [
        ("helicone", helicone_row(1)),
        ("langfuse", langfuse_observation("a" * 16)),
        ("litellm", spend_log(1)),
        ("litellm", litellm_payload()),
        ("openai-logs", stored_completion()),
    ],
    ids=str,
)
def test_whatever_a_field_holds_nothing_is_raised(format: str, row: dict[str, Any]) -> None:
    assert isinstance(read_row(format, row, NOW)[0][0], ImportedCall)
    for value in (None, "", "x", -1, 1e400, float("nan"), True, [], {}, [1], {"a": 1}, [{}], "{", 10**30):
        for values in (dict.fromkeys(row, value), *({**row, name: value} for name in row)):
            _, problems = read_row(format, values, NOW)
            assert [problem for problem in problems if "cannot be read" in problem.reason] == []


def test_every_format_refuses_the_rows_of_another() -> None:
    strange = {"name": "x", "value": 1}
    for format in FORMATS:
        found, problems = read_row(format, strange, NOW)
        assert found == [] and problems


@pytest.mark.parametrize(
    ("text", "start_us"),
    [
        ("2026-01-31T12:00:00Z", 1_769_860_800_000_000),
        ("2026-01-31 12:00:00.123456", 1_769_860_800_123_456),
        ("2026-01-31 14:00:00+02", 1_769_860_800_000_000),
        ("2026-01-31 12:00:00 UTC", 1_769_860_800_000_000),
        (1_769_860_800, 1_769_860_800_000_000),
        (1_769_860_800.25, 1_769_860_800_250_000),
        ("1769860800250", 1_769_860_800_250_000),
        (1_769_860_800_250_000, 1_769_860_800_250_000),
        ("2199-01-01", None),
        ("1999-01-01", None),
        ("last week", None),
    ],
    ids=str,
)
def test_times_are_read_as_they_are_written(text: object, start_us: int | None) -> None:
    found, problems = read_row("helicone", helicone_row(1, request_created_at=text), NOW)
    assert [call.started_us for call in found if isinstance(call, ImportedCall)] == ([start_us] if start_us else [])
    assert bool(problems) == (start_us is None)


def test_an_id_stays_or_is_made_of_the_one_in_the_source() -> None:
    assert call_id("helicone", "00000000-0000-4000-8000-00000000000A") == "00000000-0000-4000-8000-00000000000a"
    made = call_id("litellm", "chatcmpl-1")
    assert made == call_id("litellm", "chatcmpl-1") != call_id("langfuse", "chatcmpl-1")
    assert made[14] == "5"


def test_a_table_of_heliconess_own_has_nano_dollars_and_text_bodies() -> None:
    row = helicone_row(1, organization_id="org", status=-3, latency="0", cost="2600000", request_body='{"a": 1}')
    for name in ("response_status", "costUSD", "delay_ms", "response_created_at"):
        del row[name]
    (call,), problems = read_row("helicone", row, NOW)
    assert isinstance(call, ImportedCall) and problems == []
    assert (call.cost_usd, call.status, call.cut, call.latency_us) == (0.0026, 499, "client", -1)
    assert call.request == b'{"a":1}'


def test_a_trace_of_langfuses_api_brings_its_observations_and_scores() -> None:
    observation = {
        "id": "a" * 16, "type": "GENERATION", "startTime": "2026-01-02T00:00:00Z", "model": "gpt-4o",
        "input": {"messages": [{"role": "user", "content": "Hi"}]}, "output": "Hello",
        "usage": {"input": 10, "output": 5, "unit": "TOKENS"}, "calculatedTotalCost": 0.1,
    }  # fmt: skip
    trace = {
        "id": "t1", "timestamp": "2026-01-02T00:00:00Z", "name": "chat", "userId": "ada", "sessionId": "s1",
        "observations": [observation, 3], "scores": [{"name": "ok", "value": 1, "dataType": "BOOLEAN"}],
    }  # fmt: skip
    (root, call, score), problems = read_row("langfuse", trace, NOW)
    assert isinstance(root, ImportedCall) and isinstance(call, ImportedCall)
    assert (root.step, root.user_id, root.session_id, root.trace_id) == ("trace", "ada", "s1", "t1")
    assert (call.user_id, call.session_id, call.parent_id, call.cost_usd) == ("ada", "s1", root.id, 0.1)
    assert call.usage is not None and call.usage.total_input == 10
    assert json.loads(call.response)["choices"][0]["message"]["content"] == "Hello"
    assert (score.trace, score.value) == ("t1", True)  # type: ignore[union-attr]
    assert [problem.path for problem in problems] == ["observations[1]"]
