"""The playground's relay: calls through the gateway for people in front of the dashboard."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from proxy.core.internal_token import issue_token
from proxy.core.secret import Secret
from tests.e2e.gated_provider import GatedProvider
from tests.stack import Stack, free_port, wait_for

BODY: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
TYPED = "sk-typed-by-a-person-4711"


@pytest.fixture(scope="module")
def gated() -> Iterator[GatedProvider]:
    with GatedProvider() as provider:
        yield provider


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str, gated: GatedProvider) -> Iterator[Stack]:
    providers = {
        "openai": f'origin = "{simulator_origin}"',
        "anthropic": f'origin = "{simulator_origin}"',
        "gated": f'origin = "{gated.origin}"',
    }
    with Stack(tmp_path_factory.mktemp("playground"), providers, auth__mode="required") as running:
        yield running


@pytest.fixture(scope="module")
def owner(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {stack.token}"}, timeout=30) as client:
        yield client


@pytest.fixture(autouse=True)
def gate(gated: GatedProvider) -> Iterator[None]:
    gated.go_on.clear()
    gated.breaks_off = False
    yield
    gated.go_on.set()


def with_scopes(stack: Stack, owner: httpx.Client, *scopes: str) -> httpx.Client:
    key = owner.post("/api/keys", json={"name": "test", "scopes": list(scopes)}).raise_for_status().json()["key"]
    return httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {key}"}, timeout=30)


def call(client: httpx.Client, **fields: Any) -> httpx.Response:
    return client.post("/api/playground", json={"provider": "openai", "body": BODY, "key": TYPED, **fields})


def test_it_lists_providers_whose_conversations_it_speaks(owner: httpx.Client) -> None:
    rows = {row["name"]: row for row in owner.get("/api/playground/providers").raise_for_status().json()["data"]}
    assert rows["openai"]["dialect"] == "openai" and rows["openai"]["path"] == "/v1/chat/completions"
    assert rows["anthropic"]["dialect"] == "anthropic" and rows["anthropic"]["path"] == "/v1/messages"
    assert rows["groq"]["path"] == "/openai/v1/chat/completions"
    assert rows["gemini"]["dialect"] == "openai" and rows["gated"]["display"] == "gated"
    assert not {"bedrock", "azure", "voyage", "custom"} & set(rows)


def test_a_call_reaches_the_provider_with_the_typed_key_and_is_in_the_log(
    stack: Stack, owner: httpx.Client, simulator_origin: str
) -> None:
    answer = call(owner, headers={"Helicone-User-Id": "ada", "Helicone-Property-Source": "elsewhere"})
    assert answer.status_code == 200 and answer.headers["perihelion-relayed"] == "true"
    assert answer.json()["choices"][0]["message"]["content"]
    sent = httpx.get(simulator_origin + "/_simulator/requests").json()[-1]
    headers = {name.lower(): value for name, value in sent["headers"]}
    assert headers["authorization"] == f"Bearer {TYPED}" and sent["target"] == "/v1/chat/completions"
    row = stack.record(answer.headers["helicone-id"])
    assert row["org"] == "default" and row["key"] == "" and row["user_id"] == "ada"
    assert row["properties"] == {"source": "playground"}


def test_a_typed_key_is_kept_nowhere(stack: Stack, owner: httpx.Client) -> None:
    stack.record(call(owner).headers["helicone-id"])
    for file in (stack.folder / "data").rglob("*"):
        if file.is_file():
            assert TYPED.encode() not in file.read_bytes(), file


def test_without_a_key_the_stored_credential_is_used(stack: Stack, owner: httpx.Client, simulator_origin: str) -> None:
    owner.put("/api/credentials/anthropic", json={"value": "stored-for-anthropic"}).raise_for_status()
    listed = owner.get("/api/playground/providers").json()["data"]
    assert listed[0]["name"] == "anthropic" and listed[0]["has_credential"]
    body = {**BODY, "model": "claude-sonnet-4-5", "max_tokens": 20}

    def used() -> bool:
        answer = call(owner, provider="anthropic", key="", body=body)
        sent = httpx.get(simulator_origin + "/_simulator/requests").json()[-1]
        return answer.status_code == 200 and ["x-api-key", "stored-for-anthropic"] in sent["headers"]

    wait_for("the credential at the gateway", used)
    answer = call(owner, provider="anthropic", body={**body, "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream") and "message_stop" in answer.text


def test_calls_count_to_the_person_s_organisation_with_its_limits(stack: Stack, owner: httpx.Client) -> None:
    link = owner.post("/api/members", json={"email": "venus@example.com", "role": "owner"}).json()["path"]
    other = httpx.Client(base_url=stack.control, timeout=30)
    entry = {"token": link.partition("token=")[2], "password": "correct horse"}
    other.headers["X-CSRF-Token"] = other.post("/api/links/use", json=entry).raise_for_status().json()["csrf"]
    venus = other.post("/api/organisations", json={"name": "Venus"}).raise_for_status().json()["id"]
    moved = other.post("/api/session", json={"organisation": venus}).raise_for_status().json()
    other.headers["X-CSRF-Token"] = moved["csrf"]
    answer = call(other)
    assert answer.status_code == 200
    id = answer.headers["helicone-id"]
    wait_for("the call in Venus", lambda: other.get(f"/api/requests/{id}").status_code == 200)
    assert owner.get(f"/api/requests/{id}").status_code == 404
    other.patch("/api/organisation", json={"policy": "1;w=3600"}).raise_for_status()
    wait_for("its limit at the gateway", lambda: call(other).status_code == 429)
    refused = call(other)
    assert refused.headers["retry-after"] and refused.headers["perihelion-relayed"] == "true"
    assert refused.json()["error"]["code"] and call(owner).status_code == 200


def test_a_stream_arrives_as_it_comes(stack: Stack, owner: httpx.Client, gated: GatedProvider) -> None:
    request = {"provider": "gated", "body": {**BODY, "stream": True}, "key": TYPED}
    with owner.stream("POST", "/api/playground", json=request) as answer:
        assert answer.status_code == 200 and "set-cookie" not in answer.headers
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        chunks = answer.iter_text()
        text = next(chunks)
        assert "first" in text and "second" not in text
        gated.go_on.set()
        text += "".join(chunks)
    assert "second" in text and text.rstrip().endswith("data: [DONE]")
    headers, body = gated.received[-1]
    assert headers["authorization"] == f"Bearer {TYPED}" and body["messages"] == BODY["messages"]
    assert not [name for name in headers if name.startswith("helicone")]


def test_who_stops_a_stream_hangs_up_at_the_gateway(stack: Stack, owner: httpx.Client, gated: GatedProvider) -> None:
    request = {"provider": "gated", "body": {**BODY, "stream": True}, "key": TYPED}
    with owner.stream("POST", "/api/playground", json=request) as answer:
        id = answer.headers["helicone-id"]
        next(answer.iter_text())
    time.sleep(0.2)
    gated.go_on.set()
    assert stack.record(id)["cut"] == "client"


def test_a_stream_that_breaks_off_does_not_look_complete(
    stack: Stack, owner: httpx.Client, gated: GatedProvider
) -> None:
    gated.breaks_off = True
    gated.go_on.set()
    request = {"provider": "gated", "body": {**BODY, "stream": True}, "key": TYPED}
    with owner.stream("POST", "/api/playground", json=request) as answer:
        try:
            text = "".join(answer.iter_text())
        except httpx.RemoteProtocolError:
            text = "broken"
    assert "[DONE]" not in text
    assert "broken" in text or "error" in text


def test_an_error_of_the_provider_comes_in_its_own_words(owner: httpx.Client) -> None:
    answer = call(owner, provider="gated", body={**BODY, "model": "no-such-model"})
    assert answer.status_code == 404 and answer.headers["perihelion-relayed"] == "true"
    assert answer.json()["error"]["message"] == "There is no model no-such-model."


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({"provider": "no-such"}, "provider"),
        ({"provider": "bedrock"}, "provider"),
        ({"provider": "../api/keys"}, "provider"),
        ({"key": "sk-perihelion-some-key"}, "key"),
        ({"key": "two words"}, "key"),
        ({"key": "line\r\nbreak"}, "key"),
        ({"headers": {"Helicone-Target-Url": "http://127.0.0.1:1"}}, "headers.Helicone-Target-Url"),
        ({"headers": {"Helicone-Auth": "Bearer x"}}, "headers.Helicone-Auth"),
        ({"headers": {"Helicone-User-Id": "a\r\nHost: b"}}, "headers.Helicone-User-Id"),
        ({"headers": {"Helicone-Property-\r\nX": "a"}}, "headers.Helicone-Property-\r\nX"),
    ],
)
def test_what_it_does_not_pass_on(owner: httpx.Client, fields: dict[str, Any], parameter: str) -> None:
    answer = call(owner, **fields)
    assert answer.status_code == 400, answer.text
    assert answer.json()["parameter"] == parameter and "perihelion-relayed" not in answer.headers
    assert TYPED not in answer.text and "two words" not in answer.text


def test_it_needs_the_role_member(stack: Stack, owner: httpx.Client) -> None:
    with with_scopes(stack, owner, "read") as viewer, with_scopes(stack, owner, "write") as member:
        assert call(viewer).status_code == 403 and viewer.get("/api/playground/providers").status_code == 403
        assert call(member).status_code == 200


def test_a_token_of_another_installation_opens_no_gateway(stack: Stack) -> None:
    now = time.time_ns() // 1000
    secret = Secret(bytes(range(32)))
    for token in (issue_token(secret, "default", now), "perihelion-internal.", "perihelion-internal.AAAA"):
        answer = httpx.post(
            stack.gateway + "/openai/v1/chat/completions", json=BODY, headers={"Helicone-Auth": f"Bearer {token}"}
        )
        assert answer.status_code == 401 and answer.json()["error"]["code"] == "unknown_key"


def test_a_gateway_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    place = f"http://127.0.0.1:{free_port()}"
    with Stack(tmp_path, playground__gateway_url=place) as stack:
        head = {"Authorization": f"Bearer {stack.token}"}
        answer = httpx.post(
            stack.control + "/api/playground", json={"provider": "openai", "body": BODY}, headers=head, timeout=30
        )
    assert answer.status_code == 502 and answer.json()["title"] == "The gateway does not answer"
    assert place in answer.json()["detail"] and "playground.gateway_url" in answer.json()["detail"]
