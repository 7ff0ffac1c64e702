"""What one filling in of a template may make: counted while it is made."""

from collections.abc import Hashable, Mapping
from typing import Any, Final

import msgspec

from proxy.core.errors import BadRequest

__all__ = ["MOST_PLACES", "Path", "Rendering", "shown_path", "too_large"]

MOST_PLACES: Final = 20_000
"""Placeholders in one body, and variables put in by one rendering."""
_FREE_CHARS: Final = 1 << 20
_GROWTH: Final = 4
"""How much larger what is made may be than the texts and values that it is made of, beyond `_FREE_CHARS`."""

Path = tuple[str | int, ...]
"""Where a string stands in a body."""

_text = msgspec.json.Encoder().encode


class Rendering:
    """One filling in: its values, and how much may still be made."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self._room = _FREE_CHARS
        self._places = MOST_PLACES
        self._seen: set[Hashable] = set()
        self._texts: dict[tuple[str, int], str] = {}
        """Of each value that was put in, by its name and identity: a default may differ from prompt to prompt."""

    def allow(self, chars: int) -> None:
        """Make room for what comes from a text or value of this length."""
        self._room += _GROWTH * chars

    def allow_once(self, key: Hashable, chars: int) -> None:
        """The same, for a text that may be taken several times."""
        if key not in self._seen:
            self._seen.add(key)
            self.allow(chars)

    def put(self, name: str, value: Any, path: Path) -> str:
        """The text of a value. Raises `BadRequest` where there is no room for it."""
        self._places -= 1
        if self._places < 0:
            raise too_large(path, f"more than {MOST_PLACES} variables are put in")
        key = (name, id(value))
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = value if isinstance(value, str) else _text(value).decode()
            self.allow(len(text))
        return self.take(text, path)

    def take(self, text: str, path: Path) -> str:
        """The text, counted. Raises `BadRequest` where there is no room for it."""
        self._room -= len(text)
        if self._room < 0:
            raise too_large(path, "what is put in becomes too large")
        return text


def shown_path(path: Path) -> str:
    """`$.messages[0].content`."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def too_large(path: Path, found: str) -> BadRequest:
    """The error for a body that becomes too large where it is filled in."""
    return BadRequest(
        f"{shown_path(path)}: {found}; accepted: {_FREE_CHARS} characters, or {_GROWTH} times the template and its "
        f"values, and {MOST_PLACES} variables.",
        code="filled_too_large", param=shown_path(path),
    )  # fmt: skip
