"""The built-in rules for prompt injection: patterns of `injection.toml` over normalised text.

They catch attacks that are spelled out, and nothing cleverer. They cost microseconds and need no model.
"""

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["find_injections", "injection_rules"]

_FILE: Final = Path(__file__).with_name("injection.toml")
_HIDDEN: Final = dict.fromkeys(
    [0x00AD, 0x180E, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065)]
)
"""Characters without a width, which split a word for a pattern and not for a model."""
_TAGS: Final = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}
"""Invisible copies of ASCII, which models read."""


@cache
def injection_rules() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Name and pattern of each rule; read once."""
    rows = tomllib.loads(_FILE.read_text("utf-8"))["rule"]
    return tuple((row["name"], re.compile(row["pattern"], re.DOTALL | re.MULTILINE)) for row in rows)


def find_injections(text: str) -> list[str]:
    """Return the names of the rules that the text breaks."""
    text = unicodedata.normalize("NFKC", text.translate(_HIDDEN | _TAGS)).casefold()
    return [name for name, pattern in injection_rules() if pattern.search(text)]
