"""The columns that a list of calls is read with, by public name."""

from collections.abc import Sequence
from typing import Final

from proxy.core.event import Event
from proxy.query.annotations import property_sql, rating_sql, score_sql
from proxy.query.binding import Context
from proxy.query.columns import Column, find_column
from proxy.query.errors import FilterError

__all__ = ["LIST_COLUMNS", "MAX_COLUMNS", "select_columns"]

MAX_COLUMNS: Final = 200
_BIG: Final = frozenset(
    {
        *("attempts", "cost_lines", "facts", "priced_usage", "response_headers", "unknown_directives", "usage_raw"),
        *("property_names", "cost_missing", "price_version", "client_ip", "user_agent", "worker"),
    }
)

LIST_COLUMNS: Final = tuple(name for name in Event.__struct_fields__ if name != "version" and name not in _BIG)
"""What a list shows where nothing is chosen: the event without its large and its rarely wanted fields."""


def select_columns(names: Sequence[str], context: Context, path: str = "columns") -> list[tuple[Column, str]]:
    """Each chosen column once, with its expression. Raises `FilterError`."""
    if not 1 <= len(names) <= MAX_COLUMNS:
        raise FilterError(path, f"{len(names)} columns", f"1 to {MAX_COLUMNS}")
    chosen: dict[str, tuple[Column, str]] = {}
    for at, name in enumerate(names):
        where = f"{path}[{at}]"
        column = find_column(where, name)
        chosen.setdefault(column.name, (column, _sql(column, context, where)))
    return list(chosen.values())


def _sql(column: Column, context: Context, path: str) -> str:
    if column.sql:
        # Of a comparison the engine makes 0 or 1.
        return f"CAST({column.sql}, 'Nullable(Bool)')" if column.kind == "bool" else column.sql
    prefix, _, rest = column.name.partition(".")
    if prefix == "property" and rest:
        value, present = property_sql(rest, context)
        return f"if({present}, toNullable({value}), NULL)"
    if prefix == "score" and rest:
        return score_sql(rest, context)
    if column.name == "feedback":
        return rating_sql(context)
    raise FilterError(path, column.name, "a column that can be read; text can only be searched")
