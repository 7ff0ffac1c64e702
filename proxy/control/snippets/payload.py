"""The body of a call as a snippet holds it: a JSON value, text, bytes, or a file beside the snippet."""

import base64
import json
from typing import Any, Final, Literal

import msgspec

__all__ = ["MAX_INLINE_BYTES", "Payload", "payload_of"]

MAX_INLINE_BYTES: Final = 100_000
"""Larger bodies are read from a file: Linux takes at most 128 KiB as one argument of a command."""
_MAX_EXACT_INTEGER: Final = 2**53
"""JavaScript reads larger whole numbers inexactly. Infinity is larger, too: JSON has none, 1e999 makes it."""


class Payload(msgspec.Struct, frozen=True):
    """A request body. `json` holds a value that every language can write as a literal without changing it."""

    kind: Literal["none", "json", "text", "base64", "file"] = "none"
    text: str = ""
    """The body itself, its base64, or the name of the file."""
    json: Any = None


def payload_of(body: bytes) -> Payload:
    """The payload that stands in the snippet itself."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:  # no argument of a command can hold it
        return Payload("base64", base64.b64encode(body).decode())
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)
        if isinstance(value, dict | list) and _is_exact(value):
            return Payload("json", text, value)
    except (ValueError, RecursionError):
        pass
    return Payload("text", text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _is_exact(value: Any) -> bool:
    match value:
        case dict():
            # A literal {"__proto__": …} of JavaScript sets the prototype.
            return "__proto__" not in value and all(_is_exact(key) and _is_exact(each) for key, each in value.items())
        case list():
            return all(map(_is_exact, value))
        case str():
            return not any("\ud800" <= char <= "\udfff" for char in value)
        case bool() | None:
            return True
        case _:  # also a decimal fraction: JavaScript writes a large one with other digits
            return bool(abs(value) <= _MAX_EXACT_INTEGER)
