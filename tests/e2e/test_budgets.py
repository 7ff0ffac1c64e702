"""Budgets over HTTP: what is spent, who is told, and what the gateway refuses."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import msgspec
import pytest

from tests.stack import Stack, wait_for

CHAT = "/openai/v1/chat/completions"
TOKENS = 100_000
COST = 0.06
"""US dollars of `TOKENS` output tokens of gpt-4o-mini."""


class Receiver:
    """What a webhook got."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append(msgspec.json.decode(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def titles(self, name: str) -> list[str]:
        return [one["data"]["title"] for one in self.got if one["data"]["rule_name"] == name]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str, receiver: Receiver) -> Iterator[Stack]:
    settings = {"channels__allow": receiver.origin, "budgets__interval_s": "0.2", "limits__missing_segment": "pass"}
    with Stack(tmp_path_factory.mktemp("budgets"), {"openai": f'origin = "{simulator_origin}"'}, **settings) as running:
        yield running


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Iterator[httpx.Client]:
    head = {"Authorization": f"Bearer {stack.token}"}
    with httpx.Client(base_url=stack.control, headers=head, timeout=30) as client:
        yield client


def call(stack: Stack, **headers: str) -> httpx.Response:
    """A call that costs `COST` and reserves it before."""
    scripted = {"x-sim-output-tokens": str(TOKENS), "x-sim-input-tokens": "0"}
    body = {"model": "gpt-4o-mini", "max_tokens": TOKENS, "messages": [{"role": "user", "content": "Hi."}]}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(stack.gateway + CHAT, json=body, headers={**scripted, **named}, timeout=30)


