"""OpenAI's Responses: one object, or its events."""

from typing import Any

from proxy.providers.dialects.assembly import AnswerBuilder
from proxy.providers.dialects.base import ExchangeReading
from proxy.providers.dialects.billing import count_built_in_call, read_tier
from proxy.providers.dialects.counts import response_usage
from proxy.providers.dialects.decode import DecodedExchange, json_text
from proxy.providers.dialects.fields import get_int, get_object, get_objects, get_str, join_text

__all__ = ["read_responses"]

_TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed"})
_CALLS = frozenset({"function_call", "custom_tool_call", "mcp_call"})


def read_responses(decoded: DecodedExchange) -> ExchangeReading:
    """The answer of a Responses call; a stream's usage is that of its terminal event."""
    reading = decoded.reading
    builder = AnswerBuilder()
    for name, document in decoded.answer.rows:
        if not isinstance(document, dict):
            continue
        kind = get_str(document, "type") or name
        response = document if document.get("object") == "response" else get_object(document, "response")
        if response:
            _read_response(decoded, response, document is response or kind in _TERMINAL, document is response)
            if document is response or (kind in _TERMINAL and not builder.text and not len(builder.calls)):
                _read_output(response, builder, reading)
        elif kind.startswith("response."):
            _read_event(kind, document, builder, reading)
    builder.fill(reading)
    if decoded.has_usage:
        read_tier(decoded, "response")
    return reading


def _read_response(decoded: DecodedExchange, response: dict[str, Any], final: bool, plain: bool) -> None:
    reading = decoded.reading
    reading.model_answered = get_str(response, "model") or reading.model_answered
    if not final:
        return
    if response.get("background") is True:
        reading.background_id = get_str(response, "id")
    reading.finish_reason = get_str(get_object(response, "incomplete_details"), "reason") or get_str(response, "status")
    usage = response.get("usage")
    if decoded.has_usage and isinstance(usage, dict) and usage:
        reading.usage = response_usage(usage, "usage" if plain else "response.usage")


def _read_event(kind: str, document: dict[str, Any], builder: AnswerBuilder, reading: ExchangeReading) -> None:
    if kind in ("response.output_text.delta", "response.refusal.delta"):
        builder.text.append(get_str(document, "delta"))
    elif kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
        builder.reasoning.append(get_str(document, "delta"))
    elif kind in ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta"):
        builder.calls.add(_key(document), arguments=document.get("delta"))
    elif kind in ("response.output_item.added", "response.output_item.done"):
        item = get_object(document, "item")
        if kind.endswith(".done"):
            _read_built_in(item, _key(document), builder, reading)
        if item.get("type") in _CALLS:
            arguments = item.get("arguments", item.get("input"))
            if kind.endswith(".done"):
                builder.calls.replace(
                    _key(document), item.get("call_id") or item.get("id"), item.get("name"), arguments
                )
            else:
                builder.calls.add(_key(document), item.get("call_id") or item.get("id"), item.get("name"))


def _key(document: dict[str, Any]) -> object:
    index = get_int(document, "output_index")
    return get_str(document, "item_id") if index is None else index


def _read_built_in(item: dict[str, Any], key: object, builder: AnswerBuilder, reading: ExchangeReading) -> None:
    """A call of a tool that the provider runs: counted, and listed among the tool calls."""
    kind = get_str(item, "type")
    if not kind.endswith("_call") or get_str(item, "status") == "failed":
        return
    count_built_in_call(reading, item)
    if kind not in _CALLS:
        arguments = item.get("action") or item.get("queries") or item.get("code") or item.get("arguments")
        builder.calls.add(key, item.get("id"), kind.removesuffix("_call"), json_text(arguments))


def _read_output(response: dict[str, Any], builder: AnswerBuilder, reading: ExchangeReading) -> None:
    for at, item in enumerate(get_objects(response, "output")):
        kind = item.get("type")
        _read_built_in(item, at, builder, reading)
        if kind == "message":
            builder.text.append(join_text(item.get("content")))
        elif kind == "reasoning":
            builder.reasoning.append(join_text(item.get("summary")) or join_text(item.get("content")))
        elif kind in _CALLS:
            builder.calls.add(
                at, item.get("call_id") or item.get("id"), item.get("name"), item.get("arguments", item.get("input"))
            )
