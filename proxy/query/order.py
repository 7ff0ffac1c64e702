"""Makes the `ORDER BY` of a list of calls."""

from typing import Final

from proxy.query.columns import find_column
from proxy.query.compile import Binder
from proxy.query.errors import FilterError

__all__ = ["order_by"]

_SORTABLE: Final = frozenset({"text", "number", "bool", "time"})


def order_by(name: str, descending: bool, binder: Binder, path: str = "sort") -> str:
    """The order by a public column, calls without a value last, the newest first among equals. Raises `FilterError`."""
    way = "DESC" if descending else "ASC"
    column = find_column(path, name)
    if column.kind not in _SORTABLE or (not column.sql and not name.startswith("property.")):
        raise FilterError(path, name, "a column of numbers, times or text")
    if column.sql == "start":
        return f"org {way}, start {way}, id {way}"
    sql = column.sql or f"properties[{binder.bind(column.name.partition('.')[2], 'String')}]"
    return f"{sql} {way} NULLS LAST, start DESC, id DESC"
