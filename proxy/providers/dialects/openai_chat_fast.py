"""Typed reader of the common OpenAI-style chat call: msgspec decodes the members that are needed and skips the rest.

`read_common_chat` returns what `openai.read_any` returns for such a call, in a third of the time, and None for every
other call: a member of another type, or one that this reader does not know how to read, fails the decoding. A test
compares the two readers.
"""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from proxy.core.usage import STANDARD_TIERS
from proxy.providers.dialects.assembly import ToolCalls
from proxy.providers.dialects.base import CapturedExchange, ExchangeReading
from proxy.providers.dialects.counts import completion_usage, merge_counts
from proxy.providers.dialects.decode import MAX_ID
from proxy.providers.dialects.fields import join_text
from proxy.providers.dialects.prompt_text import MAX_CHARS, SYSTEM_ROLES

__all__ = ["read_common_chat"]

_MAX_BYTES: Final = 8 << 20
_TYPES: Final = ("application/json", "text/event-stream")
_DATA: Final = b"data: "
_DONE: Final = b"data: [DONE]"

# A member of type None changes a reading in a way that only the general reader knows: it must be absent, or null.


class _RequestMessage(msgspec.Struct, frozen=True, gc=False):
    role: str = "user"
    content: msgspec.Raw = msgspec.Raw()


class _ChatRequest(msgspec.Struct, frozen=True, gc=False):
    messages: list[_RequestMessage]
    model: str = ""
    user: Any = None
    service_tier: str | None = None
    web_search_options: None = None
    input: None = None
    system: None = None
    instructions: None = None
    systemInstruction: None = None
    system_instruction: None = None
    preamble: None = None


class _Function(msgspec.Struct, frozen=True, gc=False):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct, frozen=True, gc=False):
    index: int | None = None
    id: str | None = None
    function: _Function = _Function()


class _Message(msgspec.Struct, frozen=True, gc=False):
    """`message` of a complete answer, or `delta` of a stream's chunk."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None
    function_call: None = None
    audio: None = None
    executed_tools: None = None


class _Choice(msgspec.Struct, frozen=True, gc=False):
    index: int | None = None
    finish_reason: str | None = None
    message: _Message | None = None
    delta: _Message | None = None
    text: None = None


class _Answer(msgspec.Struct, frozen=True, gc=False):
    choices: list[_Choice]
    id: str | None = None
    object: str = ""
    model: str | None = None
    usage: dict[str, Any] | None = None
    service_tier: str | None = None
    type: None = None
    error: None = None
    errors: None = None
    response: None = None
    result: None = None
    text: None = None
    delta: None = None
    x_groq: Any = None


_decode_request = msgspec.json.Decoder(_ChatRequest).decode
_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_value = msgspec.json.Decoder().decode


def read_common_chat(exchange: CapturedExchange, model_in: Callable[[str], str]) -> ExchangeReading | None:
    """Return the reading of a successful chat call with common members only; None for any other exchange.

    `model_in` finds a model in a path.
    """
    if (
        exchange.operation != "chat"
        or exchange.status >= 400
        or len(exchange.request_body) > _MAX_BYTES
        or exchange.response_type.partition(";")[0] not in _TYPES
    ):
        return None
    body = exchange.response_body
    streams = body.startswith((_DATA, b":"))
    try:
        # msgspec does not check the UTF-8 of what it skips.
        str(exchange.request_body, "utf-8"), str(body, "utf-8")
        request = _decode_request(exchange.request_body)
        prompt_text, system_text = _user_text(request), _system_text(request)
        answers = _events(body) if streams else [_decode_answer(body)]
    except (ValueError, RecursionError):
        return None
    if not prompt_text or not answers:
        return None
    reading = ExchangeReading(
        model_asked=request.model or model_in(unquote(exchange.path.partition("?")[0])),
        prompt_text=prompt_text[:MAX_CHARS],
        system_text=system_text[:MAX_CHARS],
        user=request.user if isinstance(request.user, str) else "",
        stream=streams if exchange.streamed is None else exchange.streamed,
    )
    usage: dict[str, Any] | None = None
    tier = request.service_tier
    text: list[str] = []
    reasoning: list[str] = []
    calls: ToolCalls | None = None
    for answer in answers[:3]:
        if answer.id:
            reading.response_id = answer.id[:MAX_ID]
            break
    for answer in answers:
        if answer.object in ("response", "error"):
            return None
        reading.model_answered = answer.model or reading.model_answered
        if answer.usage:
            usage = answer.usage if usage is None else merge_counts(usage, answer.usage)
        tier = answer.service_tier or tier
        for choice in answer.choices:
            if choice.index:
                continue
            reading.finish_reason = choice.finish_reason or reading.finish_reason
            message = choice.message if choice.delta is None else choice.delta
            if message is None:
                continue
            text += message.content or "", message.refusal or ""
            reasoning.append(message.reasoning_content or message.reasoning or message.thinking or "")
            if message.tool_calls:
                calls = calls or ToolCalls()
                _add_calls(message.tool_calls, calls)
    if "-search-" in reading.model_answered:
        return None
    if tier and tier.lower() not in STANDARD_TIERS:
        reading.conditions = {"service_tier": tier}
    if usage:
        reading.usage = completion_usage(usage, "usage")
    elif any(answer.x_groq for answer in answers):
        return None
    reading.text, reading.reasoning_text = "".join(text), "".join(reasoning)
    if calls is not None:
        reading.tool_calls = calls.done()
    return reading


def _user_text(request: _ChatRequest) -> str:
    """Return the text of the last user message."""
    for message in reversed(request.messages):
        if message.role.lower() == "user":
            return _content_text(message)
    return ""


def _system_text(request: _ChatRequest) -> str:
    """Return the text of the first message if it is the system's."""
    for first in request.messages[:1]:
        if first.role.lower() in SYSTEM_ROLES:
            return _content_text(first)
    return ""


def _content_text(message: _RequestMessage) -> str:
    content = _decode_value(message.content)
    return join_text([content] if isinstance(content, dict) else content)


def _events(body: bytes) -> list[_Answer]:
    """Decode an event stream in which each event is one line of data. Raises ValueError for any other."""
    answers: list[_Answer] = []
    if b"\r" in body:
        raise ValueError(body)
    for event in body.split(b"\n\n"):
        if b"\n" in event:
            raise ValueError(event)
        if event.startswith(_DATA):
            if event != _DONE:
                answers.append(_decode_answer(event[len(_DATA) :]))
        elif event and event[:1] != b":":
            raise ValueError(event)
    return answers


def _add_calls(chunks: list[_Call], calls: ToolCalls) -> None:
    for at, call in enumerate(chunks):
        key: object = call.index
        if key is None:
            key = at if call.id is None else call.id
        calls.add(key, call.id, call.function.name, call.function.arguments)
