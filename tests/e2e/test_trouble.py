"""Bad input and bad providers: a clear answer in the caller's dialect, and a record of every call."""

import json
import socket
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.stack import Stack, free_port, get_json, wait_for

CHAT = "/openai/v1/chat/completions"
MESSAGES = "/anthropic/v1/messages"
BODY: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
STREAM = {**BODY, "stream": True}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, simulator_origin: str) -> Iterator[Stack]:
    here = f'origin = "{simulator_origin}"'
    providers = {
        "openai": here,
        "anthropic": here,
        "gone": f'name = "gone"\ndialect = "openai"\norigin = "http://127.0.0.1:{free_port()}"',
    }
    with Stack(
        tmp_path_factory.mktemp("stack"),
        providers,
        gateway__max_body="100000",
        upstream__first_byte_timeout_s="1",
        upstream__between_bytes_timeout_s="1",
    ).start_gateway() as running:
        yield running


def post(stack: Stack, path: str, body: Any = BODY, **headers: str) -> httpx.Response:
    return httpx.post(stack.gateway + path, json=body, headers=headers, timeout=30)


def assert_openai_error(answer: httpx.Response, status: int, code: str) -> str:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error["code"] == code
    assert set(error) == {"message", "type", "param", "code"}
    assert answer.headers["helicone-id"]
    return str(error["message"])


def test_unknown_address_names_the_known_ones(stack: Stack) -> None:
    message = assert_openai_error(post(stack, "/nowhere/v1/chat"), 404, "unknown_address")
    assert "openai" in message and "anthropic" in message


def test_anthropic_callers_get_anthropic_errors(stack: Stack) -> None:
    answer = httpx.post(stack.gateway + MESSAGES, json=BODY, headers={"Helicone-Request-Id": "x"})
    assert answer.status_code == 400
    error = answer.json()
    assert error["type"] == "error" and error["error"]["type"] == "invalid_request_error"
    assert "Helicone-Request-Id" in error["error"]["message"] and "'x'" in error["error"]["message"]


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "https://api.openai.com.evil.example",
        "https://api.anthropic.com@evil.example",
        "http://127.0.0.1:80",
        "http://localhost",
        "http://[::1]",
        "http://[::ffff:127.0.0.1]",
        "http://2130706433",
        "http://0x7f.1",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1",
        "http://metadata.google.internal",
        "file:///etc/passwd",
    ],
)
def test_targets_outside_the_list_are_refused(stack: Stack, target: str) -> None:
    answer = post(stack, "/v1/chat/completions", **{"Helicone-Target-Url": target})
    assert answer.status_code in (400, 403), answer.text
    record = stack.record(answer.headers["helicone-id"])
    assert record["status"] == answer.status_code and record["outcome"] == "address"


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("Helicone-Omit-Request", "maybe", "true or false"),
        ("Helicone-User-Id", "u" * 257, "256"),
        ("Helicone-Request-Id", "not-a-uuid", "UUID"),
        ("Helicone-Property-Big", "v" * 1025, "1024"),
        ("Helicone-Retry-Num", "eleven", "0 to 10"),
        ("Helicone-Cache-Bucket-Max-Size", "0", "1 to 100000"),
    ],
)
def test_malformed_directives_are_named(stack: Stack, name: str, value: str, accepted: str) -> None:
    message = assert_openai_error(post(stack, CHAT, **{name: value}), 400, "invalid_header")
    assert name.lower() in message.lower() and accepted in message and value[:20] in message


def test_more_than_64_properties_are_refused(stack: Stack) -> None:
    many = {f"Helicone-Property-P{n}": "v" for n in range(65)}
    assert "64" in assert_openai_error(post(stack, CHAT, **many), 400, "invalid_header")


def test_features_that_are_not_there_say_so(stack: Stack) -> None:
    answer = post(stack, CHAT, **{"Helicone-Cache-Mode": "semantic"})
    assert "Helicone-Cache-Mode" in assert_openai_error(answer, 501, "not_implemented")


def test_a_call_that_asks_for_webhooks_says_so_in_the_log(stack: Stack) -> None:
    for value, asked in (("true", True), ("false", None)):
        id = post(stack, CHAT, **{"Helicone-Webhook-Enabled": value}).headers["helicone-id"]
        assert stack.record(id)["facts"].get("webhook.requested") is asked


