"""Calls are priced again: over HTTP and by the command, across a kill -9, and without effect where nothing changed."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.stack import Stack, get_json, wait_for

CHAT = "/openai/v1/chat/completions"
FIGURES = ("cost_nanousd", "cost_known", "saved_nanousd", "cost_missing", "price_version")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = {"openai": f'origin = "{simulator_origin}"'}
    with Stack(tmp_path_factory.mktemp("stack"), providers) as running:
        yield running


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {stack.token}"}, timeout=30) as client:
        yield client


def call(stack: Stack, model: str, inputs: int, **headers: str) -> str:
    """The id of one call."""
    named = {"x-sim-input-tokens": str(inputs), "x-sim-output-tokens": "10"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"model": model, "messages": [{"role": "user", "content": f"Hi {inputs}"}]}
    answer = httpx.post(stack.gateway + CHAT, json=body, headers=named, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.headers["helicone-id"]


@pytest.fixture(scope="module")
def calls(stack: Stack) -> list[str]:
    """Five calls: known, unknown, and one that is answered from the cache."""
    cached = {"Helicone_Cache_Enabled": "true"}
    ids = [call(stack, "gpt-4o-mini", 100), call(stack, "gpt-4o-mini", 200), call(stack, "acme-1", 300)]
    ids += [call(stack, "gpt-4o-mini", 400, **cached), call(stack, "gpt-4o-mini", 400, **cached)]
    for id in ids:
        stack.record(id)
    return ids


def run(admin: httpx.Client, **asked: Any) -> dict[str, Any]:
    """A re-pricing that is done."""
    started = admin.post("/api/reprice", json={"since": "1h", **asked})
    assert started.status_code == 202, started.text
    id = started.json()["id"]

    def probe() -> Any:
        found = admin.get(f"/api/reprice/{id}").json()
        assert not found["error"], found["error"]
        return found if found["state"] == "done" else None

    found: dict[str, Any] = wait_for(f"re-pricing {id}", probe)
    return found


def figures(stack: Stack, ids: list[str]) -> list[dict[str, Any]]:
    rows = [get_json(f"{stack.control}/api/requests/{id}", stack.token) for id in ids]
    return [{name: row[name] for name in (*FIGURES, "cost_lines")} for row in rows]


def test_with_the_same_prices_nothing_changes(stack: Stack, admin: httpx.Client, calls: list[str]) -> None:
    before = figures(stack, calls)
    found = run(admin)
    assert (found["calls"], found["changed"], found["written"]) == (5, 0, 0)
    assert found["old_nanousd"] == found["new_nanousd"] == (700 * 150 + 30 * 600)
    by_model = {group["model"]: group for group in found["groups"]}
    assert by_model["acme-1"]["unknown"] == 1
    assert by_model["acme-1"]["reasons"] == {"no price is known for model acme-1": 1}
    assert figures(stack, calls) == before


def test_new_prices_are_tried_then_written_and_taken_back(stack: Stack, admin: httpx.Client, calls: list[str]) -> None:
    before = figures(stack, calls)
    own: dict[str, Any] = {"model": "*", "rates": {"input": 1, "output": 2}}
    assert admin.put("/api/prices/all", json=own).status_code == 200
    dry = run(admin, dry_run=True)
    assert (dry["calls"], dry["changed"], dry["written"]) == (5, 5, 0)
    assert dry["new_nanousd"] == 1000 * 1000 + 40 * 2000
    assert {group["model"]: group["newly_known"] for group in dry["groups"]} == {"acme-1": 1, "gpt-4o-mini": 0}
    assert figures(stack, calls) == before

    found = run(admin)
    assert (found["changed"], found["written"]) == (5, 5) and found["groups"] == dry["groups"]
    after = figures(stack, calls)
    assert [row["cost_nanousd"] for row in after] == [120_000, 220_000, 320_000, 420_000, 0]
    assert after[-1]["saved_nanousd"] == 420_000
    assert all(row["price_version"].startswith("own:org/all@") and not row["cost_missing"] for row in after)
    shipped = call(stack, "gpt-4o-mini", 100)
    new = stack.record(shipped)
    assert {name: new[name] for name in (*FIGURES, "cost_lines")} == after[0]

    assert run(admin)["changed"] == 0
    assert admin.delete("/api/prices/all").status_code == 204
    assert run(admin)["written"] == 6
    assert figures(stack, calls) == before


def test_the_command_prints_a_report_and_filters(stack: Stack, admin: httpx.Client, calls: list[str]) -> None:
    assert (
        admin.put("/api/prices/acme", json={"model": "acme-*", "rates": {"input": 5, "output": 0}}).status_code == 200
    )
    dry = stack.run("reprice", "--since", "1h", "--filter", "model:acme-1", "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "acme-1" in dry.stdout and "gpt-4o-mini" not in dry.stdout and "0.001500" in dry.stdout
    assert "1 of 1 calls would change; nothing was written" in dry.stdout
    done = stack.run("reprice", "--since", "1h", "--json")
    assert json.loads(done.stdout)["written"] == 1
    again = stack.run("reprice", "--resume", json.loads(done.stdout)["id"])
    assert "1 of 6 calls changed" in again.stdout
    assert admin.delete("/api/prices/acme").status_code == 204
    assert run(admin)["written"] == 1


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"since": "soon"}, "since"),
        ({"since": "1h", "until": "2h"}, "until"),
        ({"since": "1h", "filter": "no_such_column:1"}, "filter"),
        ({"since": "1h", "filter": {"op": "eq"}}, "filter"),
        ({"since": "1h", "organisation": "nobody"}, ""),
        ({"since": "1h", "dry": True}, ""),
        ({}, ""),
    ],
)
def test_what_cannot_be_done_is_refused(admin: httpx.Client, asked: dict[str, Any], named: str) -> None:
    refused = admin.post("/api/reprice", json=asked)
    assert refused.status_code == (404 if asked.get("organisation") else 400), refused.text
    assert refused.json().get("parameter", "").startswith(named)


def test_it_needs_an_admin_and_stays_in_the_organisation(stack: Stack, admin: httpx.Client) -> None:
    moon = admin.post("/api/organisations", json={"name": "Moon"}).json()["id"]
    assert run(admin, organisation=moon, dry_run=True)["calls"] == 0
    everything = run(admin, organisation="*", dry_run=True)
    assert everything["calls"] >= 5
    made = admin.post("/api/keys", json={"name": "k", "scopes": ["admin"]}).json()["key"]
    key = {"Authorization": f"Bearer {made}"}
    other = httpx.post(stack.control + "/api/reprice", json={"since": "1h", "organisation": "*"}, headers=key)
    assert other.status_code == 403
    reader = admin.post("/api/keys", json={"name": "k", "scopes": ["read"]}).json()["key"]
    headers = {"Authorization": f"Bearer {reader}"}
    assert httpx.post(stack.control + "/api/reprice", json={"since": "1h"}, headers=headers).status_code == 403
    page = httpx.get(stack.control + "/api/reprice?limit=1", headers=headers).json()
    assert page["data"][0]["id"] == everything["id"] and page["next"]


def test_a_kill_in_the_middle_loses_and_doubles_nothing(stack: Stack, admin: httpx.Client) -> None:
    ids = [call(stack, "acme-2", number) for number in range(1, 31)]
    for id in ids:
        stack.record(id)
    assert (
        admin.put("/api/prices/acme", json={"model": "acme-2", "rates": {"input": 7, "output": 0}}).status_code == 200
    )
    started = admin.post("/api/reprice", json={"since": "1h", "filter": "model:acme-2"}).json()
    stack.kill("control")

    def probe() -> Any:
        try:
            found = get_json(f"{stack.control}/api/reprice/{started['id']}", stack.token)
        except (OSError, ValueError):
            return None
        return found if found["state"] == "done" else None

    found = wait_for("the end of it", probe, 120)
    assert (found["calls"], found["changed"], found["written"], found["error"]) == (30, 30, 30, "")
    assert [row["cost_nanousd"] for row in figures(stack, ids)] == [7000 * number for number in range(1, 31)]
