"""What a call cost, line by line: all that a price depends on is priced, or named as why the cost is not known."""

import json
from fractions import Fraction
from typing import Any

import pytest

from proxy.core.cost import Cost
from proxy.prices import PriceBook
from proxy.providers.dialects import DIALECTS, OPERATIONS, CapturedExchange, read_exchange

AT_US = 1_795_000_000_000_000
BOOK = PriceBook(price_ids={"bedrock": "aws", "vertex": "google", "gemini": "google", "xai": "x-ai"})


def cost(
    provider: str,
    dialect: str,
    operation: str,
    answer: dict[str, Any] | bytes,
    *,
    path: str = "/v1/x",
    model: str = "",
    request: dict[str, Any] | None = None,
    url: str = "",
    kind: str = "application/json",
) -> Cost:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    sent = json.dumps({"model": model, **(request or {})}).encode()
    reading = read_exchange(
        dialect,
        CapturedExchange(operation=operation, path=path, request_body=sent, response_type=kind, response_body=body),
    )
    names = (reading.model_answered, reading.model_asked)
    return BOOK.price(provider, names, reading.billed, AT_US, url=url, streamed=reading.stream)


def chat(model: str, usage: dict[str, Any], **more: Any) -> Cost:
    answer = {"model": model, "choices": [{"message": {"content": "hi"}}], "usage": usage, **more}
    return cost("openai", "openai", "chat", answer, model=model)


def responses(model: str, output: list[dict[str, Any]], **more: Any) -> Cost:
    usage = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
    answer = {"object": "response", "model": model, "status": "completed", "output": output, "usage": usage, **more}
    return cost("openai", "openai", "responses", answer, model=model)


def test_an_hour_of_cache_on_bedrock_is_priced_as_an_hour() -> None:
    usage = {
        "inputTokens": 10,
        "outputTokens": 100,
        "cacheWriteInputTokens": 3000,
        "totalTokens": 3110,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 3000}],
    }
    path = "/model/global.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    found = cost("bedrock", "bedrock", "converse", {"output": {}, "usage": usage}, path=path)
    assert found.nanousd == 19_530_000
    assert {line.component: line.quantity for line in found.lines}["cache_write_1h_tokens"] == 3000


def test_a_cache_write_of_an_unknown_life_has_no_price() -> None:
    usage = {
        "inputTokens": 1,
        "outputTokens": 1,
        "cacheWriteInputTokens": 5,
        "cacheDetails": [{"ttl": "3h", "inputTokens": 5}],
    }
    path = "/model/global.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    found = cost("bedrock", "bedrock", "converse", {"output": {}, "usage": usage}, path=path)
    assert (found.nanousd, found.missing) == (None, ("usage.cacheDetails[3h]",))


def test_searches_of_responses_are_priced_by_the_search() -> None:
    search = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "x"}}
    found = responses("gpt-5-mini", [{**search, "id": "1"}, {**search, "id": "2"}])
    assert found.nanousd == 1000 * 250 + 100 * 2000 + 2 * 10_000_000 == 20_450_000


def test_opening_a_page_that_was_found_is_part_of_the_search() -> None:
    opened = {"type": "web_search_call", "status": "completed", "action": {"type": "open_page", "url": "https://e.com"}}
    assert responses("gpt-5-mini", [opened]).nanousd == 450_000


def test_a_streamed_search_is_priced_too() -> None:
    item = {"type": "web_search_call", "id": "ws", "status": "completed", "action": {"type": "search"}}
    whole = {
        "object": "response",
        "model": "gpt-5-mini",
        "status": "completed",
        "output": [item],
        "usage": {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100},
    }
    events = [
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.output_text.delta", "output_index": 1, "delta": "hi"},
        {"type": "response.completed", "response": whole},
    ]
    body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
    found = cost("openai", "openai", "responses", body, model="gpt-5-mini", kind="text/event-stream")
    assert found.nanousd == 450_000 + 10_000_000


def test_a_tool_without_a_price_is_named() -> None:
    found = responses("gpt-5-mini", [{"type": "code_interpreter_call", "status": "completed", "code": "1"}])
    assert (found.nanousd, found.missing) == (None, ("code_executions",))
    found = responses("gpt-5-mini", [{"type": "image_generation_call", "status": "completed"}])
    assert (found.nanousd, found.missing) == (None, ("image_generation_call",))


