"""Text of a request that does not come from its author: messages of users and results of tools, in any dialect."""

from typing import Any, Final

__all__ = ["find_caller_texts"]

_OWN_ROLES: Final = frozenset({"system", "developer", "assistant", "model", "chatbot", "ai"})
"""Who wrote a message that is left out: the author of the application, and the model."""
_MESSAGES: Final = ("messages", "input", "contents", "chat_history")
_FIELDS: Final = (
    "prompt", "suffix", "message", "query", "documents", "inputText", "texts", "inputs", "text", "content",
    "instances", "requests",
)  # fmt: skip
"""Where calls without messages have their text: completions, embeddings, pictures, speech, rerank."""
_NO_TEXT: Final = frozenset(
    {
        "type", "role", "id", "name", "model", "data", "url", "image_url", "file_url", "file_id", "file_data",
        "fileUri", "image", "audio", "bytes", "cache_control", "media_type", "mime_type", "mimeType", "tool_use_id",
        "toolUseId", "tool_call_id", "call_id", "status", "format", "task", "task_type", "taskType", "signature",
        "thoughtSignature", "encrypted_content",
    }
)  # fmt: skip
"""Fields of a message whose strings are no text: names, ids, addresses, pictures."""


def find_caller_texts(body: Any) -> list[str]:
    """Return one text for each message of a user or tool, its parts joined by line breaks; oldest first.

    Without the system prompt and without what the model answered. `body` is decoded JSON; never raises.
    """
    if isinstance(body, list):
        return [text for item in body for text in find_caller_texts(item)]
    if not isinstance(body, dict):
        return []
    found: list[str] = []
    for key in _MESSAGES:
        value = body.get(key)
        found += [_join(item) for item in (value if isinstance(value, list) else [value]) if _is_of_caller(item)]
    found += [_join(item) for key in _FIELDS for item in _items(body.get(key))]
    return [text for text in found if text and not text.isspace()]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_of_caller(item: Any) -> bool:
    if not isinstance(item, dict):
        return isinstance(item, str)
    role = item.get("role")
    if isinstance(role, str) and role:
        return role.lower() not in _OWN_ROLES
    kind = item.get("type")
    # Items of Responses without a role: calls and reasoning are the model's, their outputs come from tools.
    return not isinstance(kind, str) or kind == "message" or kind.endswith(("_output", "text"))


def _join(value: Any) -> str:
    """Every string in `value`, in its order, but for fields that hold no text."""
    found: list[str] = []
    rest = [value]
    while rest:  # not by recursion: a body may be nested deep
        one = rest.pop()
        if isinstance(one, str):
            if not one.startswith("data:"):
                found.append(one)
        elif isinstance(one, list):
            rest.extend(reversed(one))
        elif isinstance(one, dict):
            is_plain = one.get("type") == "text"  # a document of Anthropic has its text in `data`
            rest.extend(
                part for key, part in reversed(one.items()) if key not in _NO_TEXT or (key == "data" and is_plain)
            )
    return "\n".join(found)
