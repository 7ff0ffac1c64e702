"""Own prices of an organisation: set over HTTP, used in rows, headers and budgets."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.stack import Stack, wait_for

CHAT = "/openai/v1/chat/completions"
MINI: dict[str, Any] = {"provider": "openai", "model": "gpt-4o-mini*", "rates": {"input": 1, "output": 2}}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = {"openai": f'origin = "{simulator_origin}"'}
    with Stack(tmp_path_factory.mktemp("stack"), providers, answer__cost="true") as running:
        yield running


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {stack.token}"}, timeout=30) as client:
        yield client


@pytest.fixture(autouse=True)
def _no_prices_left(admin: httpx.Client) -> Iterator[None]:
    yield
    for price in admin.get("/api/prices").json()["data"]:
        assert admin.delete(f"/api/prices/{price['name']}").status_code == 204


def call(stack: Stack) -> httpx.Response:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
    return httpx.post(
        stack.gateway + CHAT, json=body, headers={"x-sim-input-tokens": "100", "x-sim-output-tokens": "200"}, timeout=30
    )


def cost_header(stack: Stack) -> int:
    return round(float(call(stack).headers["helicone-cost"]) * 1e9)


def test_a_price_reaches_row_and_header_and_leaves_them_again(stack: Stack, admin: httpx.Client) -> None:
    listed = 100 * 150 + 200 * 600
    assert cost_header(stack) == listed
    stored = admin.put("/api/prices/mini", json=MINI)
    assert stored.status_code == 200, stored.text
    version = stored.json()["version"]
    assert version.startswith("own:org/mini@")
    own = 100 * 1000 + 200 * 2000
    wait_for("the price at the gateway", lambda: cost_header(stack) == own)
    row = stack.record(call(stack).headers["helicone-id"])
    assert (row["cost_nanousd"], row["price_version"]) == (own, version)
    assert [line["source"] for line in row["cost_lines"]] == [version, version]
    assert admin.delete("/api/prices/mini").status_code == 204
    wait_for("the built-in price", lambda: cost_header(stack) == listed)


def test_prices_are_listed_by_name_and_replaced(admin: httpx.Client) -> None:
    for name in ("b", "a"):
        assert admin.put(f"/api/prices/{name}", json=MINI).status_code == 200
    changed = {**MINI, "from": "2026-01-01", "above": [{"input_tokens": 1000, "rates": {"input": 3}}]}
    assert admin.put("/api/prices/a", json=changed).status_code == 200
    page = admin.get("/api/prices", params={"limit": 1}).json()
    assert [price["name"] for price in page["data"]] == ["a"] and page["next"] == "a"
    assert page["data"][0]["price"] == changed
    rest = admin.get("/api/prices", params={"limit": 1, "cursor": "a"}).json()
    assert [price["name"] for price in rest["data"]] == ["b"] and rest["next"] is None


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"rates": {}}, "price"),
        ({"rates": {"inptu": 1}}, "rates.inptu"),
        ({"rates": {"input": -1}}, "rates.input"),
        ({"rates": {"input": 1e300}}, "rates.input"),
        ({"rates": {"model": 1}}, "rates.model"),
        ({"model": ""}, "price"),
        ({"model": "*" * 300}, "model"),
        ({"above": [{"input_tokens": 0, "rates": {"input": 1}}]}, "above.input_tokens"),
        ({"above": [{"input_tokens": 9, "rates": {"reasoning": 1}}]}, "above.rates.reasoning"),
    ],
)
def test_a_price_that_cannot_be_used_is_refused_with_the_path(
    admin: httpx.Client, change: dict[str, Any], parameter: str
) -> None:
    refused = admin.put("/api/prices/bad", json={**MINI, **change})
    assert refused.status_code == 400, refused.text
    assert refused.json()["parameter"] == parameter and refused.json()["accepted"]


@pytest.mark.parametrize("body", [{"rates": {"input": 1}}, {**MINI, "from": "soon"}, {**MINI, "other": 1}, [], 3])
def test_what_is_no_price_is_a_400(admin: httpx.Client, body: Any) -> None:
    assert admin.put("/api/prices/bad", json=body).status_code == 400


def test_prices_belong_to_one_organisation_and_need_an_admin(stack: Stack, admin: httpx.Client) -> None:
    assert admin.put("/api/prices/mini", json=MINI).status_code == 200
    made = admin.post("/api/keys", json={"name": "viewer", "scopes": ["read"]}).json()
    viewer = {"Authorization": f"Bearer {made['key']}"}
    assert httpx.get(stack.control + "/api/prices", headers=viewer).json()["data"][0]["name"] == "mini"
    assert httpx.put(stack.control + "/api/prices/x", headers=viewer, json=MINI).status_code == 403
    assert httpx.delete(stack.control + "/api/prices/mini", headers=viewer).status_code == 403
    assert admin.delete("/api/prices/none").status_code == 404
