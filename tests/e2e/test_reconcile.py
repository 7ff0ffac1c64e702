"""`perihelion reconcile`: the log beside bills, made of the same calls and of others."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.stack import Stack

TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = dict.fromkeys(("openai", "anthropic"), f'origin = "{simulator_origin}"')
    with Stack(tmp_path_factory.mktemp("stack"), providers) as running:
        sim = {"x-sim-input-tokens": "1000000", "x-sim-output-tokens": "1000"}
        body: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 10}
        ids = []
        for model in ("gpt-4o-mini", "gpt-4o-mini", "acme-1"):
            answer = httpx.post(
                running.gateway + "/openai/v1/chat/completions", json={**body, "model": model}, headers=sim, timeout=30
            )
            ids.append(answer.headers["helicone-id"])
        answer = httpx.post(
            running.gateway + "/anthropic/v1/messages", json={**body, "model": "claude-haiku-4-5"}, headers=sim,
            timeout=30,
        )  # fmt: skip
        ids.append(answer.headers["helicone-id"])
        for id in ids:
            assert running.record(id)["status"] == 200
        yield running


def bill(stack: Stack, text: str) -> Path:
    path = stack.folder / "bill.csv"
    path.write_text(text)
    return path


def openai_costs(**usd: str) -> str:
    lines = [f'{TODAY},{amount},usd,"gpt-4o-mini, {piece}"' for piece, amount in usd.items()]
    return "\n".join(["start_time,amount_value,amount_currency,line_item", *lines]) + "\n"


def test_a_bill_that_agrees(stack: Stack) -> None:
    done = stack.run("reconcile", str(bill(stack, openai_costs(input="0.30", output="0.0012"))), "--json")
    found = json.loads(done.stdout)
    mini = next(model for model in found["models"] if model["model"] == "gpt-4o-mini")
    assert (mini["ours"], mini["theirs"], mini["within"], mini["calls"]) == ("0.301200000", "0.3012", True, 2)
    by_name = {part["component"]: part for part in mini["components"]}
    assert {name: float(value) for name, value in by_name["input"]["ours"].items()} == {"usd": 0.3, "quantity": 2e6}
    acme = next(model for model in found["models"] if model["model"] == "acme-1")
    assert acme["notes"] == ["not in the bill", "1 of 1 calls have no cost: no price is known for model acme-1"]
    assert done.returncode == 0, done.stderr


def test_a_bill_that_differs_is_explained(stack: Stack) -> None:
    text = openai_costs(input="0.45", output="0.0012") + "never,1,usd,x\n"
    done = stack.run("reconcile", str(bill(stack, text)), "--provider", "openai")
    assert done.returncode == 1
    assert "gpt-4o-mini" in done.stdout and "beyond the tolerance" in done.stdout and "-0.150000" in done.stdout
    assert "input" in done.stdout and "0.450000" in done.stdout
    assert "bill.csv, line 4: start_time: found 'never'" in done.stderr
    assert stack.run("reconcile", str(bill(stack, text)), "--tolerance", "0.20").returncode == 0


def test_as_csv_by_day(stack: Stack) -> None:
    done = stack.run("reconcile", str(bill(stack, openai_costs(input="0.30"))), "--csv")
    rows = {row["model"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert rows["gpt-4o-mini"]["day"] == TODAY
    assert (rows["gpt-4o-mini"]["ours_usd"], rows["gpt-4o-mini"]["theirs_usd"]) == ("0.301200000", "0.30")
    assert (rows["acme-1"]["without_cost"], rows["acme-1"]["theirs_usd"]) == ("1", "0")


def test_anthropics_costs_name_models_for_people(stack: Stack) -> None:
    text = (
        "usage_date_utc,model,usage_type,token_type,cost_usd,cost_type\n"
        f"{TODAY},Claude Haiku 4.5,message,input_no_cache,1.0,token\n"
        f"{TODAY},Claude Haiku 4.5,message,output,0.005,token\n"
    )
    done = stack.run("reconcile", str(bill(stack, text)))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "claude-haiku-4-5" in done.stdout and "acme-1" not in done.stdout


@pytest.mark.parametrize(
    ("text", "options", "named"),
    [
        ("a,b\n1,2\n", [], "found the columns a, b"),
        ("date,provider,model,cost\nx,y,z,0\n", [], "line 2: date"),
        ("date,provider,model,cost\n2020-01-01,y,z,0\n", ["--since", "2021-01-01"], "of these days"),
        ("date,provider,model,cost\n2020-01-01,y,z,0\n", ["--tolerance", "lots"], "--tolerance"),
        ("date,provider,model,cost\n2020-01-01,y,z,0\n", ["--until", "soon"], "--until"),
        ("date,provider,model,cost\n2020-01-01,y,z,0\n", ["--zone", "Mars/Olympus"], "zone is 'Mars/Olympus'"),
    ],
)
def test_what_cannot_be_compared_exits_2(stack: Stack, text: str, options: list[str], named: str) -> None:
    done = stack.run("reconcile", str(bill(stack, text)), *options)
    assert (done.returncode, named in done.stderr) == (2, True), done.stderr


def test_costs_are_answered_for_days_of_a_zone(stack: Stack) -> None:
    headers = {"Authorization": f"Bearer {stack.token}"}

    def costs(**query: str) -> httpx.Response:
        return httpx.get(stack.control + "/api/costs", params=query, headers=headers, timeout=30)

    found = costs(since="2d", zone="Pacific/Kiritimati", provider="anthropic").json()["data"]
    assert [row["provider"] for row in found] == ["anthropic"] and found[0]["day"] >= TODAY
    assert costs(since="2d", zone="Mars/Olympus").json()["parameter"] == "zone"
    assert costs(since="soon").json()["parameter"] == "since"
    assert costs().status_code == 400
