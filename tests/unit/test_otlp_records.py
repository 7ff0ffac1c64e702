"""Spans of current and earlier conventions as records: messages, usage, place in the tree."""

import json
from typing import Any

import pytest

from _speedups import parse
from proxy.control.jobs.row_builder import LogRows, RowBuilder
from proxy.core.record import Record
from proxy.ingest.otlp.decode import decode_json
from proxy.ingest.otlp.records import COVERED_SPANS, SpanRecords
from proxy.ingest.otlp.span import Span, SpanEvent
from proxy.ingest.reporter import Reporter
from proxy.providers import load
from tests.unit.records import PRICES, START_US

CATALOG = load()
TRACE = "1" * 32


def span(number: int = 1, parent: int = 0, **members: Any) -> Span:
    attributes = members.pop("attributes", {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini"})
    wanted: dict[str, Any] = {
        "place": f"spans[{number}]", "trace_id": TRACE, "span_id": f"{number:016x}",
        "parent_id": f"{parent:016x}" if parent else "", "name": f"span {number}", "start_us": START_US + number,
        "end_us": START_US + 1_000_000, "failed": False, "message": "", "attributes": attributes, **members,
    }  # fmt: skip
    return Span(**wanted)


def records(*spans: Span, headers: dict[str, str] | None = None, max_body: int = 1 << 20) -> list[Record]:
    tags = parse(list((headers or {}).items()))
    made = SpanRecords(spans, tags, Reporter(org="o"), CATALOG, now_us=START_US + 5_000_000, max_body=max_body).make()
    assert made[1] == []
    return made[0]


def row(of: Span, **options: Any) -> LogRows:
    (record,) = records(of, **options)
    return RowBuilder(PRICES).build_one(record)


def chat(attributes: dict[str, Any], *events: tuple[str, dict[str, Any]]) -> tuple[list[Any], list[Any], LogRows]:
    """Messages asked, choices answered, and the rows of a chat with these attributes and events."""
    base = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini"}
    found = row(
        span(attributes=base | attributes, events=[SpanEvent(name, START_US + 5, values) for name, values in events])
    )
    assert found.body is not None
    request, response = json.loads(found.body.request), json.loads(found.body.response)
    return request.get("messages", []), response.get("choices", []), found


CALL = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"q": 1}'}}
ASKED = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Which colour?"},
]


