"""Makes the `ORDER BY` of a list of calls."""

from typing import Final

from proxy.query.annotations import property_sql, rating_sql, score_sql
from proxy.query.binding import Context
from proxy.query.columns import find_column
from proxy.query.errors import FilterError

__all__ = ["order_by"]

_SORTABLE: Final = frozenset({"text", "number", "bool", "time"})


def order_by(name: str, descending: bool, context: Context, path: str = "sort") -> str:
    """The order by a public column, calls without a value last, the newest first among equals. Raises `FilterError`."""
    way = "DESC" if descending else "ASC"
    column = find_column(path, name)
    family, _, rest = column.name.partition(".")
    if column.sql == "start":
        return f"org {way}, start {way}, id {way}"
    if column.sql and column.kind in _SORTABLE:
        sql = column.sql
    elif family == "property" and rest:
        sql = property_sql(rest, context)[0]
    elif family == "score" and rest:
        sql = score_sql(rest, context)
    elif family == "feedback":
        sql = rating_sql(context)
    else:
        raise FilterError(path, name, "a column of numbers, times or text")
    return f"{sql} {way} NULLS LAST, start DESC, id DESC"
