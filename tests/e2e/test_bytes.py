"""What a caller sends reaches the provider byte for byte, and the provider that it was meant for."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.stack import Stack, get_json

GENERATE = {"contents": [{"parts": [{"text": "Say hello."}], "role": "user"}]}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    """A gateway; the host that a provider is called by tells which one it was."""
    origins = {name: simulator_origin.replace("127.0.0.1", host) for name, host in HOSTS.items()}
    providers = {name: f'origin = "{origin}"' for name, origin in origins.items()}
    running = Stack(tmp_path_factory.mktemp("stack"), providers)
    running.start("gateway")
    yield running
    running.stop()


HOSTS = {"openai": "127.0.0.1", "gemini": "localhost", "anthropic": "127.1"}


def last_seen(simulator_origin: str) -> Any:
    return get_json(simulator_origin + "/_simulator/requests")[-1]


def provider_of(seen: Any) -> str:
    host = next(value for name, value in seen["headers"] if name.lower() == "host").rpartition(":")[0]
    return next(name for name, known in HOSTS.items() if known == host)


def exchange(stack: Stack, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", stack.gateway_port), 10) as line:
        line.sendall(request)
        return line.recv(65536)


TARGETS = [
    "/v1/files/a%3Ab%2Fc%20d+e//f?x=%3A&y=%2f+%20&z=//",
    "/v1/chat/completions?a=%zz&b=[1]|{2}",
    "/v1/files/%e2%82%AC;v=1/.%2e/~",
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "prefix", ["", "/openai", "/%6Fpenai", "/v1/gateway/oai", "/sk-helicone-abc", "/%73k-helicone-abc/oai"]
)
def test_a_target_and_a_header_reach_the_provider_byte_for_byte(
    stack: Stack, simulator_origin: str, target: str, prefix: str
) -> None:
    name = "Zoë €".encode()
    body = b'{"model":"gpt-4o","messages":[]}'
    head = f"POST {prefix}{target} HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n".encode()
    answer = exchange(stack, head + b"X-Name: " + name + b"\r\nX-Raw: \xe9\xff\r\n\r\n" + body)
    assert answer.startswith(b"HTTP/1.1 "), answer
    seen = last_seen(simulator_origin)
    assert seen["target"] == target
    headers = {key.lower(): value.encode("latin-1") for key, value in seen["headers"]}
    assert (headers["x-name"], headers["x-raw"]) == (name, b"\xe9\xff")
    assert not any(b"helicone" in value for value in headers.values())


def test_our_own_headers_are_utf_8_and_named_where_they_are_not(stack: Stack) -> None:
    line = b"GET /v1/models HTTP/1.1\r\nHost: h\r\nHelicone-User-Id: %b\r\n\r\n"
    assert b"HTTP/1.1 200 " in exchange(stack, line % "Zoë".encode())
    refused = exchange(stack, line % b"Zo\xeb")
    assert refused.startswith(b"HTTP/1.1 400 ")
    error = json.loads(refused.partition(b"\r\n\r\n")[2])["error"]
    assert error["param"].lower() == "helicone-user-id" and "UTF-8" in error["message"]


@pytest.mark.parametrize("version", ["v1beta", "v1"])
@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent?alt=sse"])
def test_google_genai_with_the_bare_root_as_its_base_reaches_gemini(
    stack: Stack, simulator_origin: str, version: str, verb: str
) -> None:
    answer = httpx.post(
        f"{stack.gateway}/{version}/models/gemini-2.0-flash:{verb}",
        headers={"x-goog-api-key": "AIza-secret", "x-goog-api-client": "google-genai-sdk/1.0 gl-python/3.11"},
        json=GENERATE,
        timeout=30,
    )
    seen = last_seen(simulator_origin)
    assert provider_of(seen) == "gemini"
    assert seen["target"] == f"/{version}/models/gemini-2.0-flash:{verb}"
    assert answer.status_code == 200, answer.text


def test_the_models_of_each_provider_by_what_the_call_carries(stack: Stack, simulator_origin: str) -> None:
    marks: dict[str, dict[str, str]] = {
        "openai": {"authorization": "Bearer sk-1"},
        "anthropic": {"anthropic-version": "2023-06-01", "x-api-key": "sk-ant-1"},
        "gemini": {"x-goog-api-key": "AIza"},
    }
    for name, headers in marks.items():
        httpx.get(stack.gateway + "/v1/models", headers=headers, timeout=30)
        assert provider_of(last_seen(simulator_origin)) == name


@pytest.mark.parametrize(
    ("query", "headers", "name"),
    [
        ("key=AIza-secret", {}, "gemini"),
        ("pageSize=5&key=AIza-secret", {}, "gemini"),
        ("key=AIza-secret", {"authorization": "Bearer sk-1"}, "openai"),
        ("key=AIza-secret", {"anthropic-version": "2023-06-01"}, "anthropic"),
        ("monkey=1", {}, "openai"),
        ("q=a%26key=1", {}, "openai"),
    ],
)
def test_a_key_in_the_query_is_google_s(
    stack: Stack, simulator_origin: str, query: str, headers: dict[str, str], name: str
) -> None:
    httpx.get(f"{stack.gateway}/v1/models?{query}", headers=headers, timeout=30)
    seen = last_seen(simulator_origin)
    assert (provider_of(seen), seen["target"]) == (name, f"/v1/models?{query}")


@pytest.mark.parametrize(
    ("query", "headers", "key"),
    [
        ("", {"anthropic-version": "2023-06-01"}, "type"),
        ("", {"x-goog-api-key": "AIza"}, "error.status"),
        ("?key=AIza", {}, "error.status"),
        ("", {}, "error.code"),
    ],
)
def test_an_error_before_routing_has_the_shape_that_the_call_s_headers_ask_for(
    stack: Stack, query: str, headers: dict[str, str], key: str
) -> None:
    answer = httpx.get(f"{stack.gateway}/v1/models{query}", headers={**headers, "helicone-retry-num": "x"}, timeout=30)
    assert answer.status_code == 400
    found = answer.json()
    for part in key.split("."):
        found = found[part]
    assert isinstance(found, str)
    if key != "error.status":
        assert "status" not in answer.json()["error"]


LOGGERS = ["/oai/v1/log", "/anthropic/v1/log", "/custom/v1/log", "/googleapis/v1/log", "/v1/log", "/oai/v1%2flog"]


@pytest.mark.parametrize("path", LOGGERS)
def test_what_a_logger_sends_is_logged_and_never_leaves_this_machine(
    stack: Stack, simulator_origin: str, path: str
) -> None:
    httpx.get(stack.gateway + "/v1/models", headers={"x-before": path})
    log = {"providerRequest": {"json": {"messages": []}}, "providerResponse": {"json": {}}}
    answer = httpx.post(stack.gateway + path, json=log, timeout=30)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert stack.record(answer.headers["helicone-id"])["source"] == "logger"
    assert dict(last_seen(simulator_origin)["headers"])["x-before"] == path


OTHERS = ["/v1/log/x", "/v1/trace/log", "/v1/prompt-2025/id/versions", "/sk-helicone-abc/v1/log", "/oai//v1/log"]


@pytest.mark.parametrize("path", OTHERS)
def test_no_other_path_of_a_logger_leaves_this_machine(stack: Stack, simulator_origin: str, path: str) -> None:
    httpx.get(stack.gateway + "/v1/models", headers={"x-before": path})
    answer = httpx.post(stack.gateway + path, json={"providerRequest": {"json": {"messages": []}}}, timeout=30)
    assert answer.status_code == 501 and "never forwarded" in answer.text, answer.text
    assert dict(last_seen(simulator_origin)["headers"])["x-before"] == path


def test_a_logger_s_error_has_the_shape_of_its_dialect(stack: Stack) -> None:
    assert httpx.post(stack.gateway + "/oai/v1/log", json={}).json()["error"]["code"] == "invalid_request"
    assert httpx.post(stack.gateway + "/anthropic/v1/log", json={}).json()["type"] == "error"


def test_what_nobody_owns_is_404_here(stack: Stack) -> None:
    answer = httpx.post(stack.gateway + "/v1/whatever", json={}, timeout=30)
    assert answer.status_code == 404
    assert "/v1/whatever" in answer.text and "/v1/chat/completions" in answer.text