@pytest.mark.parametrize(
    ("attributes", "events"),
    [
        (  # GenAI, current
            {
                "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be brief."}]),
                "gen_ai.input.messages": json.dumps(
                    [{"role": "user", "parts": [{"type": "text", "content": "Which colour?"}]}]
                ),
                "gen_ai.output.messages": json.dumps(
                    [{"role": "assistant", "finish_reason": "stop", "parts": [{"type": "text", "content": "Blue."}]}]
                ),
            },
            [],
        ),
        (  # the same as values, not as JSON
            {
                "gen_ai.input.messages": [
                    {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
                    {"role": "user", "parts": [{"type": "text", "content": "Which colour?"}]},
                ],
                "gen_ai.output.messages": [
                    {"role": "assistant", "finish_reason": "stop", "parts": [{"type": "text", "content": "Blue."}]}
                ],
            },
            [],
        ),
        (  # OpenLLMetry, and GenAI of 2024
            {
                "gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": "Be brief.",
                "gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": "Which colour?",
                "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": "Blue.",
                "gen_ai.completion.0.finish_reason": "stop",
            },
            [],
        ),
        (  # OpenInference
            {
                "llm.input_messages.0.message.role": "system", "llm.input_messages.0.message.content": "Be brief.",
                "llm.input_messages.1.message.role": "user",
                "llm.input_messages.1.message.contents.0.message_content.type": "text",
                "llm.input_messages.1.message.contents.0.message_content.text": "Which colour?",
                "llm.output_messages.0.message.role": "assistant", "llm.output_messages.0.message.content": "Blue.",
                "llm.finish_reason": "stop",
            },
            [],
        ),
        (  # events of a message each
            {"gen_ai.response.finish_reasons": ["stop"]},
            [
                ("gen_ai.system.message", {"content": "Be brief."}),
                ("gen_ai.user.message", {"content": "Which colour?"}),
                ("gen_ai.choice", {"index": 0, "message": '{"role": "assistant", "content": "Blue."}'}),
            ],
        ),
        (  # events with all messages
            {"gen_ai.response.finish_reasons": ["stop"]},
            [
                ("gen_ai.content.prompt", {"gen_ai.prompt": json.dumps(ASKED)}),
                ("gen_ai.content.completion", {"gen_ai.completion": '[{"role": "assistant", "content": "Blue."}]'}),
            ],
        ),
    ],
    ids=["current", "values", "openllmetry", "openinference", "events", "content events"],
)  # fmt: skip
def test_messages_of_each_convention_are_one_form(attributes: dict[str, Any], events: list[Any]) -> None:
    asked, answered, found = chat(attributes, *events)
    assert asked == ASKED
    [choice] = answered
    assert choice["message"] == {"role": "assistant", "content": "Blue."}
    assert (found.request.finish_reason, found.request.response_preview) == ("stop", "Blue.")
    assert found.request.request_preview == "Which colour?"


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "gen_ai.output.messages": json.dumps(
                [{"role": "assistant", "parts": [
                    {"type": "tool_call", "id": "c1", "name": "search", "arguments": '{"q": 1}'}
                ]}]
            )
        },
        {
            "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.tool_calls.0.id": "c1",
            "gen_ai.completion.0.tool_calls.0.name": "search", "gen_ai.completion.0.tool_calls.0.arguments": '{"q": 1}',
        },
        {
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c1",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "search",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"q": 1}',
        },
    ],
    ids=["current", "openllmetry", "openinference"],
)  # fmt: skip
def test_tool_calls_of_each_convention_are_read(attributes: dict[str, Any]) -> None:
    _, [choice], found = chat(attributes)
    assert choice["message"]["tool_calls"] == [CALL]
    assert found.body is not None
    assert json.loads(found.body.tool_calls) == [{"id": "c1", "name": "search", "arguments": '{"q": 1}'}]


