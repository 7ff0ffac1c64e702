"""`/api/sql` over HTTP and `perihelion sql`; the examples of docs/sql.md run."""

import csv
import io
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from proxy.core.clock import now_us
from tests.e2e.control_process import ControlProcess, record, spool
from tests.stack import ROOT, get_json

PAGE = (ROOT / "docs" / "sql.md").read_text("utf-8")
MINUTE_US = 60_000_000


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    """One control plane with 30 calls of the last half hour, 10 of each user."""
    data = tmp_path_factory.mktemp("filled") / "data"
    now = now_us()
    spool(
        data,
        *(
            record(
                now - (30 - number) * MINUTE_US,
                user_id=f"user-{number % 3}",
                session_id="s",
                properties={"feature": "f"},
            )
            for number in range(30)
        ),
    )
    process = ControlProcess(data).start().shipped()
    yield process
    process.end()


def ask(control: ControlProcess, body: object, **headers: str) -> tuple[int, str, bytes]:
    head = {"Authorization": f"Bearer {control.token}", "Content-Type": "application/json", **headers}
    request = urllib.request.Request(f"{control.url}/api/sql", json.dumps(body).encode(), head)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read()


def run(control: ControlProcess, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "proxy", "sql", *arguments, "--url", control.url, "--set", f"data={control.data}"],
        capture_output=True, text=True, timeout=60, input=stdin, cwd=ROOT,
    )  # fmt: skip


def test_a_result_has_columns_rows_and_what_it_took(control: ControlProcess) -> None:
    question = {"sql": "SELECT user, count() AS calls FROM requests WHERE user = {user:String} GROUP BY user"}
    status, _, body = ask(control, {**question, "parameters": {"user": "user-1"}})
    found = json.loads(body)
    assert status == 200
    assert found["columns"] == [{"name": "user", "type": "String"}, {"name": "calls", "type": "UInt64"}]
    assert (found["rows"], found["row_count"], found["rows_read"]) == ([["user-1", 10]], 1, 30)
    assert found["bytes_read"] > 0 and found["elapsed_ms"] > 0


def test_the_format_is_asked_for_by_header_or_member(control: ControlProcess) -> None:
    sql = "SELECT user, status FROM requests ORDER BY start LIMIT 2"
    status, type, body = ask(control, {"sql": sql}, Accept="text/csv, */*;q=0.1")
    assert (status, type.partition(";")[0]) == (200, "text/csv")
    assert next(csv.reader(io.StringIO(body.decode()))) == ["user", "status"]
    _, type, body = ask(control, {"sql": sql, "format": "jsonl"})
    assert type.startswith("application/x-ndjson") and json.loads(body.splitlines()[1])["user"] == "user-1"
    _, type, body = ask(control, {"sql": sql, "format": "parquet"})
    assert (type, body[:4]) == ("application/vnd.apache.parquet", b"PAR1")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"sql": "DROP TABLE requests"}, "only SELECT"),
        ({"sql": "SELECT 1; SELECT 2"}, "more than one"),
        ({"sql": "SELECT 1 SETTINGS max_threads = 1"}, "SETTINGS"),
        ({"sql": "SELECT 1 FORMAT CSV"}, "format"),
        ({"sql": "SELECT * FROM system.tables"}, "system.tables"),
        ({"sql": "SELECT * FROM url('http://127.0.0.1:1', CSV)"}, "url"),
        ({"sql": "SELECT nothing FROM requests"}, "nothing"),
        ({"sql": "SELECT 1", "format": "xml"}, "json, csv"),
        ({"sql": "SELECT * FROM nothing", "format": "csv"}, "nothing"),
        ({"sql": "SELECT {x:String}"}, "parameter x"),
        ({"sql": "SELECT 1", "limits": {"rows": -1}}, "limits.rows"),
        ({"sql": "SELECT 1", "limit": 1}, "limit"),
        ({"sql": 1}, "sql"),
        ({}, "sql"),
    ],
)
def test_what_cannot_be_run_is_a_400_with_the_reason(control: ControlProcess, body: object, said: str) -> None:
    status, type, answer = ask(control, body)
    assert (status, type) == (400, "application/problem+json")
    assert said in answer.decode()


def test_a_limit_is_named(control: ControlProcess) -> None:
    status, _, body = ask(control, {"sql": "SELECT id FROM requests", "limits": {"rows": 5}})
    assert (status, json.loads(body)["parameter"], json.loads(body)["value"]) == (400, "result_rows", "5")


def test_it_needs_a_viewer(control: ControlProcess) -> None:
    assert ask(control, {"sql": "SELECT 1"}, Authorization="Bearer nobody")[0] == 401


def test_the_schema_lists_every_column(control: ControlProcess) -> None:
    views = {view["name"]: view for view in get_json(f"{control.url}/api/sql/schema", control.token)["views"]}
    columns = {column["name"]: column for column in views["requests"]["columns"]}
    assert columns["cost"] == {
        "name": "cost",
        "type": "Nullable(Float64)",
        "help": "cost in US dollars; null where it is not known",
        "unit": "USD",
    }
    assert columns["properties"]["type"].startswith("Map(")
    assert "org" not in columns
    rows = re.findall(r"^\| (`.*?`) \|", PAGE.partition("## Views")[2].partition("## Examples")[0], re.M)
    assert {name for row in rows for name in re.findall(r"\w+", row)} == views.keys()


def test_the_examples_of_the_page_run(control: ControlProcess) -> None:
    blocks = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 6
    for block in blocks:
        status, _, body = ask(control, {"sql": block})
        assert status == 200, body
    request, answer = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    status, _, body = ask(control, request)
    assert (status, json.loads(body).keys()) == (200, answer.keys())


def test_the_command_prints_a_table_json_and_csv(control: ControlProcess) -> None:
    lines = re.findall(r'^    perihelion sql "(SELECT model.*)"$', PAGE, re.M)
    done = run(control, lines[0])
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:3] == ["model", "calls", "usd"]
    assert "1 row, 30 read" in done.stderr
    by_user = (
        "SELECT user, count() AS calls FROM requests WHERE user IN {users:Array(String)} GROUP BY user ORDER BY user"
    )
    done = run(control, "--json", "-p", 'users=["user-0","user-2"]', "-", stdin=by_user)
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"user": "user-0", "calls": 10},
        {"user": "user-2", "calls": 10},
    ]
    assert run(control, "--csv", "SELECT 1 AS a, 'x,y' AS b").stdout == '"a","b"\n1,"x,y"\n'
    assert "latency_ms" in run(control, "--schema", "requests").stdout
    assert run(control, "SELECT 0.1 + 0.2 AS a, 4.5e-06 AS b, NULL AS c").stdout.split() == [
        "a",
        "b",
        "c",
        "0.3",
        "4.5e-06",
    ]
    for arguments, said in (
        (("SELECT * FROM system.tables",), "system.tables"),
        (("--csv", "SELECT nothing"), "nothing"),
        (("SELECT 1", "-p", "x"), "NAME=VALUE"),
        (("--schema", "calls"), "found no view 'calls'"),
    ):
        done = run(control, *arguments)
        assert done.returncode != 0 and said in done.stderr and "Traceback" not in done.stderr