def make(admin: httpx.Client, **fields: Any) -> Any:
    answer = admin.post("/api/budgets", json=fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def spending(admin: httpx.Client, id: str) -> Any:
    return admin.get(f"/api/budgets/{id}").raise_for_status().json()["spending"]


def refused(answer: httpx.Response) -> str:
    """The message of a refusal by a budget; empty where the call was answered."""
    if answer.status_code == 200:
        return ""
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (429, "budget_reached"), answer.text
    assert answer.headers["x-helicone-error"] == "budget_reached" and int(answer.headers["retry-after"]) > 0
    return str(error["message"])


def test_spending_is_shown_and_shares_are_told_once(stack: Stack, admin: httpx.Client, receiver: Receiver) -> None:
    channel = admin.post(
        "/api/channels", json={"kind": "webhook", "name": "hook", "config": {"url": receiver.origin + "/hook"}}
    ).raise_for_status()
    id = channel.json().get("id") or channel.json()["channel"]["id"]
    made = make(
        admin, name="Told", limit_usd=0.2, scope="property", property="Team", value="told", shares=[100, 50, 80],
        channels=[id],
    )  # fmt: skip
    assert (made["property"], made["shares"], made["spending"]) == ("team", [50, 80, 100], None)
    assert spending(admin, made["id"])["spent_usd"] == 0
    for _ in range(2):
        assert call(stack, Helicone_Property_Team="told").is_success
    assert call(stack, Helicone_Property_Team="other").is_success
    wait_for("half of it", lambda: receiver.titles("Told"))
    assert receiver.titles("Told") == ["Budget Told: 50 % of $0.20 a month is spent"]
    found = spending(admin, made["id"])
    assert found["spent_usd"] == pytest.approx(2 * COST, rel=0.01) and found["share"] == pytest.approx(0.6, rel=0.01)
    assert found["forecast_usd"] >= found["spent_usd"] and found["zone"] == "UTC" and found["unpriced_calls"] == 0
    for _ in range(2):
        assert call(stack, Helicone_Property_Team="told").is_success  # no hard limit: above it too
    wait_for("all of it", lambda: receiver.titles("Told")[-1].startswith("Budget Told: 100 %"))
    sent = receiver.got[-1]
    assert (sent["type"], sent["data"]["kind"], sent["data"]["severity"]) == ("budget.firing", "budget", "critical")
    (alert,) = sent["data"]["alerts"]
    assert alert["value_text"] == "$0.24" and "q=property.team%3Atold" in alert["url"]
    admin.patch(f"/api/budgets/{made['id']}", json={"revision": 1, "limit_usd": 0.4}).raise_for_status()
    wait_for("half of the new limit", lambda: "of $0.40" in receiver.titles("Told")[-1])
    assert [title.split()[2] for title in receiver.titles("Told")] in (["50", "100", "50"], ["50", "80", "100", "50"])


def test_a_hard_limit_of_each_value_holds_in_the_gateway(stack: Stack, admin: httpx.Client) -> None:
    made = make(admin, name="Each tenant", limit_usd=0.13, period="day", scope="property", property="tenant", hard=True)
    wait_for("the gateway to know", lambda: "ratelimit" in call(stack, Helicone_Property_Tenant="probe").headers)
    allowed = [call(stack, Helicone_Property_Tenant="a") for _ in range(2)]
    assert [answer.status_code for answer in allowed] == [200, 200]
    assert allowed[0].headers["helicone-ratelimit-policy"] == "13;w=day;u=cents;s=tenant"
    assert int(allowed[0].headers["helicone-ratelimit-reset"]) <= 86_400
    assert refused(call(stack, Helicone_Property_Tenant="a")).startswith(
        "The budget 'Each tenant' is used up: $0.13 a day for this tenant. The next day begins in "
    )
    assert call(stack, Helicone_Property_Tenant="b").is_success
    assert call(stack).is_success  # by the setting of this test, calls without the property are not counted
    row = stack.record(call(stack, Helicone_Property_Tenant="a").headers["helicone-id"])
    assert (row["status"], row["error"], row["facts"]["rate.budget"]) == (429, "budget_reached", made["id"])

    def is_shown() -> Any:
        found = spending(admin, made["id"])
        return found if found["value_count"] == 3 and found["values"][1]["spent_usd"] > 0 else None

    found = wait_for("the spending of three tenants", is_shown)
    spent = {one["value"]: one["spent_usd"] for one in found["values"]}
    assert spent["a"] == pytest.approx(2 * COST, rel=0.01) and spent["b"] == pytest.approx(COST, rel=0.01)
    # More money: what was spent still counts.
    admin.patch(f"/api/budgets/{made['id']}", json={"revision": 1, "limit_usd": 0.19}).raise_for_status()
    wait_for("the new limit", lambda: call(stack, Helicone_Property_Tenant="a").is_success)
    assert refused(call(stack, Helicone_Property_Tenant="a"))
    assert admin.delete(f"/api/budgets/{made['id']}").status_code == 204
    wait_for("the end of the limit", lambda: call(stack, Helicone_Property_Tenant="a").is_success)


def test_a_budget_of_one_user_counts_what_was_spent_before(stack: Stack, admin: httpx.Client) -> None:
    made: list[bool] = []

    def ask() -> httpx.Response:
        answer = call(stack, Helicone_User_Id="ada")
        made.append(answer.is_success)
        return answer

    assert ask().is_success and ask().is_success
    soft = make(admin, name="Ada", limit_usd=0.2, scope="user", value="ada", shares=[])
    wait_for("her calls in the log", lambda: spending(admin, soft["id"])["spent_usd"] > 1.9 * COST)
    admin.patch(f"/api/budgets/{soft['id']}", json={"revision": 1, "hard": True}).raise_for_status()
    wait_for("the gateway to know", lambda: "ratelimit" in ask().headers)
    assert "for this user" in wait_for("a refusal", lambda: refused(ask()))
    wait_for("all of it in the log", lambda: spending(admin, soft["id"])["spent_usd"] > (sum(made) - 0.1) * COST)
    # Switched off and on again with room for three more calls: nothing is counted twice, nothing forgotten.
    spent = spending(admin, soft["id"])["spent_usd"]
    for revision, hard in ((2, False), (3, True)):
        change = {"revision": revision, "hard": hard, "limit_usd": round(spent + 3.5 * COST, 6)}
        admin.patch(f"/api/budgets/{soft['id']}", json=change).raise_for_status()

    def is_new() -> bool:
        answer = call(stack, Helicone_User_Id="ada")
        return answer.is_success and "ratelimit" in answer.headers

    wait_for("the new limit", is_new)
    assert [call(stack, Helicone_User_Id="ada").status_code for _ in range(3)] == [200, 200, 429]
    assert call(stack, Helicone_User_Id="bob").is_success
    assert "ratelimit" not in call(stack, Helicone_User_Id="bob").headers
    assert admin.delete(f"/api/budgets/{soft['id']}").status_code == 204


def test_a_budget_of_a_key_and_one_of_the_organisation(stack: Stack, admin: httpx.Client) -> None:
    key = admin.post("/api/keys", json={"name": "spender"}).json()
    own = {"Helicone_Auth": f"Bearer {key['key']}"}
    budget = make(admin, name="Key", limit_usd=0.07, scope="key", value=key["about"]["id"], hard=True)
    assert budget["value_name"] == "the key spender"
    wait_for("the gateway to know", lambda: "ratelimit" in call(stack, **own).headers)
    assert "for this key" in wait_for("a refusal", lambda: refused(call(stack, **own)))
    assert call(stack).is_success and "ratelimit" not in call(stack).headers
    admin.delete(f"/api/budgets/{budget['id']}").raise_for_status()
    whole = make(admin, name="All", limit_usd=0.01, hard=True)  # far more was spent already
    wait_for("a refusal", lambda: refused(call(stack)))
    assert "$0.01 a month. The next month begins in" in refused(call(stack, **own))
    page = admin.get("/api/budgets", params={"limit": 1, "spending": False}).json()
    assert page["next"] == page["data"][0]["id"] and page["data"][0]["spending"] is None
    admin.delete(f"/api/budgets/{whole['id']}").raise_for_status()
    wait_for("the end of the limit", lambda: call(stack).is_success)


def test_periods_are_of_the_organisation_s_zone(stack: Stack, admin: httpx.Client) -> None:
    changed = admin.patch("/api/organisation", json={"zone": "Asia/Kolkata"}).raise_for_status().json()
    assert changed["zone"] == "Asia/Kolkata"
    made = make(admin, name="India", limit_usd=1, period="day")
    found = spending(admin, made["id"])
    assert found["zone"] == "Asia/Kolkata" and found["since_us"] % 3_600_000_000 == 1_800_000_000
    wrong = admin.patch("/api/organisation", json={"zone": "Mars"})
    assert wrong.status_code == 400 and wrong.json()["parameter"] == "zone"
    admin.patch("/api/organisation", json={"zone": ""}).raise_for_status()
    admin.delete(f"/api/budgets/{made['id']}").raise_for_status()


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"limit_usd": 0}, "limit_usd"),
        ({"limit_usd": -1}, "limit_usd"),
        ({"limit_usd": 1e10}, "limit_usd"),
        ({"limit_usd": 2e6, "hard": True}, "limit_usd"),
        ({"name": ""}, "name"),
        ({"scope": "property"}, "property"),
        ({"scope": "property", "property": 'a"b'}, "property"),
        ({"property": "team"}, "property"),
        ({"value": "x"}, "value"),
        ({"scope": "user", "value": "x" * 1025}, "value"),
        ({"scope": "key", "value": "no-such-key"}, "value"),
        ({"shares": [0]}, "shares"),
        ({"shares": list(range(1, 12))}, "shares"),
        ({"channels": ["no-such-channel"]}, "channels[0]"),
        ({"period": "week"}, "period"),
        ({"scope": "moon"}, "scope"),
        ({"limit": 5}, "data"),
    ],
)
def test_bad_input_is_named(admin: httpx.Client, fields: dict[str, Any], parameter: str) -> None:
    answer = admin.post("/api/budgets", json={"name": "Bad", "limit_usd": 1, **fields})
    assert answer.status_code == 400, answer.text
    assert answer.json()["parameter"] == parameter, answer.text


def test_changes_are_made_to_what_was_read(admin: httpx.Client) -> None:
    made = make(admin, name="Changed", limit_usd=1)
    path = f"/api/budgets/{made['id']}"
    assert admin.patch(path, json={"revision": 1, "name": "Renamed"}).json()["revision"] == 2
    assert admin.patch(path, json={"revision": 1, "name": "Again"}).status_code == 409
    assert admin.post("/api/budgets", json={"name": "Renamed", "limit_usd": 1}).status_code == 409
    assert admin.patch(path, json={"revision": 2, "limit_usd": -1}).json()["parameter"] == "limit_usd"
    assert admin.delete(path).status_code == 204
    assert [admin.get(path).status_code, admin.delete(path).status_code] == [404, 404]
