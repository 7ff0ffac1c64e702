"""Prompts and answers of a span as chat messages, from each form that conventions give them.

Messages are `{"role", "content"}` with `tool_calls` and `tool_call_id` where there are some: the form of OpenAI's chat.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from proxy.ingest.otlp.span import Span

__all__ = ["Conversation", "decode_text", "read_conversation"]

_INPUTS: Final = ("gen_ai.prompt", "llm.prompts", "llm.input_messages")
_OUTPUTS: Final = ("gen_ai.completion", "llm.completions", "llm.output_messages")
_EVENT_ROLES: Final = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_DETAILS: Final = "gen_ai.client.inference.operation.details"
_ROLES: Final = {"human": "user", "ai": "assistant", "model": "assistant", "function": "tool"}
_MAX_INDEX: Final = 10_000

Message = dict[str, Any]


class Conversation(msgspec.Struct):
    """What was asked and what was answered; each answer has a `finish_reason`, which may be empty."""

    asked: list[Message] = []
    answered: list[Message] = []


def read_conversation(span: Span) -> Conversation:
    """The messages that the span holds; empty where content is not captured."""
    attributes: dict[str, Any] = dict(span.attributes)
    for event in span.events:
        if event.name in (_DETAILS, "gen_ai.content.prompt", "gen_ai.content.completion"):
            attributes = {**event.attributes, **attributes}
    asked = _system(attributes) + _from_json(attributes, ("gen_ai.input.messages", "ai.prompt.messages"))
    answered = _from_json(attributes, ("gen_ai.output.messages",))
    asked = asked or _first(_indexed(attributes, prefix) for prefix in _INPUTS)
    answered = answered or _first(_indexed(attributes, prefix) for prefix in _OUTPUTS)
    asked = asked or _from_events(span) or _from_json(attributes, ("gen_ai.prompt", "ai.prompt"))
    answered = answered or _from_choices(span) or _from_json(attributes, ("gen_ai.completion", "ai.response.text"))
    if not asked:
        asked = _plain(attributes, ("input.value", "traceloop.entity.input"), "user")
    if not answered:
        answered = _plain(attributes, ("output.value", "traceloop.entity.output"), "assistant")
    return Conversation(asked, answered)


def decode_text(value: Any) -> Any:
    """The JSON value in a text; the text itself where it is none, and any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return msgspec.json.decode(value)
        except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
            return value
    return value


def _first(found: Any) -> list[Message]:
    return next((messages for messages in found if messages), [])


def _system(attributes: Mapping[str, Any]) -> list[Message]:
    parts = decode_text(attributes.get("gen_ai.system_instructions"))
    if not parts:
        return []
    return [_message({"role": "system", "parts": parts} if isinstance(parts, list) else {"content": parts}, "system")]


def _from_json(attributes: Mapping[str, Any], names: tuple[str, ...]) -> list[Message]:
    """Messages of an attribute that holds a list of them, as JSON or as values; a plain text is one message."""
    for name in names:
        value = decode_text(attributes.get(name))
        role = "assistant" if name in ("gen_ai.output.messages", "gen_ai.completion", "ai.response.text") else "user"
        if isinstance(value, dict):
            value = value.get("messages", [value])
        if isinstance(value, list) and value:
            return [_message(each, role) for each in value]
        if isinstance(value, str) and value:
            return [{"role": role, "content": value}]
    return []


def _plain(attributes: Mapping[str, Any], names: tuple[str, ...], role: str) -> list[Message]:
    for name in names:
        value = attributes.get(name)
        if value:
            return [{"role": role, "content": value if isinstance(value, str) else _json(value)}]
    return []


def _indexed(attributes: Mapping[str, Any], prefix: str) -> list[Message]:
    """Messages of attributes such as `gen_ai.prompt.0.content` and `llm.input_messages.0.message.role`."""
    tree: dict[str, Any] = {}
    start = prefix + "."
    for name, value in attributes.items():
        if name.startswith(start):
            *path, last = name[len(start) :].split(".")[:12]
            node = tree
            for part in path:
                below = node.setdefault(part, {})
                if not isinstance(below, dict):
                    below = node[part] = {}
                node = below
            if not isinstance(node.get(last), dict):
                node[last] = value
    role = "assistant" if prefix in _OUTPUTS else "user"
    return [_message(each.get("message", each), role) for each in _listed(tree) if isinstance(each, dict)]


