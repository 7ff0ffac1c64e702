"""Questions of the log: the one filter grammar and the SQL of it. Pure: no I/O; imports `core` only.

`columns` names what can be asked about. `tree` is a filter, `json_form` and `text_form` are its two written forms,
`check` says what fits a column, `compile` makes SQL. One more column: see `columns`.
"""

from proxy.query.binding import MAX_TIME_US, Binder, Context, Sql, Window
from proxy.query.columns import COLUMNS, FAMILIES, Column, Family, find_column
from proxy.query.compile import compile_filter, window_of
from proxy.query.errors import FilterError, SqlError
from proxy.query.json_form import parse_json, to_json
from proxy.query.text_form import parse_text, to_text
from proxy.query.times import moment_us, zone_of
from proxy.query.tree import EVERYTHING, And, Leaf, Node, Not, Or, both

__all__ = [
    "COLUMNS",
    "EVERYTHING",
    "FAMILIES",
    "MAX_TIME_US",
    "And",
    "Binder",
    "Column",
    "Context",
    "Family",
    "FilterError",
    "Leaf",
    "Node",
    "Not",
    "Or",
    "Sql",
    "SqlError",
    "Window",
    "both",
    "compile_filter",
    "find_column",
    "moment_us",
    "parse_filter",
    "parse_json",
    "parse_text",
    "to_json",
    "to_text",
    "window_of",
    "zone_of",
]


def parse_filter(value: object, path: str = "filter") -> Node:
    """The tree of either form: text, or decoded JSON; null is everything. Raises `FilterError`."""
    if value is None:
        return EVERYTHING
    return parse_text(value, path) if isinstance(value, str) else parse_json(value, path)
