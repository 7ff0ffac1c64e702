"""Gemini's interactions: one object, or its events."""

from typing import Any

from proxy.core.usage import Usage
from proxy.providers.dialects.assembly import Assembly
from proxy.providers.dialects.base import Reading
from proxy.providers.dialects.fields import count, items, one, text_of, word
from proxy.providers.dialects.opening import Opened

__all__ = ["read_interaction"]


def read_interaction(opened: Opened) -> Reading:
    """The answer of an interactions call; the last usage is the one that counts."""
    reading = opened.reading
    said = Assembly()
    raw: dict[str, Any] = {}
    at = "usage"
    for _, document in opened.answer.rows:
        inner = one(document, "interaction")
        at = "interaction.usage" if inner else at
        whole = inner or one(document)
        reading.model_answered = word(whole, "model") or reading.model_answered
        raw = one(whole, "usage") or raw
        if whole.get("object") == "interaction":
            reading.finish_reason = word(whole, "status") or reading.finish_reason
            for step in items(whole, "steps") or items(whole, "outputs"):
                _read_step(step, said)
        delta = one(document, "delta")
        kept = said.thought if delta.get("type") in ("thought", "thought_summary") else said.text
        kept.append(word(delta, "text") or word(one(delta, "content"), "text"))
        started = one(document, "step")
        if word(started, "type").endswith("_call"):
            said.calls.add(count(document, "index"), started.get("id"), started.get("name"), started.get("arguments"))
    said.fill(reading)
    if opened.has_usage and raw:
        reading.usage = _usage(raw, at)
    return reading


def _read_step(step: dict[str, Any], said: Assembly) -> None:
    kind = word(step, "type")
    if kind == "thought":
        said.thought.append(text_of(step.get("summary")))
    elif kind.endswith("_call"):
        said.calls.add(len(said.calls), step.get("id"), word(step, "name") or kind, step.get("arguments"))
    elif kind in ("model_output", "text"):
        said.text.append(text_of(step.get("content")) or word(step, "text"))


def _usage(raw: dict[str, Any], at: str) -> Usage:
    asked, answered = count(raw, "total_input_tokens"), count(raw, "total_output_tokens")
    cached, thoughts = count(raw, "total_cached_tokens"), count(raw, "total_thought_tokens")
    contradicts = cached is not None and asked is not None and cached > asked
    tools = count(raw, "total_tool_use_tokens") or 0
    nothing = answered is None and thoughts is None
    return Usage(
        input_tokens=asked,
        output_tokens=answered,
        cached_input_tokens=cached,
        reasoning_tokens=thoughts,
        total_tokens=count(raw, "total_tokens"),
        input_includes_cached=None if contradicts else True,
        output_includes_reasoning=False,
        norm_input_total=None if contradicts or asked is None else asked + tools,
        norm_output_total=None if nothing else (answered or 0) + (thoughts or 0),
        raw=raw,
        at=at,
    )
