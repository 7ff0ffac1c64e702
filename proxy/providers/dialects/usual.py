"""Chat of OpenAI's shape as nearly all of it is, read typed: msgspec builds what is asked for and skips the rest.

`read_usual` is `openai.read` for these bodies, at a third of its time, and None for any other: whatever member is of
another type, or has a meaning that is not told here, fails the decoding. A test holds both to the same reading.
"""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from proxy.providers.dialects.assembly import Calls
from proxy.providers.dialects.base import Exchange, Reading
from proxy.providers.dialects.counts import completion_usage
from proxy.providers.dialects.fields import text_of
from proxy.providers.dialects.previews import CHARS

__all__ = ["read_usual"]

_MOST_BYTES: Final = 8 << 20
_TYPES: Final = ("application/json", "text/event-stream")
_DATA: Final = b"data: "
_DONE: Final = b"data: [DONE]"

# Members of the type None have a say in a reading, but none here: they must be absent, or null.


class _Said(msgspec.Struct, frozen=True, gc=False):
    role: str = "user"
    content: msgspec.Raw = msgspec.Raw()


class _Asked(msgspec.Struct, frozen=True, gc=False):
    messages: list[_Said]
    model: str = ""
    user: Any = None


class _Function(msgspec.Struct, frozen=True, gc=False):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct, frozen=True, gc=False):
    index: int | None = None
    id: str | None = None
    function: _Function = _Function()


class _Message(msgspec.Struct, frozen=True, gc=False):
    """Of a whole answer or, as `delta`, of a piece of one."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None
    function_call: None = None


class _Choice(msgspec.Struct, frozen=True, gc=False):
    index: int | None = None
    finish_reason: str | None = None
    message: _Message | None = None
    delta: _Message | None = None
    text: None = None


class _Answer(msgspec.Struct, frozen=True, gc=False):
    choices: list[_Choice]
    object: str = ""
    model: str | None = None
    usage: dict[str, Any] | None = None
    type: None = None
    error: None = None
    errors: None = None
    response: None = None
    result: None = None
    text: None = None
    delta: None = None
    x_groq: Any = None


_asked = msgspec.json.Decoder(_Asked).decode
_answer = msgspec.json.Decoder(_Answer).decode
_value = msgspec.json.Decoder().decode


def read_usual(exchange: Exchange, model_in: Callable[[str], str]) -> Reading | None:
    """The reading of a chat that went well and shows nothing out of the ordinary; None for any other exchange.

    `model_in` finds a model in a path."""
    if (
        exchange.operation != "chat"
        or exchange.status >= 400
        or len(exchange.request_body) > _MOST_BYTES
        or exchange.response_type.partition(";")[0] not in _TYPES
    ):
        return None
    body = exchange.response_body
    streams = body.startswith((_DATA, b":"))
    try:
        # What msgspec skips it does not hold to UTF-8.
        str(exchange.request_body, "utf-8"), str(body, "utf-8")
        asked = _asked(exchange.request_body)
        preview = _preview(asked)
        answers = _events(body) if streams else [_answer(body)]
    except (ValueError, RecursionError):
        return None
    if not preview or not answers:
        return None
    reading = Reading(
        model_asked=asked.model or model_in(unquote(exchange.path.partition("?")[0])),
        prompt_preview=preview[:CHARS],
        user=asked.user if isinstance(asked.user, str) else "",
        stream=streams if exchange.streamed is None else exchange.streamed,
    )
    usage: dict[str, Any] | None = None
    text: list[str] = []
    thought: list[str] = []
    calls: Calls | None = None
    for answer in answers:
        if answer.object in ("response", "error"):
            return None
        reading.model_answered = answer.model or reading.model_answered
        usage = answer.usage or usage
        for choice in answer.choices:
            if choice.index:
                continue
            reading.finish_reason = choice.finish_reason or reading.finish_reason
            message = choice.message if choice.delta is None else choice.delta
            if message is None:
                continue
            text += message.content or "", message.refusal or ""
            thought.append(message.reasoning_content or message.reasoning or message.thinking or "")
            if message.tool_calls:
                calls = calls or Calls()
                _add_calls(message.tool_calls, calls)
    if usage:
        reading.usage = completion_usage(usage, "usage")
    elif any(answer.x_groq for answer in answers):
        return None
    reading.text, reading.reasoning_text = "".join(text), "".join(thought)
    if calls is not None:
        reading.tool_calls = calls.done()
    return reading


def _preview(asked: _Asked) -> str:
    """The text of the last user message."""
    for message in reversed(asked.messages):
        if message.role.lower() == "user":
            content = _value(message.content)
            return text_of([content] if isinstance(content, dict) else content)
    return ""


def _events(body: bytes) -> list[_Answer]:
    """The documents of an event stream in which each event is one line of data; raises ValueError for any other."""
    found: list[_Answer] = []
    if b"\r" in body:
        raise ValueError(body)
    for event in body.split(b"\n\n"):
        if b"\n" in event:
            raise ValueError(event)
        if event.startswith(_DATA):
            if event != _DONE:
                found.append(_answer(event[len(_DATA) :]))
        elif event and event[:1] != b":":
            raise ValueError(event)
    return found


def _add_calls(pieces: list[_Call], calls: Calls) -> None:
    for at, call in enumerate(pieces):
        key: object = call.index
        if key is None:
            key = at if call.id is None else call.id
        calls.add(key, call.id, call.function.name, call.function.arguments)
