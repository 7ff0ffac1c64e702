"""`/api/metrics` over HTTP: answers of a real control plane, and what is refused."""

import csv
import io
import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.core.clock import now_us
from tests.e2e.control_process import ControlProcess, record, spool, until

MINUTE_US = 60_000_000


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    """One control plane with 30 calls of the last half hour, 10 of each user."""
    data = tmp_path_factory.mktemp("filled") / "data"
    now = now_us()
    spool(
        data,
        *(
            record(now - (30 - number) * MINUTE_US, user_id=f"user-{number % 3}", status=(200, 500)[number % 5 == 0])
            for number in range(30)
        ),
    )
    process = ControlProcess(data).start().shipped()
    yield process
    process.end()


def ask(control: ControlProcess, path: str, question: object) -> tuple[int, Any]:
    request = urllib.request.Request(
        control.url + path,
        data=question if isinstance(question, bytes) else json.dumps(question).encode(),
        headers={"Authorization": f"Bearer {control.token}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_figures_by_dimension_and_bucket(filled: ControlProcess) -> None:
    question = {
        "measures": ["calls", "cost", "errors", "p95_latency"],
        "dimensions": ["user"],
        "since": "1d",
        "bucket": "1h",
        "compare": "previous",
        "top": {"n": 1, "other": True},
    }
    status, answer = ask(filled, "/api/metrics", question)
    assert status == 200, answer
    assert (answer["total"]["totals"]["calls"], answer["group_count"], answer["source"]) == (30, 3, "raw")
    assert answer["total"]["totals"]["p95_latency"] == 200.0
    assert [(group["other"], group["totals"]["calls"]) for group in answer["groups"]] == [(False, 10), (True, 20)]
    assert sum(answer["groups"][0]["values"]["calls"]) == 10
    assert len(answer["buckets"]) == len(answer["groups"][0]["values"]["cost"]) in (24, 25)
    assert answer["total"]["previous"]["calls"] == 0 and answer["total"]["change"]["calls"] is None
    assert {one["name"]: one["unit"] for one in answer["measures"]}["cost"] == "USD"


def test_a_heatmap_counts_calls_by_bin(filled: ControlProcess) -> None:
    status, answer = ask(filled, "/api/metrics/heatmap", {"measure": "latency", "since": "1d", "bucket": "1h"})
    assert (status, answer["calls"], answer["without_value"], answer["unit"]) == (200, 30, 0, "ms")
    assert len(answer["bins"]) == 1 and answer["bins"][0]["low"] <= 200 < answer["bins"][0]["high"]
    assert sum(map(sum, answer["cells"])) == 30


@pytest.mark.parametrize(
    ("question", "parameter"),
    [({"measure": "model"}, "measure"), ({"bins": 0}, "bins"), ({"bucket": "1m", "since": "300d"}, "bucket")],
)
def test_a_heatmap_that_cannot_be_made_is_refused(
    filled: ControlProcess, question: dict[str, Any], parameter: str
) -> None:
    status, problem = ask(filled, "/api/metrics/heatmap", question)
    assert (status, problem["parameter"]) == (400, parameter)


def perihelion(control: ControlProcess, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "proxy", "metrics", *words, "--url", control.url],
        env={**control.environ, "PERIHELION_API_KEY": control.token},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_prints_a_table_csv_and_json(filled: ControlProcess) -> None:
    words = ("calls", "error_rate", "cost", "--by", "user", "--sort", "user:asc", "status=200")
    lines = perihelion(filled, *words).stdout.splitlines()
    assert lines[0].split() == ["user", "calls", "error_rate", "cost"]
    assert [line.split()[:3] for line in lines[1:]] == [[f"user-{n}", "8", "0.00%"] for n in range(3)]
    rows = list(csv.DictReader(io.StringIO(perihelion(filled, *words, "--csv").stdout)))
    assert [(row["user"], row["calls"]) for row in rows] == [("user-0", "8"), ("user-1", "8"), ("user-2", "8")]
    answer = json.loads(perihelion(filled, "calls", "--top", "1", "--by", "user", "--json").stdout)
    assert [group["totals"]["calls"] for group in answer["groups"]] == [10, 20]
    by_hour = perihelion(filled, "calls", "--bucket", "1h", "--since", "1d", "--csv").stdout.splitlines()
    assert sum(int(line.rpartition(",")[2]) for line in by_hour[1:]) == 30
    compared = perihelion(filled, "calls", "--bucket", "1h", "--since", "1d", "--compare", "previous", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(compared)))
    assert (sum(int(row["calls"]) for row in rows), {row["calls before"] for row in rows}) == (30, {"0"})


def test_the_command_says_what_it_does_not_know(filled: ControlProcess) -> None:
    for words, said in ((("costs",), "cost"), (("calls", "a:1", "b:2"), "two filters"), (("calls", "nope:1"), "nope")):
        done = perihelion(filled, *words)
        assert done.returncode != 0 and said in done.stderr


def test_the_schema_lists_what_can_be_asked(filled: ControlProcess) -> None:
    schema = filled.get("/api/metrics/schema")
    assert {"cost", "p99_ttft", "cost.<name>"} <= {one["name"] for one in schema["measures"]}
    assert {"model", "property.<name>", "weekday"} <= {one["name"] for one in schema["dimensions"]}
    assert {"auto", "1h", "1mo"} <= set(schema["buckets"])


def deep(levels: int) -> Any:
    node: Any = {"column": "status", "op": "eq", "value": 200}
    for _ in range(levels):
        node = {"not": node}
    return node


@pytest.mark.parametrize(
    ("question", "parameter"),
    [
        ({"measures": []}, "measures"),
        ({"measures": ["calls", "costs"]}, "measures[1]"),
        ({"measures": ["calls", "calls"]}, "measures[1]"),
        ({"dimensions": ["modle"]}, "dimensions[0]"),
        ({"dimensions": ["latency"]}, "dimensions[0]"),
        ({"dimensions": ["property."]}, "dimensions[0]"),
        ({"dimensions": ["model", "user", "status", "key", "host"]}, "dimensions"),
        ({"filter": {"column": "nope", "op": "eq", "value": 1}}, "filter.column"),
        ({"filter": {"and": [{"column": "status", "op": "gte", "value": "x"}]}}, "filter.and[0].value"),
        ({"filter": {"column": "model", "op": "matches", "value": "(a"}}, "filter.value"),
        ({"filter": deep(300)}, ""),
        ({"filter": deep(40)}, ""),
        ({"since": "soon"}, "since"),
        ({"since": "2026-01-02", "until": "2026-01-01"}, "since"),
        ({"since": "500d"}, "since"),
        ({"until": "9999-01-01"}, "until"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"bucket": "7m"}, "bucket"),
        ({"bucket": "1m", "since": "30d"}, "bucket"),
        ({"compare": "yesterday"}, "compare"),
        ({"compare": "999y"}, "compare"),
        ({"top": {"n": 0}, "dimensions": ["model"]}, "top.n"),
        ({"top": {"n": 100_000}, "dimensions": ["model"]}, "top.n"),
        ({"top": {"n": 3}}, "top"),
        ({"top": {"n": 3, "by": "x"}, "dimensions": ["model"]}, "top.by"),
        ({"sort": {"by": "user"}, "dimensions": ["model"]}, "sort.by"),
        ({"limit": -1}, "limit"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_path(
    filled: ControlProcess, question: dict[str, Any], parameter: str
) -> None:
    status, problem = ask(filled, "/api/metrics", {"measures": ["calls"], **question})
    assert status == 400, problem
    if parameter:
        assert problem["parameter"] == parameter
        assert problem["accepted"]


@pytest.mark.parametrize(
    "question",
    [
        {},
        [],
        {"measures": "calls"},
        {"measures": [1]},
        {"measures": ["calls"], "limits": 3},
        {"measures": ["calls"], "top": 3},
        b'{"measures":["calls"],"filter":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_a_question_of_the_wrong_shape_is_refused(filled: ControlProcess, question: Any) -> None:
    status, problem = ask(filled, "/api/metrics", question)
    assert (status, bool(problem["detail"])) == (400, True)


def test_a_bucket_that_is_refused_names_one_that_fits(filled: ControlProcess) -> None:
    _, problem = ask(filled, "/api/metrics", {"measures": ["calls"], "bucket": "1m", "since": "30d"})
    fits = problem["accepted"].split()[0]
    assert ask(filled, "/api/metrics", {"measures": ["calls"], "bucket": fits, "since": "30d"})[0] == 200


def test_large_organisations_have_stored_hours_that_can_be_rebuilt(tmp_path: Path) -> None:
    now = now_us()
    data = tmp_path / "data"
    spool(data, *(record(now - (5 * 60 + number) * MINUTE_US) for number in range(120)))
    control = ControlProcess(data, PERIHELION_METRICS_EXACT_ROWS="20").start().shipped()
    try:
        question = {"measures": ["calls", "p50_latency"], "since": "1d", "bucket": "1h"}

        def stored() -> Any:
            answer = ask(control, "/api/metrics", question)[1]
            return answer if answer["source"] == "rollup" and answer["rows_read"] < 60 else None

        assert ask(control, "/api/rollup/rebuild", {"since": "2d"}) == (202, {"hours": 0})  # it looks at once then
        answer = until(stored, "hours to be stored")
        assert answer["total"]["totals"]["calls"] == 120
        assert answer["total"]["totals"]["p50_latency"] == pytest.approx(200, rel=0.01)
        assert not answer["measures"][1]["exact"] and answer["measures"][1]["error"] == 0.01
        spool(data, record(now - 5 * 60 * MINUTE_US))
        control.shipped()
        assert ask(control, "/api/metrics", question)[1]["total"]["totals"]["calls"] == 121
        command = [sys.executable, "-m", "proxy", "rollup", "rebuild", "--since", "2d", "--url", control.url]
        environ = {**control.environ, "PERIHELION_API_KEY": control.token}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert re.match(r"[1-9] stored hours are computed again", done.stdout), done
        assert until(stored, "hours to be stored again")["total"]["totals"]["calls"] == 121
        status, problem = ask(control, "/api/rollup/rebuild", {"since": "soon"})
        assert (status, problem["parameter"]) == (400, "since")
    finally:
        control.end()