@pytest.mark.parametrize(
    ("attributes", "counts"),
    [
        ({"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10}, (100, 10, None)),
        ({"gen_ai.usage.prompt_tokens": 100, "gen_ai.usage.completion_tokens": 10}, (100, 10, None)),
        ({"llm.usage.prompt_tokens": "100", "llm.usage.completion_tokens": 10.0}, (100, 10, None)),
        ({"llm.token_count.prompt": 100, "llm.token_count.prompt_details.cache_read": 60}, (100, None, 60)),
        # Figures that leave the cache out are more than the input: they are added to it.
        ({"gen_ai.usage.input_tokens": 40, "gen_ai.usage.cache_read_input_tokens": 60}, (100, None, 60)),
        ({"gen_ai.usage.input_tokens": -5, "gen_ai.usage.output_tokens": "many"}, (None, None, None)),
    ],
)
def test_token_counts_have_one_scale(attributes: dict[str, Any], counts: tuple[int | None, ...]) -> None:
    found = chat(attributes)[2].request
    assert (found.input_tokens, found.output_tokens, found.cached_input_tokens) == counts


@pytest.mark.parametrize(
    ("attributes", "provider", "nanousd"),
    [
        ({"gen_ai.system": "OpenAI"}, "openai", 100 * 150),
        ({"gen_ai.provider.name": "azure.ai.openai"}, "azure", 100 * 150),
        ({"gen_ai.provider.name": "aws.bedrock", "gen_ai.request.model": "unknown"}, "bedrock", None),
        ({"ai.model.provider": "openai.chat"}, "openai", 100 * 150),
        ({}, "openai", 100 * 150),
        ({"gen_ai.request.model": "own", "gen_ai.usage.cost": 0.5}, "custom", 500_000_000),
        ({"gen_ai.provider.name": "Our own", "gen_ai.request.model": "own"}, "our own", None),
    ],
)
def test_providers_have_the_catalog_s_names(attributes: dict[str, Any], provider: str, nanousd: int | None) -> None:
    found = chat({"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 0, **attributes})[2].request
    assert (found.provider, found.cost_nanousd) == (provider, nanousd)


def test_parents_paths_and_sessions_pass_over_spans_that_have_no_row() -> None:
    chain = {"openinference.span.kind": "CHAIN", "session.id": "s1"}
    plain: dict[str, Any] = {"http.request.method": "POST"}
    made = records(
        span(1, attributes=chain, name="answer/all"),
        span(2, parent=1, attributes=plain),
        span(3, parent=2, name="chat gpt"),
        span(4, parent=3, attributes=plain),
    )
    assert [record.session_path for record in made] == ["/answer-all", "/answer-all/chat gpt"]
    assert {record.session_id for record in made} == {"s1"}
    assert made[1].ingested is not None and made[1].ingested.parent_span_id == f"{1:016x}"
    assert made[1].facts[COVERED_SPANS] == [f"{4:016x}"]


def test_a_span_without_a_session_has_that_of_the_export_or_its_trace() -> None:
    assert records(span())[0].session_id == TRACE
    tagged = records(
        span(), headers={"Helicone-Session-Id": "s2", "Helicone-Property-Team": "a", "helicone-user-id": "u"}
    )
    assert (tagged[0].session_id, tagged[0].properties, tagged[0].user_id) == ("s2", {"team": "a"}, "u")


def test_spans_that_are_each_other_s_parents_end() -> None:
    assert len(records(span(1, parent=2), span(2, parent=1), span(3, parent=3))) == 3


def test_openinference_s_own_bodies_are_kept_as_they_are() -> None:
    request = '{"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "Hi"}]}'
    response = (
        '{"id": "msg_1", "type": "message", "model": "claude-sonnet-4-5-20250929", "stop_reason": "end_turn", '
        '"content": [{"type": "text", "text": "Hello"}], "usage": {"input_tokens": 100, "output_tokens": 10}}'
    )
    attributes = {
        "openinference.span.kind": "LLM", "llm.system": "anthropic", "llm.model_name": "claude-sonnet-4-5",
        "input.value": request, "output.value": response, "llm.token_count.prompt": 1,
    }  # fmt: skip
    found = row(span(attributes=attributes))
    assert found.body is not None and (found.body.request, found.body.response) == (request, response)
    assert (found.request.operation, found.request.response_id, found.request.input_tokens) == (
        "messages",
        "msg_1",
        100,
    )
    assert (found.request.response_preview, found.request.cost_nanousd) == ("Hello", 100 * 3000 + 10 * 15000)


def test_bodies_above_the_bound_are_cut_after_they_were_read() -> None:
    attributes = {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini", "gen_ai.prompt.0.content": "x" * 5000,
        "gen_ai.response.id": "r1", "gen_ai.usage.input_tokens": 7, "gen_ai.usage.output_tokens": 1,
    }  # fmt: skip
    found = row(span(attributes=attributes), max_body=1000)
    assert found.body is not None and len(found.body.request) == 1000
    assert (found.request.truncated, found.request.input_tokens, found.request.response_id) == (True, 7, "r1")


def test_bodies_are_omitted_where_the_export_says_so() -> None:
    attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.arguments": "secret"}
    (record,) = records(span(attributes=attributes), headers={"helicone-omit-request": "true"})
    assert (record.request_body, record.request_omitted) == (b"", True)
    assert "secret" not in RowBuilder(PRICES).build_one(record).request.request_preview


def test_values_nested_deep_are_refused_with_their_place() -> None:
    value: dict[str, Any] = {"stringValue": "x"}
    for _ in range(50):
        value = {"arrayValue": {"values": [value]}}
    one = {"traceId": TRACE, "spanId": "1" * 16, "attributes": [{"key": "a", "value": value}]}
    spans, faults = decode_json(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}).encode())
    assert spans == [] and "nested deeper" in faults[0].text and "attributes[0]" in faults[0].place
