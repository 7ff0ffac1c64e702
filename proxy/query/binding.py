"""Values bound by name in SQL, and what an expression is made for."""

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any, Final

import msgspec

__all__ = ["MAX_TIME_US", "Binder", "Context", "Sql", "Window"]

MAX_TIME_US: Final = 4_102_444_800_000_000
"""The year 2100: later than any call."""


class Window(msgspec.Struct, frozen=True):
    """Starts of calls, microseconds since the epoch: from `since_us` to before `until_us`."""

    since_us: int = 0
    until_us: int = MAX_TIME_US


class Sql(msgspec.Struct, frozen=True):
    """A condition or an expression, and the values that it binds by name."""

    text: str
    values: Mapping[str, Any]


class Binder:
    """Gives each value a name of its own, `<prefix>0`, `<prefix>1`, …, and collects them in `values`."""

    def __init__(self, prefix: str = "f") -> None:
        self.values: dict[str, Any] = {}
        self._prefix = prefix

    def bind(self, value: Any, type: str) -> str:
        """The placeholder of a value of a ClickHouse type."""
        name = f"{self._prefix}{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{type}}}"


class Context(msgspec.Struct, frozen=True):
    """What a filter is compiled for."""

    org: str
    now_us: int
    binder: Binder
    zone: tzinfo = UTC
    window: Window = Window()
    """The starts of calls that can match: conditions on other tables are confined to it."""
    updated_properties: frozenset[str] = frozenset()
    """Names of the properties that were changed after a call of the organisation (`annotations`)."""
    text_chars: int = 0
    """How many characters of a call the text index covers; 0: there is none."""
