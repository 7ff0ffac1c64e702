"""Gemini's interactions: one object, or its events."""

from typing import Any

from proxy.core.usage import Usage
from proxy.providers.dialects.assembly import AnswerBuilder
from proxy.providers.dialects.base import ExchangeReading
from proxy.providers.dialects.decode import DecodedExchange
from proxy.providers.dialects.fields import get_int, get_object, get_objects, get_str, join_text

__all__ = ["read_interaction"]


def read_interaction(decoded: DecodedExchange) -> ExchangeReading:
    """The answer of an interactions call; the last usage is the one that counts."""
    reading = decoded.reading
    builder = AnswerBuilder()
    raw: dict[str, Any] = {}
    at = "usage"
    for _, document in decoded.answer.rows:
        inner = get_object(document, "interaction")
        at = "interaction.usage" if inner else at
        interaction = inner or get_object(document)
        reading.model_answered = get_str(interaction, "model") or reading.model_answered
        raw = get_object(interaction, "usage") or raw
        if interaction.get("object") == "interaction":
            reading.finish_reason = get_str(interaction, "status") or reading.finish_reason
            for step in get_objects(interaction, "steps") or get_objects(interaction, "outputs"):
                _read_step(step, builder)
        delta = get_object(document, "delta")
        parts = builder.reasoning if delta.get("type") in ("thought", "thought_summary") else builder.text
        parts.append(get_str(delta, "text") or get_str(get_object(delta, "content"), "text"))
        started = get_object(document, "step")
        if get_str(started, "type").endswith("_call"):
            builder.calls.add(
                get_int(document, "index"), started.get("id"), started.get("name"), started.get("arguments")
            )
    builder.fill(reading)
    if decoded.has_usage and raw:
        reading.usage = _usage(raw, at)
    return reading


def _read_step(step: dict[str, Any], builder: AnswerBuilder) -> None:
    kind = get_str(step, "type")
    if kind == "thought":
        builder.reasoning.append(join_text(step.get("summary")))
    elif kind.endswith("_call"):
        builder.calls.add(len(builder.calls), step.get("id"), get_str(step, "name") or kind, step.get("arguments"))
    elif kind in ("model_output", "text"):
        builder.text.append(join_text(step.get("content")) or get_str(step, "text"))


def _usage(raw: dict[str, Any], at: str) -> Usage:
    input_tokens, output_tokens = get_int(raw, "total_input_tokens"), get_int(raw, "total_output_tokens")
    cached, thoughts = get_int(raw, "total_cached_tokens"), get_int(raw, "total_thought_tokens")
    contradicts = cached is not None and input_tokens is not None and cached > input_tokens
    tools = get_int(raw, "total_tool_use_tokens") or 0
    nothing = output_tokens is None and thoughts is None
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached,
        reasoning_tokens=thoughts,
        total_tokens=get_int(raw, "total_tokens"),
        input_includes_cached=None if contradicts else True,
        output_includes_reasoning=False,
        norm_input_total=None if contradicts or input_tokens is None else input_tokens + tools,
        norm_output_total=None if nothing else (output_tokens or 0) + (thoughts or 0),
        raw=raw,
        at=at,
    )
