"""OpenTelemetry in: the SDK with instrumentations of three conventions, and exports that are malformed."""

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.stack import ROOT, Stack, wait_for

PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), {"openai": f'origin = "{simulator_origin}"'}) as running:
        yield running


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.control, headers={"Authorization": f"Bearer {stack.token}"}, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def key(admin: httpx.Client) -> str:
    made: str = admin.post("/api/keys", json={"name": "otel", "scopes": ["proxy"]}).json()["key"]
    return made


def run_app(stack: Stack, key: str, which: str, session: str, base_url: str, *more: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.otel_app", which, base_url, stack.control + "/v1/traces", key, session, *more],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Failed to export" not in done.stderr, done.stderr


def rows_of(admin: httpx.Client, session: str, count: int) -> list[dict[str, Any]]:
    """The calls of a session with their bodies, oldest first."""

    def probe() -> list[dict[str, Any]] | None:
        rows: list[dict[str, Any]] = admin.get("/api/requests", params={"session": session}).json()["data"]
        return rows if len(rows) >= count else None

    rows = wait_for(f"{count} rows of {session}", probe)
    assert len(rows) == count, [row["operation"] for row in rows]
    return [admin.get(f"/api/requests/{row['id']}").json() for row in reversed(rows)]


def export(stack: Stack, key: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
    wanted = {"Authorization": f"Bearer {key}", **headers}
    return httpx.post(stack.control + "/v1/traces", content=content, headers=wanted, timeout=30)


def span(number: int, **members: Any) -> dict[str, Any]:
    """A span in JSON."""
    now = time.time_ns()
    return {
        "traceId": f"{number + 1:032x}",
        "spanId": f"{number + 1:016x}",
        "name": f"chat {number}",
        "startTimeUnixNano": str(now - 2_000_000_000),
        "endTimeUnixNano": str(now - 1_000_000_000),
        "attributes": attributes({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini"}),
        **members,
    }


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {str: "stringValue", int: "intValue", float: "doubleValue", bool: "boolValue"}
    return [{"key": key, "value": {kinds[type(value)]: value}} for key, value in values.items()]


def document(*spans: Any, **resource: Any) -> bytes:
    scope = {"scope": {"name": "test"}, "spans": list(spans)}
    return json.dumps(
        {"resourceSpans": [{"resource": {"attributes": attributes(resource)}, "scopeSpans": [scope]}]}
    ).encode()


@pytest.mark.parametrize("which", ["genai", "openinference", "openllmetry"])
def test_spans_of_every_convention_become_rows_with_their_parents(
    stack: Stack, simulator_origin: str, admin: httpx.Client, key: str, which: str
) -> None:
    session = f"otel-{which}"
    run_app(stack, key, which, session, simulator_origin + "/v1")
    rows = rows_of(admin, session, 4)
    by_operation = {row["operation"]: row for row in rows}
    chain, tool, call = by_operation["chain"], by_operation["tool"], by_operation["chat"]
    assert {row["source"] for row in rows} == {"otlp"} and len({row["trace_id"] for row in rows}) == 1
    assert {row["parent_span_id"] for row in rows} == {"", chain["span_id"]}
    assert (chain["session_path"], tool["session_path"], chain["user_id"]) == ("/answer", "/answer/search", "ada")
    assert (tool["request_name"], tool["cost_nanousd"], tool["cost_known"]) == ("search", 0, True)
    assert (tool["input_tokens"], tool["bodies"]["request"]) == (None, '{"query": "sky"}')
    assert call["session_path"].startswith("/answer/") and call["facts"]["otel.service"] == "shop"
    assert (call["provider"], call["model"], call["status"]) == ("openai", "gpt-4o-mini", 200)
    assert call["response_id"].startswith("chatcmpl-") and call["finish_reason"] == "stop"
    assert (call["input_tokens"], call["output_tokens"], call["cost_known"]) == (32, 12, True)
    assert call["cost_nanousd"] == 32 * 150 + 12 * 600
    assert call["latency_ms"] is not None and chain["latency_ms"] >= call["latency_ms"]
    assert call["request_preview"] == "Say hello." and call["response_preview"].startswith("the comet")
    assert [each["role"] for each in json.loads(call["bodies"]["request"])["messages"]] == ["system", "user"]
    assert by_operation["embeddings"]["model"] == "text-embedding-3-small"


def test_the_json_form_and_a_failed_call(stack: Stack, admin: httpx.Client, key: str) -> None:
    found = attributes(
        {
            "gen_ai.provider.name": "anthropic", "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "claude-sonnet-4-5", "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 10, "gen_ai.usage.cache_read.input_tokens": 900, "error.type": "timeout",
            "gen_ai.conversation.id": "json-form", "helicone.property.Feature": "sky",
            "gen_ai.request.temperature": 0.5,
            "gen_ai.input.messages": json.dumps([
                {"role": "user", "parts": [{"type": "text", "content": "Look it up."}]},
                {
                    "role": "assistant",
                    "parts": [{"type": "tool_call", "id": "c1", "name": "search", "arguments": {"q": 1}}],
                },
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "blue"}]},
            ]),
        }
    )  # fmt: skip
    failed = span(50, attributes=found, status={"code": 2, "message": "too slow"}, parentSpanId="00000000000000ff")
    answer = export(stack, key, document(failed), JSON)
    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (200, {}, "application/json")
    [row] = rows_of(admin, "json-form", 1)
    assert (row["status"], row["error"], row["error_message"]) == (500, "timeout", "too slow")
    assert (row["provider"], row["cached_input_tokens"], row["properties"]) == ("anthropic", 900, {"feature": "sky"})
    assert row["cost_nanousd"] == 100 * 3000 + 900 * 300 + 10 * 15000
    assert (row["parent_span_id"], row["span_id"]) == ("00000000000000ff", f"{51:016x}")
    body = json.loads(row["bodies"]["request"])
    assert (body["temperature"], body["messages"][1]["tool_calls"][0]["function"]["name"]) == (0.5, "search")
    assert body["messages"][2] == {"role": "tool", "tool_call_id": "c1", "content": "blue"}


def test_a_span_that_is_sent_twice_is_one_row(stack: Stack, admin: httpx.Client, key: str) -> None:
    one = document(span(60, attributes=attributes({"gen_ai.operation.name": "invoke_agent", "session.id": "twice"})))
    for _ in range(2):
        assert export(stack, key, one, JSON).status_code == 200
    after = document(span(61, attributes=attributes({"gen_ai.operation.name": "invoke_agent", "session.id": "after"})))
    assert export(stack, key, one, JSON).status_code == export(stack, key, after, JSON).status_code == 200
    rows_of(admin, "after", 1)
    rows_of(admin, "twice", 1)


@pytest.mark.parametrize("which", ["genai", "openinference", "openllmetry"])
def test_a_call_through_the_proxy_that_has_a_span_is_one_row(
    stack: Stack, admin: httpx.Client, key: str, which: str
) -> None:
    session = f"both-{which}"
    run_app(stack, key, which, session, stack.gateway + "/v1", "proxied")
    sources = {"chain": "otlp", "tool": "otlp", "chat": ""} | ({"embeddings": ""} if which == "openllmetry" else {})
    rows = rows_of(admin, session, len(sources))
    assert {row["operation"]: row["source"] for row in rows} == sources
    [call] = [row for row in rows if row["operation"] == "chat"]
    assert (call["cost_known"], call["attempt_count"]) == (True, 1)
    # In the tree of the session it stands where the span stood.
    tree = admin.get("/api/sessions/spans", params={"id": session}).json()
    [chain] = tree["children"]
    assert chain["call"]["operation"] == "chain"
    assert {below["call"]["operation"] for below in chain["children"]} == sources.keys() - {"chain"}


def test_a_span_that_comes_before_its_proxied_call_gives_way(stack: Stack, admin: httpx.Client, key: str) -> None:
    """As where the client leaves a stream, and the gateway reads on for its usage."""
    trace, parent = "7" * 32, "8" * 16
    found = attributes({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini", "session.id": "late"})
    early = span(0, traceId=trace, spanId=parent, attributes=found, endTimeUnixNano=str(time.time_ns()))
    assert export(stack, key, document(early), JSON).status_code == 200
    assert rows_of(admin, "late", 1)[0]["source"] == "otlp"
    headers = {"traceparent": f"00-{trace}-{parent}-01", "Helicone-Session-Id": "late"}
    call = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
    answer = httpx.post(stack.gateway + "/v1/chat/completions", json=call, headers=headers, timeout=30)
    listed = {"params": {"session": "late"}}
    wait_for(
        "the proxied row alone",
        lambda: (
            [row["id"] for row in admin.get("/api/requests", **listed).json()["data"]]
            == [answer.headers["helicone-id"]]
        ),
    )


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"traceId": "xyz"}, "traceId"),
        ({"spanId": "0" * 16}, "spanId"),
        ({"attributes": "none"}, "attributes"),
        ({"attributes": [{"key": 7}]}, "attributes[0].key"),
        ({"attributes": [{"key": "a", "value": {"intValue": "x"}}]}, "attributes[0].value.intValue"),
        ({"attributes": [{"key": "a", "value": {"intValue": 10**30}}]}, "attributes[0].value.intValue"),
        ({"startTimeUnixNano": []}, "startTimeUnixNano"),
        ({"startTimeUnixNano": "9" * 19}, "startTimeUnixNano"),
        ({"status": 7}, "status"),
        ({"events": [5]}, "events[0]"),
        ("no span", "spans[1]"),
    ],
)
def test_of_an_export_the_valid_spans_are_taken_and_the_others_named(
    stack: Stack, admin: httpx.Client, key: str, wrong: Any, path: str
) -> None:
    session = f"valid-{path}"
    good = span(100, spanId=f"{abs(hash(path)) % 2**60 + 1:016x}")
    good["attributes"] += attributes({"session.id": session})
    bad = {**span(101), **wrong} if isinstance(wrong, dict) else wrong
    answer = export(stack, key, document(good, bad), JSON)
    assert answer.status_code == 200
    partial = answer.json()["partialSuccess"]
    assert partial["rejectedSpans"] == "1" and path in partial["errorMessage"], partial
    rows_of(admin, session, 1)


