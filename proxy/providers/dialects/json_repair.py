"""Repairs truncated JSON: returns what it says as far as it goes."""

import json
from typing import Any

import msgspec

__all__ = ["repair_json"]

_NEVER_PARTIAL = frozenset({"usage", "usageMetadata", "usage_metadata", "billed_units", "meta"})
"""An object of this name that a cut went through is left out: half a usage is a wrong usage."""


class _OpenBracket(msgspec.Struct):
    """A bracket that is still open."""

    bracket: str
    under: str
    """The member that holds it."""
    begin: int
    """Where that member begins."""
    wants_key: bool
    key: str = ""
    key_at: int = 0


def repair_json(data: bytes) -> Any:
    """The value of a JSON text that was cut, or None where nothing of it stands.

    A string that was cut keeps its beginning; a number, a name or a usage object that was cut is left out.
    """
    text = data.decode("utf-8", "ignore")
    opened, sound, tail = _scan(text)
    for depth, bracket in enumerate(opened):
        if bracket.under in _NEVER_PARTIAL:
            sound, tail, opened = bracket.begin, "", opened[:depth]
            break
    closers = "".join("}" if bracket.bracket == "{" else "]" for bracket in reversed(opened))
    try:
        return json.loads(text[:sound].rstrip().rstrip(",") + tail + closers)
    except (ValueError, RecursionError):
        return None


def _scan(text: str) -> tuple[list[_OpenBracket], int, str]:
    """The brackets open at the cut, up to where the text stands once they are closed, and what ends a cut string."""
    opened: list[_OpenBracket] = []
    sound, at, end = 0, 0, len(text)
    while at < end:
        char = text[at]
        top = opened[-1] if opened else None
        if char == '"':
            stop = _string_end(text, at)
            if stop < 0:
                return (opened, sound, "") if top is None or top.wants_key else (opened, _string_cut(text, at), '"')
            if top is not None and top.wants_key:
                top.key, top.key_at = text[at + 1 : stop], at
            else:
                sound = stop + 1
            at = stop
        elif char in "{[":
            held = (top.key, top.key_at) if top is not None and top.bracket == "{" else ("", 0)
            opened.append(_OpenBracket(char, *held, char == "{"))
            sound = at + 1
        elif char in "}]":
            if top is None:
                break
            opened.pop()
            sound = at + 1
        elif char == "," and top is not None:
            sound, top.wants_key = at, top.bracket == "{"
        elif char == ":" and top is not None:
            top.wants_key = False
        at += 1
    return opened, sound, ""


def _string_end(text: str, at: int) -> int:
    """Where the string that begins at `at` ends; -1 where it was cut."""
    stop = text.find('"', at + 1)
    while stop > 0:
        slashes = stop
        while text[slashes - 1] == "\\":
            slashes -= 1
        if (stop - slashes) % 2 == 0:
            return stop
        stop = text.find('"', stop + 1)
    return -1


def _string_cut(text: str, at: int) -> int:
    """The end of the text, or the beginning of an escape that was cut."""
    slash = text.rfind("\\", max(at, len(text) - 6))
    if slash < 0:
        return len(text)
    first = slash
    while text[first - 1] == "\\":
        first -= 1
    if (slash - first) % 2:
        return len(text)
    escape_chars = 6 if text[slash + 1 : slash + 2] == "u" else 2
    return slash if len(text) - slash < escape_chars else len(text)
