"""A stream that sends its usage several times: cumulative counts never shrink, and none goes missing."""

import json
from typing import Any

import pytest

from proxy.core.usage import Usage
from proxy.providers.dialects import CapturedExchange, read_exchange
from proxy.providers.dialects.openai import read_any


def stream(dialect: str, operation: str, *documents: dict[str, Any]) -> CapturedExchange:
    body = b"".join(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents)
    sent = b'{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}'
    return CapturedExchange(
        operation=operation, path="/", request_body=sent, response_type="text/event-stream", response_body=body
    )


def chunk(usage: dict[str, Any] | None) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "model": "m", "choices": [], "usage": usage}


FULL = {
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 40},
}


@pytest.mark.parametrize(
    "last",
    [
        None,
        {},
        {"prompt_tokens": 100, "completion_tokens": 0, "total_tokens": 100},
        {"prompt_tokens": 100, "prompt_tokens_details": None},
        {"completion_tokens": 50, "prompt_tokens_details": {"cached_tokens": 0}},
        {"prompt_tokens": None, "completion_tokens": None},
        FULL,
    ],
)
def test_a_later_chunk_of_openai_takes_nothing_away(last: dict[str, Any] | None) -> None:
    exchange = stream("openai", "chat", chunk({"prompt_tokens": 100, "completion_tokens": 1}), chunk(FULL), chunk(last))
    for reading in (read_exchange("openai", exchange), read_any(exchange)):
        usage = reading.usage
        assert usage is not None
        assert (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens) == (100, 50, 40)


def anthropic(start: dict[str, Any], *deltas: dict[str, Any]) -> Usage | None:
    documents: list[dict[str, Any]] = [{"type": "message_start", "message": {"model": "m", "usage": start}}]
    documents += [{"type": "message_delta", "delta": {}, "usage": delta} for delta in deltas]
    return read_exchange("anthropic", stream("anthropic", "messages", *documents)).usage


def test_a_delta_of_anthropic_takes_nothing_away() -> None:
    start = {"input_tokens": 100, "cache_read_input_tokens": 30, "output_tokens": 1}
    usage = anthropic(start, {"output_tokens": 50}, {"output_tokens": 20, "input_tokens": 0})
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens) == (100, 50, 30)


def test_what_a_message_starts_with_is_no_count_of_its_output() -> None:
    cut, ended = (
        anthropic({"input_tokens": 9, "output_tokens": 8}),
        anthropic({"output_tokens": 8}, {"output_tokens": 5}),
    )
    assert cut is not None and ended is not None
    assert (cut.output_tokens, ended.output_tokens) == (None, 5)
