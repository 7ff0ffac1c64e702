"""What a setting is, and what values are accepted."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

__all__ = ["BYTES", "COUNT", "PORT", "SECONDS", "SECONDS_LIST", "Setting", "Value", "one_of", "positive"]

Value = str | int | float | bool


class Setting(NamedTuple):
    """One setting; `expected` says in words what `accepts` lets through."""

    name: str
    default: Value
    help: str
    expected: str = ""
    accepts: Callable[[Any], bool] | None = None


def positive(value: float) -> bool:
    return value > 0


def _is_port(value: int) -> bool:
    return 0 <= value <= 65535


def _are_seconds(text: str) -> bool:
    try:
        return all(0 < float(part) < 1e7 for part in text.split(","))
    except ValueError:
        return False


def one_of(*words: str) -> tuple[str, Callable[[Any], bool]]:
    """What `Setting` wants of a setting that is one of these words."""
    return "one of " + ", ".join(words), lambda value: value in words


PORT: Final = ("a port, 0 to 65535", _is_port)
SECONDS: Final = ("a number of seconds above 0", positive)
COUNT: Final = ("a whole number above 0", positive)
BYTES: Final = ("a number of bytes above 0", positive)
SECONDS_LIST: Final = ("numbers of seconds above 0, comma-separated", _are_seconds)
