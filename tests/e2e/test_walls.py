"""Every route there is: nobody passes without credentials, and nobody sees or touches another organisation."""

import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute

from proxy.control.app import create
from proxy.core.settings import load
from proxy.ingest.logger import LOG_PATHS
from tests.stack import ROOT, Stack, wait_for

BODIES: dict[str, Any] = {
    "POST /api/login": {"email": "nobody@example.com", "password": "a wrong guess"},
    "POST /api/links/use": {"token": "no link at all", "email": "x@example.com", "password": "correct horse"},
    "POST /api/links/look": {"token": "no link at all"},
    "POST /api/password-resets": {"email": "luna@moon.example"},
    "DELETE /api/invitations/{id:str}": None,
    "DELETE /api/me/sessions": None,
    "DELETE /api/me/sessions/{id:str}": None,
    "POST /api/logout": None,
    "POST /api/session": {"organisation": "{org}"},
    "POST /api/organisations": {"name": "Venus"},
    "PATCH /api/organisation": {"policy": "900;w=60"},
    "POST /api/members": {"email": "new@example.com", "role": "viewer"},
    "PATCH /api/members/{user:str}": {"role": "viewer"},
    "DELETE /api/members/{user:str}": None,
    "POST /api/keys": {"name": "own"},
    "PATCH /api/keys/{id:str}": {"name": "taken", "policy": "1;w=60"},
    "DELETE /api/keys/{id:str}": None,
    "PUT /api/credentials/{provider:str}": {"value": "sk-of-the-other-organisation"},
    "DELETE /api/credentials/{provider:str}": None,
    "PATCH /api/documents/{id:str}": {"revision": 1, "name": "taken"},
    "DELETE /api/documents/{id:str}": None,
    "PATCH /api/alerts/{id:str}": {"revision": 1, "rule": {"name": "taken", "metric": "no_traffic"}},
    "DELETE /api/alerts/{id:str}": None,
    "POST /api/alerts/{id:str}/acknowledge": None,
    "PATCH /api/silences/{id:str}": {"comment": "taken"},
    "DELETE /api/silences/{id:str}": None,
    "PATCH /api/channels/{id:str}": {"name": "taken"},
    "DELETE /api/channels/{id:str}": None,
    "POST /api/channels/{id:str}/test": None,
    "POST /api/channels/{id:str}/rotate": None,
    "POST /api/channels/{id:str}/send-dead": None,
    "POST /api/deliveries/{id:str}/send": None,
    "PATCH /api/webhooks/{id:str}": {"name": "taken"},
    "DELETE /api/webhooks/{id:str}": None,
    "POST /api/webhooks/{id:str}/test": None,
    "POST /api/webhooks/{id:str}/rotate": None,
    "POST /api/webhooks/{id:str}/replay": {"since": "1h"},
    "PATCH /api/budgets/{id:str}": {"revision": 1, "limit_usd": 9},
    "DELETE /api/budgets/{id:str}": None,
    "POST /api/prompts": {"id": "own", "body": {}},
    "POST /api/prompts/{id:str}/versions": {"body": {"messages": []}, "environments": ["production"]},
    "PUT /api/prompts/{id:str}/environments/{label:str}": {"version": 1},
    "DELETE /api/prompts/{id:str}/environments/{label:str}": None,
    "POST /api/prompts/{id:str}/archive": None,
    "POST /api/prompts/{id:str}/restore": None,
    "POST /api/prompts/{id:str}/render": {"variables": {}},
}
"""What a change sends, so that it is refused for whom it touches and not for its form. Other routes get the example of
their body in the OpenAPI document."""

LOGS: frozenset[str] = frozenset({*LOG_PATHS, "/v1/traces", "/v1/trace/log", "/v1/trace/log-python"})
"""Routes that take calls for the log: a key that may call may also log."""

NO_ROWS: frozenset[str] = frozenset(
    {
        "PUT /api/credentials/{provider:str}",
        "PUT /api/prices/{name:str}",
        "GET /api/requests/{id:str}/annotations",
        "POST /api/requests/{id:str}/feedback",
        "POST /api/requests/{id:str}/notes",
        "POST /api/requests/{id:str}/scores",
        "PUT /api/requests/{id:str}/properties",
        "POST /v1/request/{requestId:str}/feedback",
        "POST /v1/request/{requestId:str}/score",
        "PUT /v1/request/{requestId:str}/property",
        "POST /v1/session/{sessionId:str}/feedback",
        "POST /v1/property/{propertyKey:str}/search",
        "POST /v1/property/{propertyKey:str}/top-costs/query",
        "POST /v1/property/{propertyKey:str}/top-requests/query",
    }
)
"""Routes whose path names no row that must be there: what they write and find is the caller's own. A call may be
annotated before it is in the log."""


