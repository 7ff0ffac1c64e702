"""The start of what the user said last, from a request of any dialect."""

from typing import Any

from proxy.providers.dialects.fields import items, one, text_of, word

__all__ = ["CHARS", "preview"]

CHARS = 1000


def preview(body: Any) -> str:
    """Text of the last user message, at most 1,000 characters; empty where there is none."""
    if not isinstance(body, dict):
        return ""
    return (_of_messages(body) or _of_fields(body))[:CHARS]


def _of_messages(body: dict[str, Any]) -> str:
    for key in ("messages", "input", "contents"):
        for message in reversed(items(body, key)):
            if str(message.get("role", "user")).lower() != "user":
                continue
            content = message.get("content", message.get("parts"))
            found = text_of([content] if isinstance(content, dict) else content) or word(message, "text", "message")
            if found:
                return found
    return ""


def _of_fields(body: dict[str, Any]) -> str:
    for key in ("prompt", "message", "input", "query", "inputText", "texts", "inputs", "text", "content"):
        value = body.get(key)
        if isinstance(value, list) and value:
            value = next((part for part in value if isinstance(part, str | dict)), "")
        found = value if isinstance(value, str) else word(value, "text", "content")
        if not found and isinstance(value, dict):
            found = text_of(value.get("parts"))
        if found:
            return found
    for instance in items(body, "instances")[:1] + items(body, "requests")[:1]:
        found = word(instance, "content", "prompt", "text") or text_of(one(instance, "content").get("parts"))
        if found:
            return found
    return ""
