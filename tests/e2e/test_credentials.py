"""Which credential a provider is sent: the caller's own, or what its organisation stored; never a key of ours."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.stack import Stack, wait_for

CHAT = "/openai/v1/chat/completions"
MESSAGES = "/anthropic/v1/messages"
GEMINI = "/gemini/v1beta/models/gemini-2.5-flash:generateContent"
CALL = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Say hello."}]}
STORED = {name: f"stored-for-{name}" for name in ("openai", "anthropic", "gemini", "together")}
STORED_ONE = "stored"
"""Several providers answer at one origin here: any of theirs."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    providers = dict.fromkeys((*STORED, "azure"), f'origin = "{simulator_origin}"')
    folder: Path = tmp_path_factory.mktemp("stack")
    with Stack(folder, providers, auth__mode="required", targets__allow=simulator_origin) as running:
        yield running


@pytest.fixture(scope="module")
def key(stack: Stack, simulator_origin: str) -> str:
    """A key of an organisation that stored a credential for every provider."""
    head = {"Authorization": f"Bearer {stack.token}"}
    with httpx.Client(base_url=stack.control, headers=head, timeout=30) as admin:
        made: str = admin.post("/api/keys", json={"name": "test"}).raise_for_status().json()["key"]
        for body in ({"value": "k"}, {"value": "k", "resource": "a/b"}, {"value": "k", "resource": "x" * 64}):
            refused = admin.put("/api/credentials/azure", json=body)
            assert (refused.status_code, refused.json()["parameter"]) == (400, "resource")
        for resource in ("Mine", "gone"):
            body = {"value": f"stored-for-{resource.lower()}", "resource": resource}
            stored = admin.put("/api/credentials/azure", json=body).raise_for_status().json()
            assert (stored["provider"], stored["resource"]) == ("azure", resource.lower())
        assert admin.delete("/api/credentials/azure", params={"resource": "gone"}).status_code == 204
        listed = admin.get("/api/credentials").json()["data"]
        assert [one["resource"] for one in listed if one["provider"] == "azure"] == ["mine"]
        for provider, value in reversed(STORED.items()):  # openai last: the gateway then has all of them
            admin.put(f"/api/credentials/{provider}", json={"value": value}).raise_for_status()

    def there() -> bool:
        answer = httpx.post(stack.gateway + CHAT, json=CALL, headers={"Helicone-Auth": f"Bearer {made}"})
        return answer.status_code == 200 and sent(simulator_origin).get("authorization") == "Bearer stored-for-openai"

    wait_for("key and credentials at the gateway", there)
    return made


def sent(simulator_origin: str) -> dict[str, str]:
    """What the provider got last. A header that came twice would be two of one name: refused here."""
    headers = [(name.lower(), value) for name, value in last(simulator_origin)["headers"]]
    assert len(dict(headers)) == len(headers), headers
    return dict(headers)


def test_a_guard_asks_the_moderation_endpoint_with_the_stored_key(
    stack: Stack, key: str, simulator_origin: str
) -> None:
    headers = {"Helicone-Auth": f"Bearer {key}", "Helicone-Moderations-Enabled": "true", "x-api-key": "sk-own"}
    assert httpx.post(stack.gateway + MESSAGES, json=CALL, headers=headers).status_code == 200
    *_, checked, called = httpx.get(simulator_origin + "/_simulator/requests").json()
    assert (checked["target"], called["target"]) == ("/v1/moderations", "/v1/messages")
    told = {name.lower(): value for name, value in checked["headers"]}
    assert told["authorization"] == "Bearer stored-for-openai" and "x-api-key" not in told and key not in str(told)


def last(simulator_origin: str) -> Any:
    return httpx.get(simulator_origin + "/_simulator/requests").json()[-1]


