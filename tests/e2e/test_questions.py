"""The script of docs/questions.md runs as it stands, and SQL, the command line and Helicone's paths agree with it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.stack import ROOT, Stack, wait_for

FEATURES = ("search", "support")
PROMPT = {"id": "hello", "environments": ["production"],
          "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Greet {{name}}."}]}}  # fmt: skip


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = {"openai": f'origin = "{simulator_origin}"'}
    with Stack(tmp_path_factory.mktemp("questions"), providers, targets__allow=simulator_origin) as running:
        owner = {"Authorization": f"Bearer {running.token}"}
        for _ in range(2):
            made = httpx.post(f"{running.control}/api/prompts", json=PROMPT, headers=owner)
            if made.status_code == 409:
                made = httpx.post(
                    f"{running.control}/api/prompts/hello/versions",
                    json={"body": PROMPT["body"], "environments": ["production"]},
                    headers=owner,
                )
            assert made.status_code == 201, made.text
        wait_for("gateways to know", lambda: httpx.get(running.gateway + "/readyz").json()["snapshot"] >= 2 or None)
        ids = [call(running, number) for number in range(12)]
        wait_for("the calls in the log", lambda: len(list(running.records())) == 12 or None)
        for number, id in enumerate(ids):
            scores = {"helpful": number % 4 / 4}
            httpx.post(f"{running.control}/api/requests/{id}/scores", json=scores, headers=owner).raise_for_status()
        yield running


def call(stack: Stack, number: int) -> str:
    """One call: of two features, three sessions with two branches, two prompt versions, a third of them cached."""
    headers = {
        "Authorization": "Bearer sk-test",
        "Helicone-User-Id": "ada",
        "Helicone-Session-Id": f"trip-{number % 3}",
        "Helicone-Session-Path": ("/plan", "/plan/search")[number % 2],
        "Helicone-Property-Feature": FEATURES[number % 2],
    }
    body: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"question {number}"}]}
    if number >= 8:
        headers["Helicone-Cache-Enabled"] = "true"
        body["messages"][0]["content"] = "the same question"
    elif number >= 4:
        headers |= {"Helicone-Prompt-Id": "hello", "Helicone-Prompt-Version": str(number % 2 + 1)}
        headers["Helicone-Prompt-Variables"] = '{"name": "Ada"}'
        body = {"model": "gpt-4o-mini"}
    answer = httpx.post(f"{stack.gateway}/v1/chat/completions", headers=headers, json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.headers["Helicone-Id"]


@pytest.fixture(scope="module")
def answers(stack: Stack) -> dict[str, Any]:
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "questions.md").read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERIHELION_API_KEY", stack.token)
        exec(compile(block.replace("http://127.0.0.1:8788", stack.control), "docs/questions.md", "exec"), names)
    return names


def sql(stack: Stack, text: str) -> list[list[Any]]:
    done = stack.run("sql", text, "--json")
    assert done.returncode == 0, done.stderr
    return [list(json.loads(line).values()) for line in done.stdout.splitlines()]


def metrics(stack: Stack, *arguments: str) -> Any:
    done = stack.run("metrics", *arguments, "--json", "--since", "7d")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def helicone(stack: Stack, path: str, body: dict[str, Any]) -> Any:
    owner = {"Authorization": f"Bearer {stack.token}"}
    answer = httpx.post(f"{stack.control}/v1/{path}", json=body, headers=owner, timeout=30)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()["data"]


def test_cost_by_feature_is_the_same_from_everywhere(stack: Stack, answers: dict[str, Any]) -> None:
    cost = answers["cost_by_feature"]
    assert cost.keys() == set(FEATURES)
    assert all(value > 0 for value in cost.values())
    by_sql = sql(stack, "SELECT properties['feature'] AS feature, sum(cost) FROM requests GROUP BY feature")
    assert {name: pytest.approx(value) for name, value in by_sql} == cost
    by_cli = metrics(stack, "cost", "--by", "property.feature")
    assert {group["key"]["property.feature"]: group["totals"]["cost"] for group in by_cli["groups"]} == cost
    rows = helicone(stack, "request/query-clickhouse", {"filter": "all", "limit": 100})
    for feature in FEATURES:
        of_feature = [
            row for row in rows if {name.lower(): v for name, v in row["properties"].items()}["feature"] == feature
        ]
        assert sum(row["costUSD"] or 0 for row in of_feature) == pytest.approx(cost[feature])


def test_sessions_are_trees_with_the_same_sums(stack: Stack, answers: dict[str, Any]) -> None:
    assert answers["tree"]["children"][0]["path"] == "/plan"
    by_sql = dict(sql(stack, "SELECT session, count() FROM requests GROUP BY session"))
    assert by_sql == {f"trip-{number}": 4 for number in range(3)}
    client = answers["client"]
    for name, calls in by_sql.items():
        tree = client.session_tree(name)
        assert sum(branch["calls"] for branch in tree["children"]) == calls
        assert len(list(client.session_calls(name))) == calls
    times = {"startTimeUnixMs": 0, "endTimeUnixMs": 2**42}
    asked = {"search": "", "timeFilter": times, "timezoneDifference": 0, "filter": "all"}
    sessions = helicone(stack, "session/query", asked)
    assert {row["session_id"]: int(row["total_requests"]) for row in sessions} == by_sql


def test_latency_by_prompt_version_is_the_same(stack: Stack, answers: dict[str, Any]) -> None:
    assert answers["p95_by_version"].keys() == {"1", "2"}
    text = "SELECT prompt_version, quantileExact(0.95)(latency_ms) FROM requests WHERE prompt != '' GROUP BY 1"
    for version, value in sql(stack, text):
        assert answers["p95_by_version"][version] == pytest.approx(value, rel=0.02)


def test_what_the_cache_saved_is_the_same(stack: Stack, answers: dict[str, Any]) -> None:
    totals = answers["totals"]
    assert totals["cache_hits"] == 3
    ((hits, saved),) = sql(stack, "SELECT countIf(cached), sum(saved) FROM requests")
    assert (hits, pytest.approx(saved)) == (3, totals["saved_cost"])
    assert metrics(stack, "cache_hits")["total"]["totals"]["cache_hits"] == 3
    assert helicone(stack, "request/count/query", {"filter": "all", "isCached": True}) == 3


def test_scores_are_the_same(stack: Stack, answers: dict[str, Any]) -> None:
    assert answers["helpful_by_feature"] == {"search": pytest.approx(0.25), "support": pytest.approx(0.5)}
    assert len(answers["bad"]) == 6
    ((bad,),) = sql(stack, "SELECT count() FROM scores WHERE name = 'helpful' AND value < 0.5")
    assert bad == 6
    done = stack.run("requests", "score.helpful<0.5", "--json")
    assert {json.loads(line)["id"] for line in done.stdout.splitlines()} == set(answers["bad"])