def page_of_open_routes() -> set[str]:
    """Those that docs/teams.md says answer without credentials."""
    page = (ROOT / "docs" / "teams.md").read_text("utf-8")
    sentence = page[page.index("These routes of the control plane answer without credentials") :]
    return set(re.findall(r"`(/[^`]*)`", sentence[: sentence.index("\n\n")]))


def is_open(path: str) -> bool:
    return path in page_of_open_routes() or path.startswith("/api/schema/")


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """(method, path) of everything that the application answers."""
    app = create(load(environ={"PERIHELION_DATA": str(tmp_path_factory.mktemp("routes") / "data")}))
    found = [
        (method, route.path)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in route.methods
        if method != "OPTIONS"
    ]
    assert len(found) > 35 and len(found) == len(set(found))
    return sorted(found)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = {"openai": f'origin = "{simulator_origin}"'}
    with Stack(tmp_path_factory.mktemp("walls"), providers, auth__mode="required") as running:
        yield running


def examples(stack: Stack) -> dict[str, Any]:
    """The example of each body in the OpenAPI document, by method and path."""
    document = httpx.get(stack.control + "/api/schema/openapi.json").json()
    return {
        f"{method.upper()} {path}": operation["requestBody"]["content"]["application/json"].get("example")
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }


def ask(method: str, url: str, **more: Any) -> httpx.Response:
    """The answer; of a stream of events, which has no end, the beginning."""
    with httpx.stream(method, url, timeout=30, **more) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()
            return answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=next(answer.iter_bytes(), b""))


def filled(path: str, **ids: str) -> str:
    """The path with ids in their places; what is not named is some text or number."""

    def one(match: re.Match[str]) -> str:
        name, _, kind = match[1].partition(":")
        return ids.get(name, "1" if kind == "int" else "some")

    return re.sub(r"\{([^}]*)\}", one, path)


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"Authorization": "Bearer sk-perihelion-no-such-key"},
        {"Authorization": "Basic b3duZXI6b3duZXI="},
        {"Authorization": "Bearer"},
        {"Cookie": "perihelion_session=guessed"},
        {"Cookie": "perihelion_session="},
    ],
    ids=["nothing", "an unknown key", "basic", "an empty key", "a guessed session", "an empty session"],
)
def test_no_route_answers_without_credentials_but_those_on_the_page(
    stack: Stack, routes: list[tuple[str, str]], shown: dict[str, str]
) -> None:
    open_ones = page_of_open_routes()
    assert open_ones <= {path for _, path in routes}, "the page names routes that are not there"
    for method, path in routes:
        answer = ask(method, stack.control + filled(path), headers=shown)
        if not is_open(path):
            assert answer.status_code == 401, (method, path, answer.status_code)


def test_what_a_key_may_only_call_with_opens_no_route(stack: Stack, routes: list[tuple[str, str]]) -> None:
    owner = {"Authorization": f"Bearer {stack.token}"}
    made = httpx.post(stack.control + "/api/keys", json={"name": "calls"}, headers=owner).json()
    shown = {"Authorization": f"Bearer {made['key']}"}
    for method, path in routes:
        answer = ask(method, stack.control + filled(path), headers=shown)
        if not is_open(path) and path not in LOGS:
            assert answer.status_code == 403, (method, path, answer.status_code)


