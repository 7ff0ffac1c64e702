"""What a header's value may be: a test of the value, and the words that an error message and the docs say of it."""

from collections.abc import Callable
from typing import Final, NamedTuple

__all__ = ["ANY", "FLAG", "UUIDS", "Accepted", "integer", "number", "one_of", "text"]


_HEX: Final = frozenset("0123456789abcdefABCDEF")
_DASHES: Final = [8, 13, 18, 23]


class Accepted(NamedTuple):
    """`fits(value)` tells whether a value is accepted; `words` says what is."""

    words: str
    fits: Callable[[str], bool]
    max_chars: int = 0
    """Where only the length of a text counts: the longest."""


def text(max_chars: int) -> Accepted:
    """Text of at most `max_chars` characters."""
    return Accepted(f"text of at most {max_chars} characters", lambda value: len(value) <= max_chars, max_chars)


def integer(low: int, high: int, unit: str = "a whole number") -> Accepted:
    """Digits alone, `low` to `high`."""
    return Accepted(
        f"{unit}, {low} to {high}",
        lambda value: value.isascii() and value.isdigit() and len(value) < 12 and low <= int(value) <= high,
    )


def number(low: float, high: float) -> Accepted:
    """A number with or without decimals, `low` to `high`."""

    def fits(value: str) -> bool:
        try:
            return "_" not in value and low <= float(value) <= high
        except ValueError:
            return False

    return Accepted(f"a number, {low:g} to {high:g}", fits)


def one_of(*words: str) -> Accepted:
    """One of the words, as they are written."""
    return Accepted(" or ".join(words), lambda value: value in words)


def _is_uuid(value: str) -> bool:
    value = value.strip()
    digits = value.replace("-", "")
    return (
        len(value) == 36
        and len(digits) == 32
        and [at for at in _DASHES if value[at] == "-"] == _DASHES
        and (_HEX.issuperset(digits))
    )


ANY: Final = Accepted("text", lambda value: True)
FLAG: Final = Accepted("true or false", lambda value: value.lower() in ("true", "false"))
UUIDS: Final = Accepted("a UUID of any version", _is_uuid)
