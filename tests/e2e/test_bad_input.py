"""What the control plane refuses, and that it says where the fault is."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.control_process import ControlProcess

LONG = "x" * 121
BODY: Any = {"messages": [{"role": "system", "content": "Hi {{name}}, {{hc:count:number}}."}]}


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlProcess]:
    process = ControlProcess(tmp_path_factory.mktemp("bad") / "data").start().ready()
    yield process
    process.end()


@pytest.fixture(scope="module")
def owner(control: ControlProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=control.url, headers={"Authorization": f"Bearer {control.token}"}, timeout=30) as client:
        client.post("/api/prompts", json={"id": "known", "body": BODY}).raise_for_status()
        yield client


@pytest.mark.parametrize(
    ("method", "path", "body", "fault"),
    [
        # unknown fields
        ("POST", "/api/keys", {"name": "k", "colour": 1}, "colour"),
        ("POST", "/api/organisations", {"name": "o", "colour": 1}, "colour"),
        ("PATCH", "/api/organisation", {"colour": 1}, "colour"),
        ("POST", "/api/members", {"email": "a@b.c", "colour": 1}, "colour"),
        ("POST", "/api/prompts", {"body": {}, "colour": 1}, "colour"),
        ("PUT", "/api/credentials/openai", {"value": "x", "colour": 1}, "colour"),
        ("POST", "/api/prompts", {"body": {}, "variables": [{"name": "a", "colour": 1}]}, "colour"),
        # wrong types
        ("POST", "/api/keys", {"name": 7}, "name"),
        ("POST", "/api/keys", {"name": "k", "scopes": "read"}, "scopes"),
        ("POST", "/api/keys", {"name": "k", "scopes": ["read", 7]}, "scopes[1]"),
        ("POST", "/api/keys", {"name": "k", "scopes": ["read", "fly"]}, "scopes[1]"),
        ("POST", "/api/keys", {"name": "k", "expires": "soon"}, "expires"),
        ("POST", "/api/prompts", {"body": "text"}, "body"),
        ("POST", "/api/prompts", {"body": {}, "environments": ["a", 7]}, "environments[1]"),
        ("PUT", "/api/prompts/known/environments/production", {"version": "one"}, "version"),
        ("POST", "/api/prompts/known/render", {"variables": []}, "variables"),
        ("POST", "/api/login", {"email": "a@b.c", "password": None}, "password"),
        ("POST", "/api/keys", [], "object"),
        # missing ones
        ("POST", "/api/keys", {}, "name"),
        ("POST", "/api/prompts", {}, "body"),
        # too long, or of no form
        ("POST", "/api/keys", {"name": LONG}, "name"),
        ("POST", "/api/keys", {"name": " "}, "name"),
        ("POST", "/api/organisations", {"name": LONG}, "name"),
        ("POST", "/api/prompts", {"id": "x" * 129, "body": {}}, "id"),
        ("POST", "/api/prompts", {"name": LONG, "body": {}}, "name"),
        ("POST", "/api/prompts", {"body": {}, "note": "x" * 1001}, "note"),
        ("POST", "/api/prompts", {"body": {}, "environments": ["x" * 65]}, "environments[0]"),
        ("POST", "/api/prompts", {"body": {"messages": "x" * (1 << 20)}}, "body"),
        ("POST", "/api/members", {"email": "x" * 300 + "@example.com"}, "email"),
        ("POST", "/api/members", {"email": "a@b.c", "role": "king"}, "role"),
        ("PUT", "/api/credentials/openai", {"value": "x" * 8193}, "value"),
        ("PUT", "/api/credentials/openai", {"value": "no\nline"}, "value"),
        ("POST", "/api/keys", {"name": "k", "policy": "10;w=never"}, "policy"),
        ("POST", "/api/keys", {"name": "k", "expires": "2001-01-01T00:00:00Z"}, "expires"),
        # templates and their variables
        ("POST", "/api/prompts", {"body": {"messages": [{"content": "{{a"}]}}, "$.messages[0].content"),
        ("POST", "/api/prompts", {"body": {"tools": [{"x": ["", "{{a b}}"]}]}}, "$.tools[0].x[1]"),
        ("POST", "/api/prompts", {"body": {"a": "{{hc:n:number}} {{hc:n:boolean}}"}}, "$.a"),
        ("POST", "/api/prompts", {"body": {}, "variables": [{"name": "a"}, {"name": "a"}]}, "variables[1].name"),
        (
            "POST",
            "/api/prompts",
            {"body": {}, "variables": [{"name": "a", "type": "boolean", "default": "yes"}]},
            "variables[0].default",
        ),
        (
            "POST",
            "/api/prompts",
            {"body": {"a": ["{{hc:n:number}}"]}, "variables": [{"name": "n", "type": "string"}]},
            "$.a[0]",
        ),
        (
            "POST",
            "/api/prompts",
            {"body": {"a": "{{hc:n:number}}"}, "variables": [{"name": "n", "default": "x"}]},
            "variables[0].default",
        ),
        ("POST", "/api/prompts/known/render", {"variables": {"name": "A", "count": "three"}}, "count"),
        ("POST", "/api/prompts/known/render", {"variables": {"name": "A"}}, "count"),
    ],
)
def test_it_is_400_and_says_where(owner: httpx.Client, method: str, path: str, body: Any, fault: str) -> None:
    answer = owner.request(method, path, json=body)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert fault in f"{told.get('parameter', '')} {told['detail']} {told.get('accepted', '')}", told
    assert len(answer.content) < 2000, "what was sent is not sent back whole"


@pytest.mark.parametrize("text", ["{", "", "nonsense", "\xff", '{"name": "k"} x'])
def test_what_is_no_json_is_400(owner: httpx.Client, text: str) -> None:
    answer = owner.post("/api/keys", content=text.encode("latin-1"), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("depth", [100, 900, 5000, 100_000])
def test_what_is_nested_too_deep_is_400(owner: httpx.Client, depth: int) -> None:
    inner = "[" * depth + "]" * depth
    for path, text in [
        ("/api/prompts", f'{{"body": {{"messages": {inner}}}}}'),
        ("/api/prompts", f'{{"body": {{}}, "variables": [{{"name": "a", "default": {inner}}}]}}'),
        ("/api/keys", f'{{"name": {inner}}}'),
    ]:
        answer = owner.post(path, content=text, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json" and len(answer.content) < 2000


def test_a_token_that_is_a_key_already_is_in_conflict(owner: httpx.Client) -> None:
    asked = {"name": "old", "token": "sk-helicone-of-another-system-1"}
    id = owner.post("/api/keys", json=asked).raise_for_status().json()["about"]["id"]
    for _ in range(2):
        answer = owner.post("/api/keys", json=asked)
        assert answer.status_code == 409 and id not in answer.text, answer.text
        owner.delete(f"/api/keys/{id}").raise_for_status()  # a revoked one does not come back under another id


def test_partials_that_lead_back_to_themselves_are_refused_when_they_are_written(owner: httpx.Client) -> None:
    def said(text: str) -> dict[str, Any]:
        return {"body": {"messages": [{"role": "system", "content": "x"}, {"role": "user", "content": text}]}}

    def refused(answer: httpx.Response, way: str) -> None:
        assert answer.status_code == 400, answer.text
        assert answer.json()["parameter"] == "$.messages[1].content" and way in answer.json()["detail"]

    refused(owner.post("/api/prompts", json={"id": "self", **said("{{hcp:self:1}}")}), "self:1 -> self:1")
    assert owner.get("/api/prompts/self").status_code == 404, "nothing is left of it"
    owner.post("/api/prompts", json={"id": "a", **said("{{hcp:b:1}}")}).raise_for_status()  # b may come later
    refused(owner.post("/api/prompts", json={"id": "b", **said("to {{hcp:a:1}}")}), "a:1 -> b:1 -> a:1")
    owner.post("/api/prompts", json={"id": "b", **said("the end"), "environments": ["production"]}).raise_for_status()
    # A version that would close the circle may not become the one that is used.
    refused(owner.post("/api/prompts/b/versions", json={**said("{{hcp:a:1}}"), "environments": ["production"]}), "b:1")
    assert owner.get("/api/prompts/b").json()["newest"] == 1
    rendered = owner.post("/api/prompts/a/render", json={}).json()
    assert rendered["body"]["messages"][1]["content"] == "the end"


def test_production_is_not_taken_away_where_the_newest_would_include_itself(owner: httpx.Client) -> None:
    def said(text: str) -> dict[str, Any]:
        return {"body": {"messages": [{"role": "system", "content": text}]}}

    first = {"id": "round", **said("first"), "environments": ["production", "staging"]}
    owner.post("/api/prompts", json=first).raise_for_status()
    owner.post("/api/prompts/round/versions", json=said("after {{hcp:round:0}}")).raise_for_status()
    answer = owner.delete("/api/prompts/round/environments/production")
    assert answer.status_code == 400 and answer.json()["parameter"] == "$.messages[0].content", answer.text
    assert "round:0 -> round:0" in answer.json()["detail"]
    assert owner.get("/api/prompts/round").json()["labels"] == {"production": 1, "staging": 1}
    rendered = owner.post("/api/prompts/round/render", json={"version": 2}).json()
    assert rendered["body"]["messages"][0]["content"] == "after first"
    assert owner.delete("/api/prompts/round/environments/staging").status_code == 200
    owner.post("/api/prompts/round/versions", json=said("third")).raise_for_status()
    assert owner.delete("/api/prompts/round/environments/production").json()["labels"] == {}


def test_a_variable_s_type_may_be_said_where_it_is_used(owner: httpx.Client) -> None:
    body = {"tools": [{"most": "{{hc:most:number}}"}]}
    prompt = {"id": "untyped", "body": body, "variables": [{"name": "most", "default": 3}]}
    owner.post("/api/prompts", json=prompt).raise_for_status()
    for given, most in (({}, 3), ({"most": 7}, 7)):
        rendered = owner.post("/api/prompts/untyped/render", json={"variables": given}).json()
        assert rendered["body"] == {"tools": [{"most": most}]}


QUESTION = re.compile(
    r"/api/(logout|session|alerts/preview|metrics|metrics/heatmap|sql)"
    r"|/api/(requests/export|requests/[^/]+/neighbours|prompts/([^/]+/)?render)"
    r"|/(api|v1)/(.+/)?query(-clickhouse)?|/v1/metrics/\w+|/v1/property/properties/over-time|/v1/property/[^/]+/search"
)
"""What a viewer may post: questions, a prompt to try out, and leaving."""


def test_a_viewer_s_key_changes_nothing(owner: httpx.Client, control: ControlProcess) -> None:
    made = owner.post("/api/keys", json={"name": "viewer", "scopes": ["read"]}).json()
    before = owner.get("/api/prompts").json()
    with httpx.Client(base_url=control.url, headers={"Authorization": f"Bearer {made['key']}"}) as viewer:
        schema = viewer.get("/api/schema/openapi.json").json()
        changes = [
            (method, path.replace("{", "").replace("}", "").replace("number", "1"))
            for path, methods in schema["paths"].items()
            for method in methods
            if method not in ("get", "head") and path not in ("/api/login", "/api/links/use", "/api/links/look")
        ]
        assert len(changes) > 15
        for method, path in changes:
            if not (method == "post" and QUESTION.fullmatch(path)):
                assert viewer.request(method, path, json={}).status_code == 403, (method, path)
    assert owner.get("/api/prompts").json() == before


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/keys/none", None),
        ("PATCH", "/api/keys/none", {"name": "x"}),
        ("DELETE", "/api/keys/none", None),
        ("GET", "/api/prompts/none", None),
        ("GET", "/api/prompts/known/versions/99", None),
        ("PUT", "/api/prompts/known/environments/production", {"version": 99}),
        ("DELETE", "/api/prompts/known/environments/none", None),
        ("POST", "/api/prompts/none/archive", None),
        ("POST", "/api/prompts/none/render", {}),
        ("GET", "/api/prompts/none/usage", None),
        ("PATCH", "/api/members/none", {"role": "viewer"}),
        ("DELETE", "/api/members/none", None),
        ("DELETE", "/api/credentials/openai", None),
    ],
)
def test_what_is_not_there_is_404(owner: httpx.Client, method: str, path: str, body: Any) -> None:
    answer = owner.request(method, path, json=body)
    assert answer.status_code == 404 and answer.headers["content-type"] == "application/problem+json", answer.text
