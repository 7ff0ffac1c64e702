"""Reads the fields of one exported row: JSON values, or the same values as text, as CSV has them.

A field that is needed and cannot be read raises `BadRow`. Any other is left out and noted in `Row.problems`.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

__all__ = ["BadRow", "Row", "RowProblem", "as_body", "as_text"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_US: Final = 1_262_304_000_000_000
"""The year 2010: earlier than any call of a model."""
_DAY_US: Final = 86_400_000_000
_MAX_COUNT: Final = 1 << 62
_MAX_SHOWN: Final = 80
_TRUE: Final = frozenset({"true", "1", "t", "yes"})
_FALSE: Final = frozenset({"false", "0", "f", "no", "none", "null"})
_TIME: Final = "a time such as 2026-01-31T12:00:00Z, or seconds, milliseconds or microseconds since 1970"


class RowProblem(msgspec.Struct, frozen=True):
    """A field that could not be read, and what would be right."""

    path: str
    reason: str


class BadRow(ValueError):
    """A row that cannot be taken."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.problem = RowProblem(path, reason)


class Row:
    """One row, or an object in it. Each method takes names in order of preference: the first with a value counts."""

    def __init__(
        self, values: Mapping[str, Any], *, now_us: int, path: str = "", problems: list[RowProblem] | None = None
    ) -> None:
        """`now_us` is the present time: nothing is accepted that is more than a day later."""
        self.values = values
        self.problems = [] if problems is None else problems
        self.path = path
        self._now_us = now_us

    def has(self, *names: str) -> bool:
        """Whether one of the names has a value."""
        return self._first(names)[1] is not None

    def require(self, *names: str) -> str:
        """The text under the first of the names. Raises `BadRow` where none has one."""
        text = self.text(*names)
        if not text:
            raise BadRow(self._at(names[0]), f"is missing; expected is {' or '.join(names)}")
        return text

    def text(self, *names: str) -> str:
        """Text or a number as text; empty where there is none."""
        name, value = self._first(names)
        if value is None:
            return ""
        if isinstance(value, (dict, list)):
            self._note(name, value, "text")
            return ""
        return as_text(value)

    def number(self, *names: str) -> float | None:
        """A finite number."""
        name, value = self._first(names)
        if value is None:
            return None
        try:
            number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
        except (ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            self._note(name, value, "a number")
            return None
        return number

    def count(self, *names: str) -> int | None:
        """A whole number from 0."""
        name, value = self._first(names)
        number = self.number(*names) if value is not None else None
        if number is None:
            return None
        if number < 0 or number != int(number) or number >= _MAX_COUNT:
            self._note(name, value, "a whole number from 0")
            return None
        return int(number)

    def flag(self, *names: str) -> bool | None:
        """True or false."""
        name, value = self._first(names)
        if value is None:
            return None
        low = str(value).strip().lower()
        if low in _TRUE or low in _FALSE:
            return low in _TRUE
        self._note(name, value, "true or false")
        return None

    def moment(self, *names: str) -> int | None:
        """A time, in microseconds since the epoch."""
        name, value = self._first(names)
        if value is None:
            return None
        at_us = _moment_us(value)
        if at_us is None or not _FIRST_US <= at_us <= self._now_us + _DAY_US:
            found = "" if at_us is None else " between 2010 and today"
            self._note(name, value, _TIME + found)
            return None
        return at_us

    def require_moment(self, *names: str) -> int:
        """The time under the first of the names. Raises `BadRow` where it is missing or cannot be read."""
        before = len(self.problems)
        at_us = self.moment(*names)
        if at_us is None:
            found = self.problems[before:]
            del self.problems[before:]
            raise BadRow(self._at(names[0]), found[0].reason if found else f"is missing; expected is {_TIME}")
        return at_us

    def value(self, *names: str) -> Any:
        """A JSON value. Text that holds a JSON object or list is decoded; other text stays text."""
        return _decoded(self._first(names)[1])

    def part(self, *names: str) -> "Row":
        """The JSON object under the first of the names; one without values where there is none."""
        name, value = self._first(names)
        decoded = _decoded(value)
        if not isinstance(decoded, dict):
            if decoded is not None and decoded != []:
                self._note(name, value, "a JSON object")
            decoded = {}
        return Row(decoded, now_us=self._now_us, path=self._at(name or names[0]), problems=self.problems)

    def rows(self, *names: str) -> list["Row"]:
        """The JSON objects of the list under the first of the names."""
        name, value = self._first(names)
        decoded = _decoded(value)
        if not isinstance(decoded, list):
            if decoded is not None:
                self._note(name, value, "a list of JSON objects")
            return []
        found: list[Row] = []
        for number, item in enumerate(decoded):
            at = f"{self._at(name)}[{number}]"
            if isinstance(item, dict):
                found.append(Row(item, now_us=self._now_us, path=at, problems=self.problems))
            else:
                self.problems.append(RowProblem(at, f"is {_shown(item)}; expected is a JSON object"))
        return found

    def texts(self, *names: str) -> list[str]:
        """A list of texts; a single text is a list of one."""
        decoded = _decoded(self._first(names)[1])
        if isinstance(decoded, list):
            return [as_text(item) for item in decoded if item not in (None, "")]
        return [as_text(decoded)] if isinstance(decoded, str) and decoded else []

    def note(self, name: str, expected: str) -> None:
        """Notes that the value under this name is not understood."""
        self._note(name, self.values.get(name), expected)

    def _first(self, names: tuple[str, ...]) -> tuple[str, Any]:
        for name in names:
            value = self.values.get(name)
            if value is not None and value != "":
                return name, value
        return "", None

    def _note(self, name: str, value: object, expected: str) -> None:
        self.problems.append(RowProblem(self._at(name), f"is {_shown(value)}; expected is {expected}"))

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def as_text(value: object) -> str:
    """A JSON value as a property's text: text as it is, the rest as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return msgspec.json.encode(value).decode()


def as_body(value: object) -> bytes:
    """A JSON value, or text, as a stored body; empty where there is nothing."""
    if value is None or value == "" or value == {} or value == []:
        return b""
    return value.encode("utf-8", "replace") if isinstance(value, str) else msgspec.json.encode(value)


def _decoded(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    for text in (value, value.replace('""', '"')):  # @helicone/export escapes the quotes of objects in CSV twice
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            continue
    return value


def _moment_us(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        try:
            return _from_number(float(text))
        except ValueError:
            pass
        try:
            at = datetime.fromisoformat(text.removesuffix(" UTC"))
        except ValueError:
            return None
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        span = at - _EPOCH
        return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
    return _from_number(float(value)) if isinstance(value, (int, float)) else None


def _from_number(number: float) -> int | None:
    """The unit follows from the size: seconds until the year 5138, then milliseconds, then microseconds."""
    if not 0 < number < 1e17:
        return None
    return round(number * (1_000_000 if number < 1e11 else 1000 if number < 1e14 else 1))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
