"""One session: its tree of paths, its tree of parents, and its calls, however many there are."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from proxy.cli import main
from proxy.cli.groups import LISTS
from tests.e2e.control_process import ROOT, ControlProcess, until

Json = dict[str, Any]


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    data = tmp_path_factory.mktemp("sessions") / "data"
    process = ControlProcess(data)
    data.mkdir()
    fill = [sys.executable, "-m", "tests.e2e.session_rows", str(data / "log")]
    subprocess.run(fill, cwd=ROOT, env=process.environ, check=True, timeout=120)
    process.start().ready()
    yield process
    process.end()


@pytest.fixture(scope="module")
def api(control: ControlProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=control.url, headers={"Authorization": f"Bearer {control.token}"}, timeout=30) as client:
        yield client


def asked(api: httpx.Client, what: str, **query: Any) -> Any:
    found = api.get(f"/api/sessions/{what}", params=query)
    assert found.status_code == 200, found.text
    return found.json()


def outline(branch: Json) -> Any:
    """Path, calls and own calls of each branch."""
    return (branch["path"], branch["calls"], branch["own_calls"], [outline(child) for child in branch["children"]])


def test_paths_are_a_tree_with_totals(api: httpx.Client) -> None:
    tree = asked(api, "tree", id="small")
    assert outline(tree) == (
        "/", 6, 1, [
            ("/plan", 4, 1, [("/plan/search", 2, 2, []), ("/plan/read", 1, 1, [])]),
            ("/answer", 1, 1, []),
        ],
    )  # fmt: skip
    search = tree["children"][0]["children"][0]
    assert (search["errors"], search["cost"], search["unknown_cost_calls"]) == (1, 0.001, 1)
    assert (search["start_ms"], search["end_ms"], search["busy_ms"]) == (1000.0, 2500.0, 500.0)
    assert (tree["errors"], tree["cost"], tree["input_tokens"], tree["output_tokens"]) == (1, 0.005, 60, 6)
    assert (tree["start_ms"], tree["end_ms"], tree["busy_ms"]) == (0.0, 12_000.0, 5000.0)


def test_calls_come_in_order_with_their_start_and_duration(api: httpx.Client) -> None:
    page = asked(api, "calls", id="small", limit=4)
    rest = asked(api, "calls", id="small", limit=4, cursor=page["next"])
    calls = page["data"] + rest["data"]
    assert rest["next"] is None
    assert [call["start_ms"] for call in calls] == [0.0, 1000.0, 2000.0, 2000.0, 3000.0, 9000.0]
    assert [call["id"] for call in calls[2:4]] == sorted(call["id"] for call in calls[2:4])
    assert [call["latency_ms"] for call in calls] == [500.0, None, 500.0, 500.0, 500.0, 3000.0]
    assert [call["failed"] for call in calls] == [False, True, False, False, False, False]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"path": "/plan"}, {"0", "1", "2"}),
        ({"path": "/plan", "below": "false"}, {"0"}),
        ({"path": "/plan/search"}, {"1", "2"}),
        ({"path": "/", "below": "false"}, {"3"}),
        ({"path": "/nowhere"}, set()),
    ],
)
def test_calls_of_a_branch(api: httpx.Client, query: Json, numbers: set[str]) -> None:
    assert {call["name"].split()[-1] for call in asked(api, "calls", id="small", **query)["data"]} == numbers


def family(node: Json) -> Any:
    return (int(node["call"]["name"].split()[-1]), [family(child) for child in node["children"]])


def test_calls_are_below_their_parents(api: httpx.Client) -> None:
    tree = asked(api, "spans", id="traced")
    assert [family(child) for child in tree["children"]] == [
        (0, [(1, [(2, [])]), (3, [])]),
        (4, []),
        (5, [(6, [(7, [])]), (11, [])]),
        (8, []),
        (9, []),
        (10, []),
        (12, []),
    ]
    by_number = {int(node["call"]["name"].split()[-1]): node for node in tree["children"]}
    assert [number for number, node in by_number.items() if node["loop"]] == [5, 8]
    assert [number for number, node in by_number.items() if node["parent_missing"]] == [4, 9]
    assert (by_number[0]["total"]["calls"], by_number[0]["total"]["errors"]) == (4, 1)
    assert (by_number[0]["total"]["start_ms"], by_number[0]["total"]["end_ms"]) == (0.0, 3500.0)
    assert tree["total"]["calls"] == 13
    below = asked(api, "spans", id="traced", parent=by_number[0]["call"]["id"])
    assert [family(child) for child in below["children"]] == [(1, [(2, [])]), (3, [])]


def test_a_session_of_30_000_calls_is_read_in_parts(api: httpx.Client) -> None:
    tree = asked(api, "tree", id="big", limit=7)
    assert (tree["calls"], tree["child_count"], len(tree["children"])) == (30_000, 7, 7)
    assert sum(child["calls"] for child in tree["children"]) == 30_000
    assert all(child["children"] == [] and child["child_count"] > 0 for child in tree["children"])
    branch = asked(api, "tree", id="big", path=tree["children"][0]["path"])
    assert branch["calls"] == tree["children"][0]["calls"]
    assert sum(child["calls"] for child in branch["children"]) == branch["calls"]
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = asked(api, "calls", id="big", path=branch["path"], limit=500, cursor=cursor)
        seen += [call["id"] for call in page["data"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == branch["calls"]
    spans = asked(api, "spans", id="big", limit=10)
    assert (spans["total"]["calls"], spans["child_count"], len(spans["children"])) == (30_000, 30_000, 10)
    row = asked(api, "one", id="big")["session"]
    assert (row["calls"], row["cost"], row["name"]) == (30_000, pytest.approx(30.0), "Big")


def test_a_filter_leaves_the_calls_that_match(api: httpx.Client) -> None:
    assert outline(asked(api, "tree", id="small", filter="status<400 latency>100ms")) == (
        "/", 5, 1, [("/plan", 3, 1, [("/plan/read", 1, 1, []), ("/plan/search", 1, 1, [])]), ("/answer", 1, 1, [])],
    )  # fmt: skip
    page = asked(api, "calls", id="small", filter="failed:true")
    assert [call["status"] for call in page["data"]] == [500]
    nothing = asked(api, "tree", id="small", filter="user:nobody")
    assert (nothing["calls"], nothing["children"]) == (0, [])


def test_calls_are_read_from_any_place(api: httpx.Client) -> None:
    everything = asked(api, "calls", id="big", limit=500)["data"]
    later = asked(api, "calls", id="big", limit=100, skip=300)
    assert later["data"] == everything[300:400]
    assert asked(api, "calls", id="big", limit=100, cursor=later["next"])["data"] == everything[400:]
    assert [call["start_ms"] for call in asked(api, "calls", id="big", limit=9, skip=29_998)["data"]] == [
        29_998_000.0,
        29_999_000.0,
    ]


def test_an_outline_says_where_what_is(api: httpx.Client) -> None:
    calls = asked(api, "calls", id="small")["data"]
    found = asked(api, "outline", id="small", call=calls[4]["id"])
    place = {"id": calls[1]["id"], "path": "/plan/search", "position": 1, "own_position": 0}
    assert (found["calls"], found["duration_ms"]) == (6, 12_000.0)
    assert (found["first_error"], found["next_error"]) == (place, place)
    assert found["slowest"] == {"id": calls[5]["id"], "path": "/answer", "position": 5, "own_position": 0}
    assert found["asked"] == {"id": calls[4]["id"], "path": "/", "position": 4, "own_position": 0}
    assert (len(found["running"]), found["running"][0], found["running"][-1]) == (160, 1, 1)
    assert sum(found["failed"]) == 1
    assert asked(api, "outline", id="small", after=1)["next_error"] is None
    assert asked(api, "outline", id="small", filter="status<400")["first_error"] is None


def test_many_children_come_part_by_part(api: httpx.Client) -> None:
    seen: list[str] = []
    while not seen or len(seen) < 3000:
        part = asked(api, "tree", id="wide", limit=1000, skip=len(seen))
        assert part["child_count"] == 3000
        seen += [child["path"] for child in part["children"]]
    assert seen == [f"/item-{number}" for number in range(3000)]


def test_a_deep_tree_is_asked_for_level_by_level(api: httpx.Client) -> None:
    node = asked(api, "spans", id="deep", limit=5000)["children"][0]
    levels = 1
    while node["children"]:
        node, levels = node["children"][0], levels + 1
    assert (levels, node["child_count"], node["total"]["calls"]) == (40, 1, 3000 - 39)
    below = asked(api, "spans", id="deep", parent=node["call"]["id"])
    assert family(below["children"][0])[0] == 40
    branch = asked(api, "tree", id="deep")
    while branch["children"]:
        branch = branch["children"][0]
    assert (branch["path"], branch["child_count"], branch["calls"]) == ("/x" * 40, 1, 3000)


def test_scores_of_a_session(api: httpx.Client) -> None:
    body = {"session": "small", "scores": {"solved": True, "stars": 4}}
    assert api.post("/api/sessions/scores", json=body).status_code == 201
    api.post("/api/sessions/scores", json={"session": "small", "scores": {"stars": 5}})
    assert asked(api, "one", id="small")["annotations"]["scores"] == {"solved": True, "stars": 5.0}


@pytest.mark.parametrize(
    ("what", "query", "status"),
    [
        ("one", {"id": "nobody's"}, 404),
        ("tree", {"id": "nobody's"}, 404),
        ("tree", {"id": "small", "path": "/nowhere"}, 404),
        ("spans", {"id": "small", "parent": "00000000-0000-4000-8000-000000000000"}, 404),
        ("tree", {}, 400),
        ("tree", {"id": "small", "limit": 0}, 400),
        ("tree", {"id": "small", "skip": -1}, 400),
        ("calls", {"id": "small", "cursor": "x"}, 400),
        ("calls", {"id": "small", "limit": 501}, 400),
        ("calls", {"id": "x" * 1025}, 400),
        ("calls", {"id": "small", "skip": -1}, 400),
        ("calls", {"id": "small", "filter": "colour:red"}, 400),
        ("outline", {"id": "nobody's"}, 404),
    ],
)
def test_a_bad_question_is_refused(api: httpx.Client, what: str, query: Json, status: int) -> None:
    found = api.get(f"/api/sessions/{what}", params=query)
    assert found.status_code == status, found.text


def test_the_list_has_them_all(api: httpx.Client) -> None:
    found = api.get("/api/sessions", params={"sort": "calls"}).json()["data"]
    assert [(row["session"], row["calls"]) for row in found][:3] == [("big", 30_000), ("wide", 3000), ("deep", 3000)]
    small = next(row for row in found if row["session"] == "small")
    assert (small["duration_ms"], small["users"], small["models"]) == (12_000.0, ["ada"], ["gpt-4o"])


def run(control: ControlProcess, *arguments: str) -> str:
    done = CliRunner().invoke(main, arguments, env=control.environ)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_line_shows_the_same(control: ControlProcess, api: httpx.Client) -> None:
    lines = run(control, "session", "small").splitlines()
    assert [line.split()[:3] for line in lines[1:4]] == [
        ["/", "6", "1"],
        ["/plan", "4", "1"],
        ["/plan/search", "2", "1"],
    ]
    assert "… 1000 more" in run(control, "session", "wide")
    assert json.loads(run(control, "session", "traced", "--spans", "--json")) == asked(
        api, "spans", id="traced", limit=2000
    )
    top = [
        json.loads(line) for line in run(control, "top", "sessions", "--by", "calls", "-n", "2", "--json").splitlines()
    ]
    assert top == api.get("/api/sessions", params={"sort": "calls", "limit": 2}).json()["data"]
    for what in LISTS:
        assert "calls" in run(control, "top", what, "user:ada")


def suggested(api: httpx.Client, **query: Any) -> list[str]:
    found = api.get("/api/suggest", params={"days": 30, **query})
    assert found.status_code == 200, found.text
    return [one["value"] for one in found.json()["data"]]


def test_values_are_suggested(api: httpx.Client) -> None:
    until(lambda: suggested(api, column="session_name", prefix="Bi") == ["Big"], "the values to be collected")
    assert suggested(api, column="user", prefix="a") == suggested(api, column="user_id", prefix="a") == ["ada"]
    assert suggested(api, column="session_name", limit=2) == ["Big", "Deep"]
    assert suggested(api, column="session_name", prefix="EE") == ["Deep"]
    assert suggested(api, column="status") == ["200", "500"]
    assert suggested(api, column="model", prefix="nothing") == []
    assert suggested(api, column="cached") == ["true", "false"]
    assert suggested(api, column="feedback", prefix="g") == ["good"]
    api.post("/api/sessions/scores", json={"session": "big", "scores": {"verdict": "passed"}})
    assert "verdict" in suggested(api, column="score")
    assert suggested(api, column="score.verdict") == ["passed"]
    first = api.get("/api/suggest", params={"column": "model", "days": 30}).json()["data"][0]
    assert (first["value"], first["calls"]) == ("gpt-4o", 36_020)  # those of this organisation


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({}, "column"),
        ({"column": "colour"}, "column"),
        ({"column": "latency_ms"}, "column"),
        ({"column": "property."}, "column"),
        ({"column": "user", "limit": 101}, "limit"),
        ({"column": "user", "days": 0}, "days"),
        ({"column": "user", "prefix": "x" * 301}, "prefix"),
    ],
)
def test_a_suggestion_that_cannot_be_made_says_why(api: httpx.Client, query: Json, parameter: str) -> None:
    found = api.get("/api/suggest", params=query)
    assert (found.status_code, found.json()["parameter"]) == (400, parameter)