class Moon:
    """Another organisation on the same control plane, with one of everything in it."""

    def __init__(self, stack: Stack) -> None:
        owner = httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {stack.token}"})
        self.luna = httpx.Client(base_url=stack.control, timeout=30)
        for email in ("sol@sun.example", "luna@moon.example"):  # the last owner of an organisation cannot leave it
            link = owner.post("/api/members", json={"email": email, "role": "owner"}).json()["path"]
            entry = {"token": link.partition("token=")[2], "password": "correct horse"}
            entered = self.luna.post("/api/links/use", json=entry).json()
        self.luna.headers["X-CSRF-Token"] = entered["csrf"]
        self.user = entered["user"]
        self.org = self.made("/api/organisations", name="Moon")["id"]
        moved = self.luna.post("/api/session", json={"organisation": self.org}).json()
        self.luna.headers["X-CSRF-Token"] = moved["csrf"]
        owner.delete(f"/api/members/{self.user}").raise_for_status()  # she belongs to the Moon alone
        key = self.made("/api/keys", name="moon-key", scopes=["proxy", "admin"])
        self.key, self.key_id = key["key"], key["about"]["id"]
        body = {"messages": [{"role": "system", "content": "A secret of the Moon."}]}
        self.made("/api/prompts", id="moon-prompt", name="moon-name", body=body, environments=["production"])
        view = {"q": "user:moon-user"}
        self.document = self.made("/api/documents", kind="view", name="moon-view", content=view, shared=True)["id"]
        self.alert = self.made("/api/alerts", name="moon-rule", metric="no_traffic", enabled=False)["id"]
        matchers = [{"label": "user", "value": "moon-user"}]
        quiet = self.made("/api/silences", matchers=matchers, ends_us=round(time.time() + 3600) * 10**6)
        self.silence = quiet["id"]
        self.budget = self.made("/api/budgets", name="moon-budget", limit_usd=1, scope="user", value="moon-user")["id"]
        self.luna.put("/api/credentials/openai", json={"value": "sk-moon-credential-mmmm"}).raise_for_status()
        self.invited = self.made("/api/members", email="guest@moon.example")["path"]

        def call() -> str:
            answer = httpx.post(
                stack.gateway + "/openai/v1/chat/completions",
                json={"model": "moon-model", "messages": []},
                headers={"Helicone-Auth": f"Bearer {self.key}"},
            )
            return answer.headers["helicone-id"]

        def logged() -> str:
            id = call()
            found = self.luna.get("/api/requests").json()["data"]
            return id if found else ""

        wait_for("a call in the Moon's log", logged)
        self.request = self.luna.get("/api/requests").json()["data"][0]["id"]

    def made(self, path: str, **fields: Any) -> Any:
        answer = self.luna.post(path, json=fields)
        assert answer.status_code == 201, answer.text
        return answer.json()

    @property
    def marks(self) -> tuple[str, ...]:
        """What no answer to somebody else may hold."""
        return (
            self.org, self.user, self.key_id, self.key, self.request, "moon-prompt", "moon-name", "moon-model",
            "luna@moon.example", "secret of the Moon", "mmmm", "guest@moon.example",
            self.document, "moon-view", "moon-user", self.alert, "moon-rule", self.silence,
            self.document, "moon-view", "moon-user", self.budget, "moon-budget",
        )  # fmt: skip

    def state(self) -> list[Any]:
        """Everything of it that could be changed from outside."""
        paths = (
            "/api/organisation", "/api/members", "/api/keys", "/api/credentials", "/api/prompts",
            "/api/prompts/moon-prompt/versions", f"/api/requests/{self.request}", f"/api/documents/{self.document}",
            "/api/prompts/moon-prompt/versions", f"/api/requests/{self.request}", "/api/invitations",
            f"/api/alerts/{self.alert}", "/api/silences",
            "/api/budgets?spending=false",
        )  # fmt: skip
        answers = [self.luna.get(path) for path in paths]
        assert [answer.status_code for answer in answers] == [200] * len(paths)
        found = [answer.json() for answer in answers]
        for key in found[2]["data"]:
            del key["last_used_us"]  # by her own calls, noted a moment later
        return found