def test_audio_of_a_model_without_an_audio_price_is_not_priced_as_text() -> None:
    usage = {
        "prompt_tokens": 500,
        "completion_tokens": 100,
        "total_tokens": 600,
        "prompt_tokens_details": {"audio_tokens": 400},
        "completion_tokens_details": {"audio_tokens": 80},
    }
    found = chat("gpt-4o-audio-preview", usage)
    assert (found.nanousd, set(found.missing)) == (None, {"input_audio_tokens", "output_audio_tokens"})


def test_audio_of_gemini_has_the_price_of_audio_or_of_all_input() -> None:
    def asked(model: str) -> int | None:
        usage = {
            "promptTokenCount": 1000,
            "candidatesTokenCount": 0,
            "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 1000}],
        }
        return cost("gemini", "gemini", "generate_content", {"modelVersion": model, "usageMetadata": usage}).nanousd

    assert asked("gemini-2.5-flash") == 1_000_000
    assert asked("gemini-2.5-pro") == 1_250_000


@pytest.mark.parametrize("tier, nanousd", [("default", 450_000), ("priority", 810_000), ("flex", 225_000)])
def test_the_tier_that_was_served_is_the_price(tier: str, nanousd: int) -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    assert chat("gpt-5-mini", usage, service_tier=tier).nanousd == nanousd
    assert responses("gpt-5-mini", [], service_tier=tier).nanousd == nanousd


def test_a_tier_that_was_asked_for_and_not_denied_counts() -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    answer = {"model": "gpt-5-mini", "choices": [], "usage": usage}
    asked = {"service_tier": "priority", "messages": [{"role": "user", "content": "x"}]}
    assert cost("openai", "openai", "chat", answer, request=asked).nanousd == 810_000
    assert cost("openai", "openai", "chat", {**answer, "service_tier": "default"}, request=asked).nanousd == 450_000


def test_a_word_in_the_content_is_no_tier() -> None:
    answer = {
        "model": "gpt-5-mini",
        "choices": [
            {"message": {"content": "x", "tool_calls": [{"function": {"arguments": {"service_tier": "flex"}}}]}}
        ],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
    }
    assert cost("openai", "openai", "chat", answer).nanousd == 450_000


def test_a_tier_without_a_price_is_named() -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    found = chat("gpt-4-turbo", usage, service_tier="priority")
    assert (found.nanousd, found.missing) == (None, ("service_tier=priority",))


@pytest.mark.parametrize(
    "traffic, missing", [("ON_DEMAND", ()), ("PROVISIONED_THROUGHPUT", ("traffic_type=provisioned_throughput",))]
)
def test_provisioned_traffic_of_vertex_is_not_billed_by_the_token(traffic: str, missing: tuple[str, ...]) -> None:
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 10, "trafficType": traffic}
    found = cost("vertex", "gemini", "generate_content", {"modelVersion": "gemini-2.5-flash", "usageMetadata": usage})
    assert found.missing == missing


def test_data_residency_has_a_price_of_its_own() -> None:
    def asked(geo: str) -> Cost:
        usage = {"input_tokens": 10, "output_tokens": 10, "inference_geo": geo}
        answer = {"type": "message", "model": "claude-opus-4-8", "content": [], "usage": usage}
        return cost("anthropic", "anthropic", "messages", answer)

    assert asked("global").known
    assert asked("us").missing == ("inference_geo=us",)


def test_a_regional_host_of_openai_costs_more_than_the_list() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
    answer = {"model": "gpt-5-mini", "choices": [], "usage": usage}
    assert cost("openai", "openai", "chat", answer, url="https://eu.api.openai.com").missing == ("region=eu",)
    assert cost("openai", "openai", "chat", answer, url="https://api.openai.com").known


def test_grounding_is_billed_by_the_answer_and_later_by_the_query() -> None:
    def asked(model: str) -> int | None:
        answer = {
            "modelVersion": model,
            "usageMetadata": {"promptTokenCount": 0, "candidatesTokenCount": 0},
            "candidates": [{"groundingMetadata": {"webSearchQueries": ["a", "b"]}}],
        }
        found = cost("gemini", "gemini", "generate_content", answer)
        return {line.component: line.quantity for line in found.lines}.get("web_searches")  # type: ignore[return-value]

    assert asked("gemini-2.5-flash") == 1
    assert asked("gemini-3-pro-preview") == 2


def test_a_key_that_nobody_knows_makes_the_cost_unknown() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11, "holograms": 2}
    assert chat("gpt-4o", usage).missing == ("usage.holograms",)
    assert chat("gpt-4o", {**usage, "holograms": 0}).known
    assert chat("gpt-4o", {**usage, "holograms": None}).known


