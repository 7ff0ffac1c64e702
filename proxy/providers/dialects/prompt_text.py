"""Text of a request, in any dialect: the user's last message, and the system prompt."""

from typing import Any, Final

from proxy.providers.dialects.fields import get_object, get_objects, get_str, join_text

__all__ = ["MAX_CHARS", "SYSTEM_ROLES", "find_system_text", "find_user_text"]

MAX_CHARS: Final = 16_384
"""Readers cut a text after this many characters."""
SYSTEM_ROLES: Final = frozenset({"system", "developer"})


def find_user_text(body: Any) -> str:
    """The last user message, at most `MAX_CHARS` of it; empty where there is none."""
    if not isinstance(body, dict):
        return ""
    return (_of_messages(body) or _of_fields(body))[:MAX_CHARS]


def find_system_text(body: Any) -> str:
    """The system prompt, at most `MAX_CHARS` of it: the first message if it has a system role, else a field."""
    if not isinstance(body, dict):
        return ""
    for key in ("messages", "input"):
        for message in get_objects(body, key)[:1]:
            if str(message.get("role", "")).lower() in SYSTEM_ROLES:
                found = _content_text(message.get("content"))
                if found:
                    return found[:MAX_CHARS]
    for key in ("system", "instructions", "systemInstruction", "system_instruction", "preamble"):
        value = body.get(key)
        found = join_text(value.get("parts")) if isinstance(value, dict) else join_text(value)
        if found:
            return found[:MAX_CHARS]
    return ""


def _content_text(content: object) -> str:
    return join_text([content] if isinstance(content, dict) else content)


def _of_messages(body: dict[str, Any]) -> str:
    for key in ("messages", "input", "contents"):
        for message in reversed(get_objects(body, key)):
            if str(message.get("role", "user")).lower() != "user":
                continue
            found = _content_text(message.get("content", message.get("parts"))) or get_str(message, "text", "message")
            if found:
                return found
    return ""


def _of_fields(body: dict[str, Any]) -> str:
    for key in ("prompt", "message", "input", "query", "inputText", "texts", "inputs", "text", "content"):
        value = body.get(key)
        if isinstance(value, list) and value:
            value = next((part for part in value if isinstance(part, str | dict)), "")
        found = value if isinstance(value, str) else get_str(value, "text", "content")
        if not found and isinstance(value, dict):
            found = join_text(value.get("parts"))
        if found:
            return found
    for instance in get_objects(body, "instances")[:1] + get_objects(body, "requests")[:1]:
        found = get_str(instance, "content", "prompt", "text") or join_text(
            get_object(instance, "content").get("parts")
        )
        if found:
            return found
    return ""