def test_a_request_id_is_used_once(stack: Stack) -> None:
    id = str(uuid.uuid4())
    assert post(stack, CHAT, **{"Helicone-Request-Id": id}).headers["helicone-id"] == id
    assert_openai_error(post(stack, CHAT, **{"Helicone-Request-Id": id}), 409, "duplicate_request_id")
    assert stack.record(id)["status"] == 200


def test_a_body_over_the_cap_is_413(stack: Stack) -> None:
    body = {**BODY, "pad": "x" * 200_000}
    assert "100000" in assert_openai_error(post(stack, CHAT, body), 413, "body_too_large")


def test_a_provider_that_is_not_there_is_502_and_logged_with_its_phase(stack: Stack) -> None:
    answer = post(stack, "/gone/v1/chat/completions")
    assert_openai_error(answer, 502, "upstream_refused")
    record = stack.record(answer.headers["helicone-id"])
    assert (record["status"], record["outcome"], record["error"]) == (502, "send", "upstream_refused")
    assert record["attempts"][0]["error"] == "upstream_refused"


def test_a_provider_that_hangs_up_is_502(stack: Stack) -> None:
    assert_openai_error(post(stack, CHAT, **{"x-sim-reset": "before"}), 502, "upstream_reset")


def test_a_provider_that_is_silent_is_504(stack: Stack) -> None:
    answer = post(stack, CHAT, **{"x-sim-stall": "before"})
    assert_openai_error(answer, 504, "upstream_timeout")
    assert stack.record(answer.headers["helicone-id"])["error"] == "upstream_timeout"


@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_a_plain_answer_that_breaks_off_is_502_or_cut(stack: Stack, framing: str) -> None:
    answer = post(stack, CHAT, **{"x-sim-reset": "head", "x-sim-framing": framing, "x-sim-answer-bytes": "5000"})
    assert_openai_error(answer, 502, "upstream_reset")


@pytest.mark.parametrize(("trouble", "code"), [("x-sim-reset", "upstream_reset"), ("x-sim-stall", "upstream_timeout")])
def test_an_openai_stream_that_breaks_ends_in_an_error_event(stack: Stack, trouble: str, code: str) -> None:
    answer = post(stack, CHAT, STREAM, **{trouble: "3", "x-sim-chunks": "10"})
    assert answer.status_code == 200
    last = answer.text.strip().split("\n\n")[-1]
    assert json.loads(last.partition("data: ")[2])["error"]["code"] == code
    record = stack.record(answer.headers["helicone-id"])
    assert (record["cut"], record["error"], record["outcome"]) == ("upstream", code, "relay")
    assert record["bodies"]["response_text"], "what had come by then is kept"


def test_an_anthropic_stream_that_breaks_ends_in_an_error_event(stack: Stack) -> None:
    body = {"model": "claude-sonnet-4-5", "max_tokens": 9, "stream": True, "messages": BODY["messages"]}
    answer = post(stack, MESSAGES, body, **{"x-sim-reset": "3", "x-sim-chunks": "10"})
    event = answer.text.strip().split("\n\n")[-1]
    assert event.startswith("event: error\n")
    assert json.loads(event.partition("data: ")[2])["type"] == "error"
    record = stack.record(answer.headers["helicone-id"])
    assert record["input_tokens"] is not None, "message_start told it before the break"
    # What a message starts with is no count of what it came to, and input alone is not what the call cost.
    assert (record["output_tokens"], record["cost_nanousd"], record["cost_known"]) == (None, None, False)


@pytest.mark.parametrize("status", [400, 401, 429, 500, 529])
def test_provider_errors_pass_unchanged(stack: Stack, simulator_origin: str, status: int) -> None:
    headers = {"x-sim-status": str(status), "x-sim-retry-after": "7"}
    direct = httpx.post(simulator_origin + "/v1/chat/completions", json=BODY, headers=headers)
    answer = post(stack, CHAT, **headers)
    assert (answer.status_code, answer.content) == (direct.status_code, direct.content)
    assert answer.headers.get("retry-after") == direct.headers.get("retry-after")
    record = stack.record(answer.headers["helicone-id"])
    assert record["status"] == status and record["input_tokens"] is None and record["cost_nanousd"] is None
    assert record["error"] and record["error_message"]


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_compressed_answers_pass_untouched_and_are_read_for_the_log(stack: Stack, encoding: str) -> None:
    headers = {"x-sim-encoding": encoding, "accept-encoding": encoding, "x-sim-input-tokens": "5"}
    with httpx.stream("POST", stack.gateway + CHAT, json=BODY, headers=headers) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == encoding
    assert not raw.startswith(b"{")
    record = stack.record(answer.headers["helicone-id"])
    assert record["input_tokens"] == 5 and record["bodies"]["response_text"]