def _listed(tree: Any) -> list[Any]:
    """The values of `{"0": …, "1": …}` in the order of their numbers."""
    if isinstance(tree, list):
        return tree
    if not isinstance(tree, dict):
        return []
    numbers = sorted(int(key) for key in tree if key.isdigit() and len(key) < 6 and int(key) < _MAX_INDEX)
    return [tree[key] for key in map(str, numbers) if key in tree]


def _from_events(span: Span) -> list[Message]:
    return [
        _message({**event.attributes, **_body(event.attributes)}, role)
        for event in span.events
        if (role := _EVENT_ROLES.get(event.name)) is not None
    ]


def _from_choices(span: Span) -> list[Message]:
    found: list[Message] = []
    for event in span.events:
        if event.name == "gen_ai.choice":
            values = {**event.attributes, **_body(event.attributes)}
            message = decode_text(values.get("message"))
            found.append(_message({**values, **message} if isinstance(message, dict) else values, "assistant"))
    return found


def _body(attributes: Mapping[str, Any]) -> dict[str, Any]:
    body = decode_text(attributes.get("gen_ai.event.content", attributes.get("body")))
    return body if isinstance(body, dict) else {}


def _message(value: Any, role: str) -> Message:
    """One message in the form of OpenAI's chat."""
    if not isinstance(value, dict):
        return {"role": role, "content": value if isinstance(value, str) else _json(value)}
    named = value.get("role") if isinstance(value.get("role"), str) else role
    message: Message = {"role": _ROLES.get(str(named).lower(), str(named).lower())}
    contents: list[Any] = []
    calls: list[dict[str, Any]] = []
    parts = value.get("parts", value.get("contents", value.get("content")))
    parts = decode_text(parts) if isinstance(parts, str) and parts[:2] in ("[{", "{") else parts
    if isinstance(parts, dict):
        parts = _listed(parts) or [parts]
    for part in parts if isinstance(parts, list) else [parts]:
        _add_part(part, message, contents, calls)
    for call in _listed(decode_text(value.get("tool_calls"))):
        call = call.get("tool_call", call) if isinstance(call, dict) else {}
        inner = call.get("function")
        function = inner if isinstance(inner, dict) else call
        calls.append(_call(call.get("id"), function.get("name"), function.get("arguments")))
    if all(isinstance(part, str) for part in contents):
        message["content"] = "".join(contents)
    else:
        message["content"] = [{"type": "text", "text": part} if isinstance(part, str) else part for part in contents]
    if calls:
        message["tool_calls"] = calls
    for name in ("tool_call_id", "id"):
        if message["role"] == "tool" and isinstance(value.get(name), str):
            message.setdefault("tool_call_id", value[name])
    reason = value.get("finish_reason")
    if isinstance(reason, str) and reason:
        message["finish_reason"] = reason
    return message


def _add_part(part: Any, message: Message, contents: list[Any], calls: list[dict[str, Any]]) -> None:
    part = part.get("message_content", part) if isinstance(part, dict) else part
    if part is None:
        return
    if not isinstance(part, dict):
        contents.append(part if isinstance(part, str) else _json(part))
        return
    kind = part.get("type")
    if kind == "tool_call":
        calls.append(_call(part.get("id"), part.get("name"), part.get("arguments")))
    elif kind == "tool_call_response":
        message["role"] = "tool"
        message["tool_call_id"] = str(part.get("id") or "")
        result = part.get("response", part.get("result"))
        contents.append(result if isinstance(result, str) else _json(result))
    elif kind in ("reasoning", "thinking"):
        message["reasoning_content"] = str(part.get("content", part.get("text")) or "")
    elif kind in ("text", None) and isinstance(part.get("content", part.get("text")), str):
        contents.append(part.get("content", part.get("text")))
    else:
        contents.append(part)


def _call(id: Any, name: Any, arguments: Any) -> dict[str, Any]:
    return {
        "id": str(id or ""),
        "type": "function",
        "function": {
            "name": str(name or ""),
            "arguments": arguments if isinstance(arguments, str) else _json({} if arguments is None else arguments),
        },
    }


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
