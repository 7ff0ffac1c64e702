"""Errors: ours in every dialect's shape, and the providers' own in every shape that was seen."""

import json
from typing import Any

import pytest

from proxy.providers.dialects import DIALECTS, CapturedExchange, read_exchange

OURS = (429, "rate_limit_error", 'Limit "x" reached.', "rate_limited", "Helicone-RateLimit-Policy")

SHAPES: dict[str, Any] = {
    "openai": {
        "error": {
            "message": OURS[2],
            "type": "rate_limit_error",
            "param": "Helicone-RateLimit-Policy",
            "code": "rate_limited",
        }
    },
    "anthropic": {"type": "error", "error": {"type": "rate_limit_error", "message": OURS[2]}},
    "gemini": {"error": {"code": 429, "message": OURS[2], "status": "RESOURCE_EXHAUSTED"}},
    "cohere": {"message": OURS[2]},
    "bedrock": {"message": OURS[2]},
    "ollama": {"error": OURS[2]},
}


@pytest.mark.parametrize("name", DIALECTS)
def test_an_error_of_ours_has_the_dialects_shape(name: str) -> None:
    assert json.loads(DIALECTS[name].error_body(*OURS)) == SHAPES[name]


STREAMS = {
    "openai": ("text/event-stream", b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n', "chat"),
    "anthropic": (
        "text/event-stream",
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"text":"Hi"}}\n\n',
        "messages",
    ),
    "gemini": (
        "text/event-stream",
        b'data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]}}]}\r\n\r\n',
        "generate_content",
    ),
    "cohere": (
        "text/event-stream",
        b'data: {"type":"content-delta","delta":{"message":{"content":{"text":"Hi"}}}}\n\n',
        "chat",
    ),
    "bedrock": ("application/vnd.amazon.eventstream", b"", "converse"),
    "ollama": ("application/x-ndjson", b'{"message":{"content":"Hi"},"done":false}\n', "chat"),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_an_error_of_ours_in_a_stream_is_read_as_one(name: str) -> None:
    content_type, begun, operation = STREAMS[name]
    body = begun + DIALECTS[name].error_event(*OURS)
    found = read_exchange(
        name, CapturedExchange(operation=operation, path="/", response_type=content_type, response_body=body)
    )
    assert found.error_message == OURS[2]
    assert found.error_kind
    assert found.text == ("Hi" if begun else "")
    assert found.stream
    assert found.usage is None


THEIRS = [
    ({"error": {"message": "M", "type": "t", "code": "c"}}, "t", "M"),
    ({"type": "error", "error": {"type": "t", "message": "M"}, "request_id": "r"}, "t", "M"),
    ({"error": {"code": 404, "message": "M", "status": "NOT_FOUND"}}, "NOT_FOUND", "M"),
    ([{"error": {"code": 404, "message": "M", "status": "NOT_FOUND"}}], "NOT_FOUND", "M"),
    ({"error": "M"}, "not_found_error", "M"),
    ({"error": "M", "code": "c"}, "c", "M"),
    ({"detail": "M"}, "not_found_error", "M"),
    ({"detail": [{"loc": ["body"], "msg": "M", "type": "missing"}]}, "not_found_error", "M"),
    ({"message": "M"}, "not_found_error", "M"),
    ({"message": "M", "error_type": "T"}, "T", "M"),
    ({"object": "error", "message": "M", "type": "t", "code": "1500"}, "t", "M"),
    ({"error_code": "EC", "message": "M"}, "EC", "M"),
    ({"success": False, "errors": [{"code": 7003, "message": "M"}], "result": None}, "not_found_error", "M"),
    ({"error": {"message": {"detail": "M"}}}, "not_found_error", "M"),
    ({"__type": "com.amazon#ValidationException", "Message": "M"}, "ValidationException", "M"),
    ("<html>M</html>", "not_found_error", "<html>M</html>"),
    ("", "not_found_error", ""),
    ({}, "not_found_error", ""),
]


@pytest.mark.parametrize(("body", "kind", "message"), THEIRS)
def test_a_providers_error_is_read_in_any_shape(body: Any, kind: str, message: str) -> None:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    for name in DIALECTS:
        found = read_exchange(name, CapturedExchange(operation="chat", path="/", status=404, response_body=data))
        assert (found.error_kind, found.error_message) == (kind, message)
        assert found.usage is None


def test_bedrock_names_the_kind_in_a_header() -> None:
    found = read_exchange(
        "bedrock",
        CapturedExchange(
            operation="converse",
            path="/model/m/converse",
            status=400,
            response_body=b'{"message":"M"}',
            response_headers={"x-amzn-errortype": "ValidationException:http://internal.amazon.com/"},
        ),
    )
    assert found.error_kind == "ValidationException"
