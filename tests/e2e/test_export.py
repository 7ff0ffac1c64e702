"""Exports over HTTP and from the command line: every matching call once, in each format."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet
import pytest

from proxy.core.clock import now_us
from tests.e2e.control_process import ControlProcess, record, spool

CALLS = 2500
"""More than two pages of an export."""
FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    """A control plane with `calls`, oldest first, and one call of another organisation."""
    data = tmp_path_factory.mktemp("export") / "data"
    now = now_us()
    calls = [
        record(
            now - (CALLS - number) * 1_000_000,
            user_id=(FORMULA, "ada", "-1", 'quo"te,\nline', "ünï")[number % 5],
            status=(200, 500)[number % 2],
            properties={"feature": "search", "n": str(number)},
        )
        for number in range(CALLS)
    ]
    spool(data, *calls, record(now, org="other"))
    process = ControlProcess(data).start().shipped()
    process.calls = calls  # type: ignore[attr-defined]
    yield process
    process.end()


def calls_of(control: ControlProcess) -> list[Any]:
    calls: list[Any] = control.calls  # type: ignore[attr-defined]
    return calls


def export(control: ControlProcess, **question: Any) -> httpx.Response:
    answer = httpx.post(
        f"{control.url}/api/requests/export",
        json=question,
        headers={"Authorization": f"Bearer {control.token}"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return answer


def test_jsonl_has_the_public_events(control: ControlProcess) -> None:
    answer = export(control, filter="status>=400")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["id"] for line in lines] == [call.id for call in calls_of(control) if call.status >= 400]
    whole = control.get(f"/api/requests/{lines[0]['id']}")
    del whole["bodies"], whole["annotations"]
    assert lines[0] == whole
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert answer.headers["content-disposition"].startswith('attachment; filename="requests-20')
    assert ".jsonl" in answer.headers["content-disposition"]


def test_jsonl_may_have_bodies_and_chosen_columns(control: ControlProcess) -> None:
    whole = [json.loads(line) for line in export(control, bodies=True, filter="user:ada").text.splitlines()]
    assert [line["id"] for line in whole] == [call.id for call in calls_of(control) if call.user_id == "ada"]
    shown = control.get(f"/api/requests/{whole[3]['id']}")
    del shown["annotations"]
    assert whole[3] == shown
    chosen = export(control, bodies=True, columns=["user", "property.n"], filter="property.n:7").text
    [line] = map(json.loads, chosen.splitlines())
    assert line.keys() == {"user", "property.n", "bodies"}
    assert (line["property.n"], line["bodies"]["response_text"]) == ("7", "Rayleigh scattering.")


def test_csv_is_for_spreadsheets_and_runs_nothing(control: ControlProcess) -> None:
    names = ["id", "user", "start", "status", "cost", "failed", "ttft_ms", "property.n", "properties"]
    answer = export(
        control,
        format="csv",
        columns=names,
    )
    header, *rows = csv.reader(io.StringIO(answer.text))
    assert header == names
    assert [row[0] for row in rows] == [call.id for call in calls_of(control)]
    for row, call in zip(rows, calls_of(control), strict=True):
        assert row[1] == (f"'{call.user_id}" if call.user_id[0] in "=+-@" else call.user_id)
        assert datetime.fromisoformat(row[2]).timestamp() * 1e6 == call.started_us
        assert (row[3], row[5], row[7]) == (str(call.status), str(call.status >= 400).lower(), call.properties["n"])
        assert float(row[6]) == 45.0
        assert row[4] == ("0.0026" if call.status == 200 else "")  # what a failed call costs is not known
        assert json.loads(row[8]) == call.properties
    assert len(next(csv.reader(io.StringIO(export(control, format="csv").text)))) > 40


def test_parquet_keeps_types(control: ControlProcess) -> None:
    answer = export(control, format="parquet")
    table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
    assert table.column("id").to_pylist() == [call.id for call in calls_of(control)]
    assert table.column("user_id").to_pylist() == [call.user_id for call in calls_of(control)]
    first = table.slice(0, 1).to_pylist()[0]
    assert first["start"] == datetime.fromtimestamp(calls_of(control)[0].started_us / 1e6, UTC)
    assert (first["status"], first["latency_ms"], first["cost_nanousd"]) == (200, 200.0, 2_600_000)
    assert dict(first["properties"]) == {"feature": "search", "n": "0"}
    chosen = export(control, format="parquet", columns=["id", "property.n", "cost"], since="100s", filter="status:200")
    assert pyarrow.parquet.read_table(io.BytesIO(chosen.content)).column_names == ["id", "property.n", "cost"]


def test_properties_set_after_a_call_are_in_every_format(control: ControlProcess) -> None:
    call = next(call for call in calls_of(control) if call.user_id == "ünï")
    answer = httpx.put(
        f"{control.url}/api/requests/{call.id}/properties",
        json={"ticket": "4711", "feature": None},
        headers={"Authorization": f"Bearer {control.token}"},
    )
    assert answer.status_code < 300, answer.text
    wanted = {"n": call.properties["n"], "ticket": "4711"}
    asked = {"filter": {"column": "id", "op": "eq", "value": call.id}, "columns": ["properties", "property.feature"]}
    assert json.loads(export(control, **asked).text) == {"properties": wanted, "property.feature": None}
    rows = list(csv.reader(io.StringIO(export(control, format="csv", **asked).text)))
    assert (json.loads(rows[1][0]), rows[1][1]) == (wanted, "")
    table = pyarrow.parquet.read_table(io.BytesIO(export(control, format="parquet", **asked).content))
    [row] = table.to_pylist()
    assert (dict(row["properties"]), row["property.feature"]) == (wanted, None)


@pytest.mark.parametrize(
    ("question", "parameter"),
    [
        ({"format": "xml"}, "format"),
        ({"format": "csv", "bodies": True}, "bodies"),
        ({"format": "csv", "columns": ["id", "usr"]}, "columns[1]"),
        ({"format": "parquet", "columns": ["property.a`b"]}, "columns[0]"),
        ({"filter": "status>="}, "filter at character"),
        ({"since": "yesterday"}, "since"),
    ],
)
def test_a_bad_export_is_refused(control: ControlProcess, question: dict[str, Any], parameter: str) -> None:
    answer = httpx.post(
        f"{control.url}/api/requests/export", json=question, headers={"Authorization": f"Bearer {control.token}"}
    )
    assert answer.status_code == 400, answer.text
    assert parameter in answer.json().get("parameter", "") or parameter in answer.json()["detail"]


def test_clients_that_leave_make_room_for_others(control: ControlProcess) -> None:
    for format in ("jsonl", "csv", "parquet", "jsonl", "csv", "parquet"):
        with httpx.stream(
            "POST",
            f"{control.url}/api/requests/export",
            json={"format": format, "filter": "status>=0"},
            headers={"Authorization": f"Bearer {control.token}"},
        ) as answer:
            assert answer.status_code == 200
            next(answer.iter_raw(10))
    assert len(export(control).text.splitlines()) == CALLS


def run(control: ControlProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "proxy", *arguments],
        env=control.environ, cwd=control.data.parent, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_command_line_exports_into_a_file(control: ControlProcess, tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    done = run(control, "export", "status>=400", "user:ada", "-o", str(file), "--columns", "id,cost", "--since", "7d")
    assert done.returncode == 0, done.stderr
    wanted = [call.id for call in calls_of(control) if call.status >= 400 and call.user_id == "ada"]
    header, *rows = csv.reader(io.StringIO(file.read_text()))
    assert header == ["id", "cost"] and [row[0] for row in rows] == wanted
    assert str(file) in done.stderr and f"{file.stat().st_size:,}" in done.stderr
    to_stdout = run(control, "export", "property.n:7")
    assert json.loads(to_stdout.stdout)["properties"]["n"] == "7"
    refused = run(control, "export", "status>>", "-o", str(tmp_path / "none.jsonl"))
    assert refused.returncode == 1 and "character" in refused.stderr
    assert list(tmp_path.iterdir()) == [file]


def test_the_command_line_lists_by_text_and_in_another_order(control: ControlProcess) -> None:
    done = run(control, "requests", "status>=400", "property.n:(7, 8, 9)", "--sort", "-start", "--json")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["properties"]["n"] for line in done.stdout.splitlines()] == ["9", "7"]
    first = run(control, "requests", "--sort", "start", "--limit", "600", "--json", "--status", "500")
    ids = [json.loads(line)["id"] for line in first.stdout.splitlines()]
    assert ids == [call.id for call in calls_of(control) if call.status == 500][:600]
    refused = run(control, "requests", "sttus:500")
    assert refused.returncode == 1 and "status" in refused.stderr
