"""Reads the conversation of a call out of its bodies, as the messages of the GenAI conventions.

Requests of the large API formats are understood (chat, responses, messages, generate_content, converse, completions,
embeddings); what a message holds beside text and tools is passed on as it is. Responses come from what the shipper has
assembled of them already.
"""

from typing import Any

import msgspec

from proxy.logstore import BodyRow

__all__ = ["Talk", "read_messages"]

Part = dict[str, Any]
Entry = dict[str, Any]


class Talk(msgspec.Struct, frozen=True):
    """`system` are parts; the others are messages of a role and parts. An answer has a `finish_reason`."""

    system: list[Part]
    asked: list[Entry]
    answered: list[Entry]

    def as_events(self) -> list[tuple[str, Entry]]:
        """What was asked as the events of version 1.36: the name of each (`system`, `user`, …), and its content."""
        entries = [{"role": "system", "parts": self.system}] if self.system else []
        return [(entry["role"], _event(entry)) for entry in [*entries, *self.asked]]

    def as_choice(self) -> Entry:
        """The answer as an event of version 1.36."""
        answer = self.answered[0]
        return {"index": 0, "finish_reason": answer.get("finish_reason", ""), "message": _event(answer)}


def read_messages(body: BodyRow, finish_reason: str) -> Talk:
    """The conversation; empty where the body is of no known form."""
    system, asked = _request(_decode(body.sent or body.request)) if not body.request_base64 else ([], [])
    parts: list[Part] = [{"type": "text", "content": body.response_text}] if body.response_text else []
    for call in _list(_decode(body.tool_calls)):
        if isinstance(call, dict):
            parts.append(_tool_call(call))
    answered = [{"role": "assistant", "parts": parts, "finish_reason": finish_reason}] if parts else []
    return Talk(system, asked, answered)


def _request(document: Any) -> tuple[list[Part], list[Entry]]:
    if not isinstance(document, dict):
        return [], []
    system: list[Part] = []
    for name in ("system", "instructions", "systemInstruction", "system_instruction"):
        if document.get(name):
            value = document[name]
            system += _parts(value.get("parts") if isinstance(value, dict) else value)
    asked: list[Entry] = []
    for name in ("messages", "contents", "input", "prompt"):
        value = document.get(name)
        if isinstance(value, str):
            asked.append({"role": "user", "parts": _parts(value)})
        for each in _list(value):
            entry = _entry(each)
            if entry["role"] in ("system", "developer"):
                system += entry["parts"]
            else:
                asked.append(entry)
    return system, asked


def _entry(value: Any) -> Entry:
    if not isinstance(value, dict):
        return {"role": "user", "parts": _parts(value)}
    kind = value.get("type")
    if kind == "function_call":
        return {"role": "assistant", "parts": [_tool_call(value)]}
    if kind == "function_call_output":
        answer = {"type": "tool_call_response", "id": value.get("call_id", ""), "result": value.get("output")}
        return {"role": "tool", "parts": [answer]}
    role = {"model": "assistant", "function": "tool"}.get(value.get("role") or "user", value.get("role") or "user")
    parts = _parts(value.get("content", value.get("parts")))
    if role == "tool":
        result = parts[0].get("content") if len(parts) == 1 else value.get("content")
        parts = [{"type": "tool_call_response", "id": value.get("tool_call_id", ""), "result": result}]
    parts += [_tool_call(call) for call in _list(value.get("tool_calls")) if isinstance(call, dict)]
    return {"role": str(role), "parts": parts}


def _parts(value: Any) -> list[Part]:
    if isinstance(value, str):
        return [{"type": "text", "content": value}]
    return [_part(part) for part in (value if isinstance(value, list) else [value]) if part is not None]


def _part(value: Any) -> Part:
    if not isinstance(value, dict):
        return {"type": "text", "content": value if isinstance(value, str) else _text(value)}
    kind, text = value.get("type"), value.get("text")
    if isinstance(text, str) and kind in (None, "text", "input_text", "output_text"):
        return {"type": "text", "content": text}
    if kind == "tool_use" or "functionCall" in value or "toolUse" in value:
        return _tool_call(value.get("functionCall") or value.get("toolUse") or value)
    if kind == "tool_result":
        return {"type": "tool_call_response", "id": value.get("tool_use_id", ""), "result": value.get("content")}
    return {"type": str(kind or "other"), "content": value}


def _tool_call(call: Entry) -> Part:
    function = call.get("function") if isinstance(call.get("function"), dict) else call
    assert function is not None
    arguments = function.get("arguments", function.get("input", function.get("args")))
    if isinstance(arguments, str):
        decoded = _decode(arguments)
        arguments = arguments if decoded is None else decoded
    id = call.get("call_id") or call.get("id") or call.get("toolUseId") or ""
    return {"type": "tool_call", "id": id, "name": function.get("name", ""), "arguments": arguments}


def _event(entry: Entry) -> Entry:
    """A message as the body of an event of version 1.36."""
    texts = [part["content"] for part in entry["parts"] if part["type"] == "text"]
    event: Entry = {"role": entry["role"], "content": "".join(map(str, texts))}
    for part in entry["parts"]:
        if part["type"] == "tool_call":
            function = {"name": part["name"], "arguments": _text(part["arguments"])}
            event.setdefault("tool_calls", []).append({"id": part["id"], "type": "function", "function": function})
        elif part["type"] == "tool_call_response":
            event |= {"id": part["id"], "content": part["result"]}
    return event


def _decode(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