def test_a_caller_that_leaves_a_stream_still_has_its_usage_logged(stack: Stack) -> None:
    id = str(uuid.uuid4())
    headers = {"Helicone-Request-Id": id, "x-sim-chunks": "40", "x-sim-chunk-ms": "20", "x-sim-output-tokens": "77"}
    with httpx.stream("POST", stack.gateway + CHAT, json=STREAM, headers=headers) as answer:
        next(answer.iter_raw())
    record = stack.record(id)
    assert (record["cut"], record["usage_source"], record["output_tokens"]) == ("client", "drained", 77)


def test_a_header_value_cannot_bring_a_second_header(stack: Stack) -> None:
    with socket.create_connection(("127.0.0.1", stack.gateway_port), 5) as line:
        line.sendall(f"GET {CHAT} HTTP/1.1\r\nHost: h\r\nX-A: b\rc\r\n\r\n".encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 400 ")


def test_own_headers_never_reach_the_provider(stack: Stack, simulator_origin: str) -> None:
    post(stack, CHAT, **{"Helicone-Auth": "Bearer sk-perihelion-x", "X-Mine": "stays", "Helicone-Odd": "1"})
    seen = get_json(simulator_origin + "/_simulator/requests")[-1]
    names = {name.lower() for name, _ in seen["headers"]}
    assert "x-mine" in names and not [name for name in names if name.startswith("helicone-")]


def test_a_key_in_the_path_or_beside_the_providers_is_ours_and_stays_here(stack: Stack, simulator_origin: str) -> None:
    post(stack, "/sk-helicone-abc" + CHAT, Authorization="Bearer sk-provider, Bearer sk-helicone-abc")
    seen = get_json(simulator_origin + "/_simulator/requests")[-1]
    headers = {name.lower(): value for name, value in seen["headers"]}
    assert headers["authorization"] == "Bearer sk-provider"
    assert seen["target"] == "/v1/chat/completions"


@pytest.mark.parametrize("path", ["/sk-helicone-secret/nowhere", "/sk-helicone-secret/openai/v1/models?key=sk-too"])
def test_a_key_in_an_address_is_never_logged(stack: Stack, path: str) -> None:
    answer = httpx.get(stack.gateway + path)
    record = stack.record(answer.headers["helicone-id"])
    assert "secret" not in json.dumps(record) and "sk-too" not in json.dumps(record)


def test_a_lone_surrogate_in_a_body_stops_no_log(stack: Stack) -> None:
    """JSON can smuggle it in, and no table can hold it."""
    body = b'{"model": "gpt-\\ud800", "user": "\\udfff", "messages": [{"role": "user", "content": "\\ud83d"}]}'
    odd = httpx.post(stack.gateway + CHAT, content=body, headers={"Content-Type": "application/json"})
    after = post(stack, CHAT)
    assert stack.record(after.headers["helicone-id"])["status"] == 200
    record = stack.record(odd.headers["helicone-id"])
    assert record["model_asked"].startswith("gpt-") and record["reading_error"] == ""


def test_metrics_count_every_call(stack: Stack) -> None:
    def offered() -> dict[str, float]:
        lines = httpx.get(stack.gateway + "/metrics").text.splitlines()
        rows = [line.rpartition(" ") for line in lines if not line.startswith("#")]
        return {name: float(value) for name, _, value in rows}

    before = offered()
    post(stack, CHAT)
    after = wait_for("the count", lambda: (now := offered())["perihelion_spool_written_total"] and now)
    written, opened = "perihelion_spool_written_total", "perihelion_opened_total"
    assert after[opened] - before[opened] == after[written] - before[written] == 1
    assert after["perihelion_spool_dropped_total"] == 0