def test_no_organisation_sees_or_changes_another_s(stack: Stack, routes: list[tuple[str, str]]) -> None:
    moon = Moon(stack)
    before = moon.state()
    stranger = {"Authorization": f"Bearer {stack.token}"}  # the owner of another organisation: no right is missing
    places = {"keys": moon.key_id, "prompts": "moon-prompt", "requests": moon.request, "documents": moon.document}
    places |= {"alerts": moon.alert, "silences": moon.silence}
    places["budgets"] = moon.budget
    ids = {
        "user": moon.user,
        "number": "1",
        "label": "production",
        "provider": "openai",
        "requestId": moon.request,
        "part": "request",
    }
    asked = {"cursor": moon.key_id, "since": "1d"}
    private = 0
    changing = {f"{method} {path}" for method, path in routes if method not in ("GET", "HEAD")}
    assert changing >= set(BODIES)
    usual = examples(stack)
    # Its own provider's key goes last: it would be there to delete.
    for method, path in sorted(routes, key=lambda one: (one[0] == "PUT" and "credentials" in one[1], one)):
        kind = path.split("/")[2] if path.startswith("/api/") else ""
        where = filled(path, **ids, id=places.get(kind, "some"))
        route = f"{method} {path}"
        body = BODIES[route] if route in BODIES else usual.get(re.sub(r":\w+}", "}", route))
        if body == {"organisation": "{org}"}:
            body = {"organisation": moon.org}
        answer = ask(method, stack.control + where, json=body, headers=stranger)
        if path == "/api/requests/tail":
            continue  # it never ends; test_tail.py shows that it has one organisation's calls
        if path in ("/", "/{path:path}") and answer.status_code == 503:
            continue  # the dashboard is not built
        assert answer.status_code < 500, (method, path, answer.text)
        told = answer.text + str(answer.headers)
        if path == "/api/snapshot":
            continue  # what gateways live on holds everything: for those who run the installation, see below
        sent = f"{where} {body}"  # what one asks for may be named in the refusal
        assert [mark for mark in moon.marks if mark in told and mark not in sent] == [], (method, path)
        if "{" in path and not is_open(path) and route not in NO_ROWS:
            private += 1
            wanted = (400, 404) if "compare" in path else (404,)  # without its parameters it is never looked for
            if path.startswith("/api/me/"):
                wanted = (403,)  # for users; test_accounts.py has another user's try
            assert answer.status_code in wanted, (method, path, answer.status_code, answer.text)
        elif method == "GET" and not is_open(path):
            listed = ask("GET", stack.control + where, params=asked, headers=stranger)
            assert [mark for mark in moon.marks[2:] if mark in listed.text.replace(moon.key_id, "")] == [], path
    assert private >= 15
    compared = httpx.get(
        stack.control + "/api/prompts/moon-prompt/compare", params={"before": 1, "after": 1}, headers=stranger
    )
    assert compared.status_code == 404
    assert (
        httpx.post(stack.control + "/api/session", json={"organisation": moon.org}, headers=stranger).status_code == 400
    )
    assert moon.luna.get("/api/snapshot").status_code == 403
    for scopes in (["snapshot"], ["admin", "snapshot"]):
        assert moon.luna.post("/api/keys", json={"name": "all", "scopes": scopes}).status_code == 400
        assert moon.luna.patch(f"/api/keys/{moon.key_id}", json={"scopes": scopes}).status_code == 400
    assert moon.state() == before


def test_an_admin_makes_no_key_that_reads_every_organisation(stack: Stack) -> None:
    owner = httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {stack.token}"})

    def key(**fields: Any) -> tuple[httpx.Client, str]:
        made = owner.post("/api/keys", json={"name": "k", **fields}).raise_for_status().json()
        return httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {made['key']}"}), made["about"][
            "id"
        ]

    def person(email: str, role: str) -> httpx.Client:
        link = owner.post("/api/members", json={"email": email, "role": role}).raise_for_status().json()["path"]
        browser = httpx.Client(base_url=stack.control)
        entry = {"token": link.partition("token=")[2], "password": "correct horse"}
        browser.headers["X-CSRF-Token"] = browser.post("/api/links/use", json=entry).raise_for_status().json()["csrf"]
        return browser

    script, own = key(scopes=["admin"])
    gateway, watcher = key(scopes=["snapshot"])
    wanted = {"name": "all", "scopes": ["admin", "snapshot"]}
    for admin in (script, person("admin@sun.example", "admin")):
        assert admin.get("/api/keys").status_code == 200, "an admin as others are"
        assert admin.post("/api/keys", json=wanted).status_code == 403
        taken_over = {**wanted, "token": "sk-helicone-with-the-scope-snapshot"}
        assert admin.post("/api/keys", json=taken_over).status_code == 403
        assert admin.patch(f"/api/keys/{own}", json=wanted).status_code == 403
        # What an owner gave stays, whoever changes the rest.
        kept = admin.patch(f"/api/keys/{watcher}", json={"name": "renamed", "scopes": ["snapshot"]})
        assert kept.status_code == 200 and kept.json()["scopes"] == ["snapshot"]
    assert owner.get(f"/api/keys/{own}").json()["scopes"] == ["admin"]
    assert script.get("/api/snapshot").status_code == 403
    assert gateway.get("/api/snapshot").status_code == 200
    assert person("owner@sun.example", "owner").post("/api/keys", json=wanted).status_code == 201
