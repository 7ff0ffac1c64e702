"""Typed access to decoded JSON: returns the field if it has that type, else an empty value. Never raises."""

from typing import Any

__all__ = ["get_float", "get_int", "get_list", "get_object", "get_objects", "get_str", "join_text"]


def get_object(value: object, *keys: str) -> dict[str, Any]:
    """The object at `keys`, or an empty one."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def get_list(value: object, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def get_objects(value: object, key: str) -> list[dict[str, Any]]:
    """The objects in the list at `key`."""
    return [item for item in get_list(value, key) if isinstance(item, dict)]


def get_str(value: object, *keys: str) -> str:
    """The first non-empty string among `keys`."""
    if isinstance(value, dict):
        for key in keys:
            found = value.get(key)
            if found and isinstance(found, str):
                return found
    return ""


def get_int(value: object, *keys: str) -> int | None:
    """Return the first integer among `keys`; a float with an integer value counts, a boolean does not."""
    if isinstance(value, dict):
        for key in keys:
            found = value.get(key)
            if type(found) is int:
                return found
            if type(found) is float and found.is_integer():
                return int(found)
    return None


def get_float(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def join_text(content: object) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part if isinstance(part, str) else get_str(part, "text", "refusal") for part in content)
    return "".join(parts)