def test_protobuf_span_by_span(stack: Stack, admin: httpx.Client, key: str) -> None:
    good = Span(trace_id=b"t" * 16, span_id=b"s" * 8, name="agent", start_time_unix_nano=time.time_ns())
    good.attributes.add(key="gen_ai.operation.name").value.string_value = "invoke_agent"
    good.attributes.add(key="session.id").value.string_value = "protobuf"
    bad = Span(trace_id=b"short", span_id=b"s" * 8, name="none")
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend([bad, good])
    whole = request.SerializeToString()
    answer = export(stack, key, gzip.compress(whole), PROTOBUF | {"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert partial.rejected_spans == 1 and "spans[0].traceId" in partial.error_message
    rows_of(admin, "protobuf", 1)
    # Not UTF-8, where the protocol has text: that span alone is named.
    torn = whole.replace(b"none", b"\xff\xfe\xfd\xfc")
    named = ExportTraceServiceResponse.FromString(export(stack, key, torn, PROTOBUF).content).partial_success
    assert named.rejected_spans == 1 and "spans[0]" in named.error_message


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"\x0a\xff", PROTOBUF, 400),
        (b"no protobuf at all", PROTOBUF, 400),
        (b"{", JSON, 400),
        (b"[]", JSON, 400),
        (b'{"resourceSpans": 7}', JSON, 400),
        (b'{"resourceSpans":' * 3000, JSON, 400),
        (gzip.compress(b"{}" * 500)[:30], JSON | {"Content-Encoding": "gzip"}, 400),
        (b"no gzip", JSON | {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(bytes(100 << 20)), JSON | {"Content-Encoding": "gzip"}, 413),
        (bytes(17 << 20), PROTOBUF, 413),
        (b"{}", JSON | {"Content-Encoding": "br"}, 415),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", JSON | {"Helicone-Omit-Request": "perhaps"}, 400),
    ],
    ids=[
        "cut protobuf", "no protobuf", "cut JSON", "a list", "a number", "deep JSON", "cut gzip", "no gzip",
        "a gzip bomb", "too long", "an unknown coding", "an unknown type", "a bad value of a header",
    ],
)  # fmt: skip
def test_what_is_no_export_is_refused_in_the_encoding_of_the_request(
    stack: Stack, key: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = export(stack, key, content, headers)
    assert answer.status_code == status, answer.text
    if headers["Content-Type"] == "application/json":
        assert answer.json()["message"] and answer.json()["code"] in (3, 8)
    else:
        assert answer.content[:1] == b"\x08"  # google.rpc.Status


def test_huge_attributes_are_cut_and_hostile_indices_ignored(stack: Stack, admin: httpx.Client, key: str) -> None:
    found = {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini", "session.id": "huge",
        "gen_ai.prompt.0.content": "x" * (9 << 20), "gen_ai.prompt.99999999999.content": "y",
        "gen_ai.usage.prompt_tokens": 10, "gen_ai.usage.completion_tokens": 2**63 - 1, "gen_ai.prompt.0": "z",
    }  # fmt: skip
    huge = span(70, attributes=attributes(found))
    assert export(stack, key, document(huge), JSON).status_code == 200
    [row] = rows_of(admin, "huge", 1)
    assert (row["truncated"], row["input_tokens"], row["output_tokens"]) == (True, 10, None)
    # Bodies are inserted after their rows.
    bodies = wait_for("its bodies", lambda: admin.get(f"/api/requests/{row['id']}").json()["bodies"])
    assert len(bodies["request"]) == 8 << 20


def test_spans_of_no_model_and_no_step_are_left_out(stack: Stack, key: str, admin: httpx.Client) -> None:
    http = span(80, attributes=attributes({"http.request.method": "GET", "session.id": "left-out"}))
    store = span(81, attributes=attributes({"db.system": "qdrant", "session.id": "left-out"}))
    database = span(82, attributes=attributes({"db.system": "postgresql", "session.id": "left-out"}))
    assert export(stack, key, document(http, store, database), JSON).json() == {}
    assert [row["operation"] for row in rows_of(admin, "left-out", 1)] == ["vector_db"]


def test_a_key_that_may_not_log_is_refused(stack: Stack, admin: httpx.Client) -> None:
    reader = admin.post("/api/keys", json={"name": "reader", "scopes": ["read"]}).json()["key"]
    assert export(stack, reader, document(span(90)), JSON).status_code == 403
    assert export(stack, "sk-perihelion-none", document(span(90)), JSON).status_code == 401
