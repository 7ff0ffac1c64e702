"""OpenAI's Responses: one object, or its events."""

from typing import Any

from proxy.providers.dialects.assembly import Assembly
from proxy.providers.dialects.base import Reading
from proxy.providers.dialects.counts import response_usage
from proxy.providers.dialects.fields import count, items, one, text_of, word
from proxy.providers.dialects.opening import Opened

__all__ = ["read_responses"]

_TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed"})
_CALLS = frozenset({"function_call", "custom_tool_call", "mcp_call"})


def read_responses(opened: Opened) -> Reading:
    """The answer of a Responses call; a stream's usage is that of its terminal event."""
    reading = opened.reading
    said = Assembly()
    for name, document in opened.answer.rows:
        if not isinstance(document, dict):
            continue
        kind = word(document, "type") or name
        whole = document if document.get("object") == "response" else one(document, "response")
        if whole:
            _read_whole(opened, whole, document is whole or kind in _TERMINAL, document is whole)
            if document is whole or (kind in _TERMINAL and not said.text and not len(said.calls)):
                _read_output(whole, said)
        elif kind.startswith("response."):
            _read_event(kind, document, said)
    said.fill(reading)
    return reading


def _read_whole(opened: Opened, whole: dict[str, Any], final: bool, plain: bool) -> None:
    reading = opened.reading
    reading.model_answered = word(whole, "model") or reading.model_answered
    if not final:
        return
    reading.finish_reason = word(one(whole, "incomplete_details"), "reason") or word(whole, "status")
    usage = whole.get("usage")
    if opened.has_usage and isinstance(usage, dict) and usage:
        reading.usage = response_usage(usage, "usage" if plain else "response.usage")


def _read_event(kind: str, document: dict[str, Any], said: Assembly) -> None:
    if kind in ("response.output_text.delta", "response.refusal.delta"):
        said.text.append(word(document, "delta"))
    elif kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
        said.thought.append(word(document, "delta"))
    elif kind in ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta"):
        said.calls.add(_key(document), arguments=document.get("delta"))
    elif kind in ("response.output_item.added", "response.output_item.done"):
        item = one(document, "item")
        if item.get("type") in _CALLS:
            arguments = item.get("arguments", item.get("input"))
            if kind.endswith(".done"):
                said.calls.replace(_key(document), item.get("call_id") or item.get("id"), item.get("name"), arguments)
            else:
                said.calls.add(_key(document), item.get("call_id") or item.get("id"), item.get("name"))


def _key(document: dict[str, Any]) -> object:
    index = count(document, "output_index")
    return word(document, "item_id") if index is None else index


def _read_output(whole: dict[str, Any], said: Assembly) -> None:
    for at, item in enumerate(items(whole, "output")):
        kind = item.get("type")
        if kind == "message":
            said.text.append(text_of(item.get("content")))
        elif kind == "reasoning":
            said.thought.append(text_of(item.get("summary")) or text_of(item.get("content")))
        elif kind in _CALLS:
            said.calls.add(
                at, item.get("call_id") or item.get("id"), item.get("name"), item.get("arguments", item.get("input"))
            )
