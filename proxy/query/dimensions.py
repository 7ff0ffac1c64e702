"""What calls can be grouped by: public columns of text or yes and no, properties, and what follows from the time."""

import difflib
from datetime import timedelta
from itertools import pairwise
from typing import Final, Literal

import msgspec

from proxy.query.annotations import property_sql
from proxy.query.binding import Binder, Context
from proxy.query.columns import COLUMNS, find_column
from proxy.query.errors import FilterError
from proxy.query.periods import Period

__all__ = ["DIMENSIONS", "Dimension", "find_dimension"]

Value = Literal["text", "bool", "number"]


class Dimension(msgspec.Struct, frozen=True, kw_only=True):
    """One way to group calls. `sql` is text of each call, empty where it is not set."""

    name: str
    value: Value
    """What the text stands for."""
    sql: str
    help: str
    several: bool = False
    """Whether a call can have several values: it then counts in the group of each."""

    def decode(self, text: str) -> str | bool | int | None:
        """The value of a group; null where it is not set."""
        if not text:
            return None
        if self.value == "bool":
            return text == "true"
        return int(text) if self.value == "number" else text


_OF_TIME: Final[dict[str, tuple[str, str]]] = {
    "hour_of_day": ("toHour", "hour of the day by the clock of the zone, 0 to 23"),
    "weekday": ("toDayOfWeek", "day of the week in the zone, 1 (Monday) to 7"),
}
_NUMBERS: Final = ("status", "attempt_count")
"""Columns of numbers that have few values."""


def _table() -> dict[str, Dimension]:
    rows: list[Dimension] = []
    for column in COLUMNS.values():
        if column.kind == "text" and column.sql:
            rows.append(Dimension(name=column.name, value="text", sql=column.sql, help=column.help))
        elif column.kind == "bool":
            shown = f"if({column.sql}, 'true', 'false')"
            sql = f"ifNull({shown}, '')" if column.nullable else shown
            rows.append(Dimension(name=column.name, value="bool", sql=sql, help=column.help))
        elif column.kind == "texts":
            sql = f"arrayJoin(if(empty({column.sql}), [''], arrayDistinct({column.sql})))"
            help = f"{column.help}; a call counts in the group of each"
            rows.append(Dimension(name=column.name, value="text", sql=sql, help=help, several=True))
        elif column.name in _NUMBERS:
            rows.append(Dimension(name=column.name, value="number", sql=f"toString({column.sql})", help=column.help))
    rows += [Dimension(name=name, value="number", sql="", help=help) for name, (_, help) in _OF_TIME.items()]
    return {row.name: row for row in rows}


DIMENSIONS: Final[dict[str, Dimension]] = _table()
"""By name; the families of columns, such as `property.<name>`, come beside them."""


def find_dimension(path: str, name: str, period: Period, context: Context) -> Dimension:
    """The dimension of a name. What it needs is bound for `context`. Raises `FilterError`."""
    row = DIMENSIONS.get(name)
    if row is not None:
        if name not in _OF_TIME:
            return row
        local = f"start + toIntervalSecond({_offset_sql(period, context.binder)})"
        sql = f"toString({_OF_TIME[name][0]}({local}))"
        return Dimension(name=name, value=row.value, sql=sql, help=row.help)
    prefix, dot, rest = name.partition(".")
    if prefix == "property" and dot and rest:
        column = find_column(path, name)
        value, present = property_sql(rest.lower(), context)
        if rest.lower() in context.updated_properties:
            value = f"if({present}, {value}, '')"
        return Dimension(name=column.name, value="text", sql=value, help=column.help)
    names = [*DIMENSIONS, "property.<name>"]
    near = difflib.get_close_matches(name, names, 3, 0.5)
    hint = f" (perhaps {', '.join(near)})" if near else ""
    raise FilterError(path, name, f"a dimension: {', '.join(names)}{hint}")


def _offset_sql(period: Period, binder: Binder) -> str:
    """Seconds that the clock of the zone is ahead of UTC when a call begins."""
    changes = _offset_changes(period)
    if len(changes) == 1:
        return binder.bind(changes[0][1], "Int32")
    parts: list[str] = []
    for (_, offset), (until, _) in pairwise(changes):
        parts.append(f"toUnixTimestamp64Micro(start) < {binder.bind(until, 'Int64')}, {binder.bind(offset, 'Int32')}")
    return f"multiIf({', '.join(parts)}, {binder.bind(changes[-1][1], 'Int32')})"


def _offset_changes(period: Period) -> list[tuple[int, int]]:
    """(since when, seconds ahead of UTC), oldest first."""

    def offset(at_us: int) -> int:
        return round((period.wall(at_us) - _utc.wall(at_us)).total_seconds())

    _utc = Period(period.since_us, period.until_us)
    step = timedelta(days=7) // timedelta(microseconds=1)
    changes = [(period.since_us, offset(period.since_us))]
    low = period.since_us
    while low < period.until_us:
        high = min(low + step, period.until_us)
        if offset(high) != changes[-1][1]:
            before, after = low, high
            while after - before > 1:
                middle = (before + after) // 2
                before, after = (middle, after) if offset(middle) == offset(low) else (before, middle)
            changes.append((after, offset(high)))
        low = high
    return changes