@pytest.mark.parametrize("value", ["12", -3, True, 1 << 70, [1]])
def test_a_count_that_is_none_makes_the_cost_unknown(value: object) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"audio_tokens": value}}
    assert chat("gpt-4o", usage).missing == ("usage.prompt_tokens_details.audio_tokens",)


def test_what_the_provider_says_counts_where_nothing_else_is_known() -> None:
    def asked(said: float) -> Cost:
        usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11, "cost": said}
        answer = {"model": "some/unheard-of-model", "choices": [], "usage": usage}
        return cost("openrouter", "openai", "chat", answer)

    assert (asked(0.000123).nanousd, asked(0).nanousd) == (123_000, 0)
    assert asked(0.000123).lines[0].source == "provider"


def test_seconds_of_sound_are_priced_without_a_usage_object() -> None:
    found = cost("openai", "openai", "audio", {"text": "hi", "duration": 3600.0}, model="whisper-1")
    assert found.nanousd == 360_000_000


def test_the_lines_add_up() -> None:
    usage = {
        "prompt_tokens": 1001,
        "completion_tokens": 333,
        "total_tokens": 1334,
        "prompt_tokens_details": {"cached_tokens": 77},
        "completion_tokens_details": {"reasoning_tokens": 11},
    }
    found = chat("gpt-5-mini", usage)
    total = Fraction(0)
    for line in found.lines:
        amount = Fraction(str(line.rate_usd)) * Fraction(str(line.quantity)) / line.per * 10**9
        assert amount == Fraction(str(line.amount_nanousd))
        total += amount
    assert found.nanousd == round(total)


def test_parallel_calls_under_one_index_stay_apart() -> None:
    chunks = [
        {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"x":'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]},
        {"tool_calls": [{"index": 0, "id": "b", "function": {"name": "g", "arguments": '{"y":'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": "2}"}}]},
    ]
    body = "".join(
        f"data: {json.dumps({'model': 'm', 'choices': [{'index': 0, 'delta': chunk}]})}\n\n" for chunk in chunks
    )
    reading = read_exchange(
        "openai",
        CapturedExchange(
            operation="chat",
            path="/v1/chat/completions",
            request_body=b'{"messages": [{"role": "user", "content": "x"}]}',
            response_type="text/event-stream",
            response_body=body.encode() + b"data: [DONE]\n\n",
        ),
    )
    assert reading.tool_calls == [
        {"id": "a", "name": "f", "arguments": '{"x":1}'},
        {"id": "b", "name": "g", "arguments": '{"y":2}'},
    ]


def test_an_audio_answer_has_its_transcript_as_text() -> None:
    answer = {
        "model": "gpt-4o-audio-preview",
        "choices": [{"message": {"content": None, "audio": {"transcript": "Hi!"}}}],
    }
    reading = read_exchange(
        "openai",
        CapturedExchange(
            operation="chat",
            path="/v1/chat/completions",
            request_body=b'{"messages": [{"role": "user", "content": "x"}]}',
            response_type="application/json",
            response_body=json.dumps(answer).encode(),
        ),
    )
    assert reading.text == "Hi!"


def test_calls_of_built_in_tools_are_among_the_tool_calls() -> None:
    search = {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"type": "search", "query": "x"},
    }
    answer = {"object": "response", "model": "gpt-5-mini", "status": "completed", "output": [search]}
    reading = read_exchange(
        "openai",
        CapturedExchange(operation="responses", path="/v1/responses", response_body=json.dumps(answer).encode()),
    )
    assert [(call["id"], call["name"]) for call in reading.tool_calls] == [("ws_1", "web_search")]


@pytest.mark.parametrize(
    "path",
    ["/v1/chat/completions/chatcmpl-1", "/v1/responses/resp_1", "/v1/responses/resp_1/cancel"],
)
def test_what_is_done_with_a_stored_answer_does_not_bill_its_usage_again(path: str) -> None:
    operation = DIALECTS["openai"].operation(path)
    answer = {
        "object": "response",
        "model": "gpt-5-mini",
        "status": "completed",
        "output": [],
        "usage": {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100},
    }
    exchange = CapturedExchange(
        operation=operation, path=path, request_body=b'{"metadata": {}}', response_body=json.dumps(answer).encode()
    )
    assert operation == "stored"
    assert not OPERATIONS[operation].billable
    assert read_exchange("openai", exchange).billed is None