@pytest.mark.parametrize(
    ("path", "own", "name", "value"),
    [
        (CHAT, {}, "authorization", "Bearer stored-for-openai"),
        (CHAT, {"Authorization": "Bearer sk-own"}, "authorization", "Bearer sk-own"),
        (CHAT, {"Authorization": "Bearer sk-own, Bearer {key}"}, "authorization", "Bearer sk-own"),
        (CHAT, {"Authorization": "Bearer {key}"}, "authorization", "Bearer stored-for-openai"),
        (MESSAGES, {}, "x-api-key", "stored-for-anthropic"),
        (MESSAGES, {"x-api-key": "{key}"}, "x-api-key", "stored-for-anthropic"),
        (MESSAGES, {"x-api-key": "sk-own"}, "x-api-key", "sk-own"),
        (MESSAGES, {"Authorization": "Bearer {key}", "x-api-key": "sk-own"}, "x-api-key", "sk-own"),
        (GEMINI, {}, "x-goog-api-key", "stored-for-gemini"),
        (GEMINI, {"x-goog-api-key": "own"}, "x-goog-api-key", "own"),
        (GEMINI + "?key=own", {}, "x-goog-api-key", None),
        (GEMINI + "?alt=json&k%65y=own", {}, "x-goog-api-key", None),
        (GEMINI + "?alt=json", {}, "x-goog-api-key", "stored-for-gemini"),
    ],
)
def test_the_caller_s_own_goes_first_and_ours_never_goes(
    stack: Stack, key: str, simulator_origin: str, path: str, own: dict[str, str], name: str, value: str | None
) -> None:
    headers = {header: text.replace("{key}", key) for header, text in own.items()}
    if not any(key in text for text in headers.values()):
        headers["Helicone-Auth"] = f"Bearer {key}"
    assert httpx.post(stack.gateway + path, json=CALL, headers=headers).status_code == 200
    told = sent(simulator_origin)
    assert told.get(name) == value
    assert (
        key not in json.dumps(told) and len([text for text in told.values() if "own" in text or "stored" in text]) <= 1
    )


@pytest.mark.parametrize(
    ("own", "entry", "value"),
    [
        ({"Authorization": "Bearer {key}"}, {}, STORED_ONE),
        ({"Authorization": "Bearer sk-own, Bearer {key}"}, {}, "Bearer sk-own"),
        ({"Authorization": "Bearer sk-own"}, {}, "Bearer sk-own"),
        ({"x-api-key": "{key}"}, {}, STORED_ONE),
        ({}, {"x-a": "b"}, STORED_ONE),
        ({}, {"authorization": "Bearer entry"}, "Bearer entry"),
        ({"Authorization": "Bearer {key}"}, {"authorization": "Bearer entry"}, "Bearer entry"),
        ({"Authorization": "Bearer sk-own"}, {"x-api-key": "entry"}, None),
    ],
)
def test_the_same_where_a_call_names_its_targets(
    stack: Stack, key: str, simulator_origin: str, own: dict[str, str], entry: dict[str, str], value: str | None
) -> None:
    headers = {header: text.replace("{key}", key) for header, text in own.items()}
    if not any(key in text for text in headers.values()):
        headers["Helicone-Auth"] = f"Bearer {key}"
    headers["Helicone-Fallbacks"] = json.dumps([{"target-url": simulator_origin, "headers": entry}])
    assert httpx.post(stack.gateway + CHAT, json=CALL, headers=headers).status_code == 200
    told = sent(simulator_origin)
    value = f"Bearer {STORED[told['authorization'].rpartition('-')[2]]}" if value is STORED_ONE else value
    assert told.get("authorization") == value and key not in json.dumps(told)
    assert "x-api-key" not in told or told["x-api-key"] == entry["x-api-key"]


@pytest.mark.parametrize(("resource", "got"), [("mine", "stored-for-mine"), ("other", None), ("gone", None)])
def test_a_stored_key_goes_to_the_resource_that_it_is_for(
    stack: Stack, key: str, simulator_origin: str, resource: str, got: str | None
) -> None:
    path = f"/azure/{resource}/openai/deployments/m/chat/completions?api-version=2024-10-21"
    answer = httpx.post(stack.gateway + path, json=CALL, headers={"Helicone-Auth": f"Bearer {key}"})
    assert answer.status_code == 200
    assert sent(simulator_origin).get("api-key") == got
