"""Keyset pages: the order of a list of calls by any numbers and times, and the condition for what comes after a call.

Values that are null come last, in either direction. Calls that are equal by all that is asked for are ordered by start
and id, so that no two calls are equal.
"""

import math
import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from proxy.query.annotations import rating_sql, score_sql
from proxy.query.binding import Binder, Context
from proxy.query.columns import find_column
from proxy.query.errors import FilterError

__all__ = ["MAX_SORT_KEYS", "RowOrder", "SortKey", "Term", "Values", "order_of"]

MAX_SORT_KEYS: Final = 5
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SortKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column that a list is sorted by."""

    column: str
    """A column of numbers or times, `score.<name>` or `feedback`."""
    direction: Literal["asc", "desc"] = "desc"


class Term(msgspec.Struct, frozen=True):
    """One expression that calls are ordered by."""

    name: str
    sql: str
    kind: Literal["number", "time", "id"]
    descending: bool
    nulls_last: bool = True

    @property
    def sortable(self) -> str:
        """What is compared. All numbers as Float64: a cursor then holds the exact value."""
        if self.kind != "number":
            return self.sql
        return f"toNullable(if(isNaN(toFloat64({self.sql})), NULL, toFloat64({self.sql})))"

    def order(self) -> str:
        way = "DESC" if self.descending else "ASC"
        return f"{self.sortable} {way}" + ("" if self.kind != "number" else f" NULLS {_PLACES[self.nulls_last]}")

    def bind(self, value: Any, binder: Binder) -> str:
        """The placeholder of a value of a cursor."""
        if self.kind == "number":
            # By its bits: the engine reads decimal fractions inexactly.
            (bits,) = struct.unpack("<Q", struct.pack("<d", value))
            return f"reinterpretAsFloat64({binder.bind(bits, 'UInt64')})"
        if self.kind == "time":
            return f"fromUnixTimestamp64Micro({binder.bind(value, 'Int64')})"
        return binder.bind(value, "String")

    def after(self, value: Any, binder: Binder) -> str:
        """Whether a call comes after one with this value, by this term alone."""
        sign = "<" if self.descending else ">"
        if self.kind != "number":
            return f"{self.sortable} {sign} {self.bind(value, binder)}"
        if value is None:
            return "0" if self.nulls_last else f"isNotNull({self.sortable})"
        return f"ifNull({self.sortable} {sign} {self.bind(value, binder)}, {int(self.nulls_last)})"

    def equal(self, value: Any, binder: Binder) -> str:
        if value is None:
            return f"isNull({self.sortable})"
        equal = f"{self.sortable} = {self.bind(value, binder)}"
        return f"ifNull({equal}, 0)" if self.kind == "number" else equal


_PLACES: Final = {True: "LAST", False: "FIRST"}

Values = tuple[float | int | str | None, ...]
"""What a call has for each term of an order: a number or null, microseconds since the epoch, an id."""


class RowOrder(msgspec.Struct, frozen=True):
    """The order of a list; `start` and `id` are its last terms."""

    terms: tuple[Term, ...]

    def reversed(self) -> "RowOrder":
        """The same list, the last call first."""
        return RowOrder(
            tuple(
                msgspec.structs.replace(term, descending=not term.descending, nulls_last=not term.nulls_last)
                for term in self.terms
            )
        )

    def selected(self) -> str:
        """What a row must hold for `values_of`."""
        return ", ".join(f"{term.sortable} AS k{at}" for at, term in enumerate(self.terms))

    def order_by(self) -> str:
        """After ORDER BY. By start alone it is the table's own order, which the engine reads without sorting."""
        if self.terms[0].sql == "start" and len(self.terms) == 2:
            way = "DESC" if self.terms[0].descending else "ASC"
            return f"org {way}, start {way}, id {way}"
        return ", ".join(term.order() for term in self.terms)

    def after(self, values: Values, binder: Binder) -> str:
        """The condition for the calls that come after the one with these values."""
        alternatives: list[str] = []
        for at, term in enumerate(self.terms):
            equals = [before.equal(values[number], binder) for number, before in enumerate(self.terms[:at])]
            alternatives.append(" AND ".join([*equals, term.after(values[at], binder)]))
        condition = " OR ".join(f"({each})" for each in alternatives)
        first = self.terms[0]
        if first.kind == "time":  # said once more, so that the engine skips what is before
            sign = "<=" if first.descending else ">="
            return f"({condition}) AND {first.sortable} {sign} {first.bind(values[0], binder)}"
        return f"({condition})"

    def values_of(self, row: dict[str, Any]) -> Values:
        """The values of a row that was read with `selected`."""
        return tuple(_plain(row[f"k{at}"]) for at in range(len(self.terms)))

    def checked(self, values: Sequence[Any]) -> Values | None:
        """`values` where a call can have them; None where they are of another order."""
        if len(values) != len(self.terms):
            return None
        for term, value in zip(self.terms, values, strict=True):
            if not _fits(term, value):
                return None
        return tuple(values)


def order_of(sort: Sequence[SortKey], context: Context, path: str = "sort") -> RowOrder:
    """The order by these columns, the newest first where they are equal. Raises `FilterError`."""
    if len(sort) > MAX_SORT_KEYS:
        raise FilterError(path, f"{len(sort)} columns", f"at most {MAX_SORT_KEYS}")
    terms: list[Term] = []
    for at, key in enumerate(sort):
        where = f"{path}[{at}].column"
        name, sql, kind = _sortable(key.column, context, where)
        if any(term.name == name for term in terms):
            raise FilterError(where, key.column, "each column once")
        terms.append(Term(name, sql, kind, key.direction == "desc"))
    newest_first = next((term.descending for term in terms if term.sql == "start"), True)
    if not any(term.sql == "start" for term in terms):
        terms.append(Term("start", "start", "time", newest_first))
    return RowOrder((*terms, Term("id", "id", "id", newest_first)))


def _sortable(name: str, context: Context, path: str) -> tuple[str, str, Literal["number", "time"]]:
    column = find_column(path, name)
    if column.kind == "number":
        return column.stored_sql or column.sql, column.stored_sql or column.sql, "number"
    if column.kind == "time":
        return column.sql, column.sql, "time"
    prefix, _, rest = column.name.partition(".")
    if prefix == "score" and rest:
        return column.name, score_sql(rest, context), "number"
    if column.name == "feedback":
        return column.name, rating_sql(context), "number"
    raise FilterError(path, name, "a column of numbers or times, score.<name> or feedback")


def _plain(value: Any) -> float | int | str | None:
    if isinstance(value, datetime):
        past = value - _EPOCH
        return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds
    if value is None or isinstance(value, str):
        return value
    return float(value)


def _fits(term: Term, value: Any) -> bool:
    match term.kind:
        case "number":
            return value is None or (isinstance(value, float) and not math.isnan(value))
        case "time":
            return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 60
        case _:
            return isinstance(value, str) and len(value) <= 200
