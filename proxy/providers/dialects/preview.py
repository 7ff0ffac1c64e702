"""Preview of a request: the start of the user's last message, in any dialect."""

from typing import Any

from proxy.providers.dialects.fields import get_object, get_objects, get_str, join_text

__all__ = ["CHARS", "preview"]

CHARS = 1000


def preview(body: Any) -> str:
    """Text of the last user message, at most 1,000 characters; empty where there is none."""
    if not isinstance(body, dict):
        return ""
    return (_of_messages(body) or _of_fields(body))[:CHARS]


def _of_messages(body: dict[str, Any]) -> str:
    for key in ("messages", "input", "contents"):
        for message in reversed(get_objects(body, key)):
            if str(message.get("role", "user")).lower() != "user":
                continue
            content = message.get("content", message.get("parts"))
            found = join_text([content] if isinstance(content, dict) else content) or get_str(
                message, "text", "message"
            )
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
