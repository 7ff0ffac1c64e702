"""Decides what SQL of a user may contain, from the engine's own syntax tree, before any of it is evaluated.

The engine's rights are not enough for that: in chDB the function `file()` reads any file, whatever the rights, and
`INTO OUTFILE` writes one; the table functions `merge` and `mergeTreeIndex` read past the filter on the organisation;
and an error message may quote what a constant expression found. So functions are an allow list, by the engine's own
categories, and tables are those that are named here.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any, Final

import msgspec

from proxy.logstore.limits import QueryRefused
from proxy.logstore.sql import query

__all__ = ["Functions", "SqlResult", "check_meaning", "check_tree"]

_CATEGORIES: Final = (
    "Arithmetic",
    "Arrays",
    "Bit",
    "Bitmap",
    "Comparison",
    "Conditional",
    "Dates and Times",
    "Distance",
    "Encoding",
    "Geo",
    "Hash",
    "IP Address",
    "JSON",
    "Logical",
    "Map",
    "Mathematical",
    "Null",
    "Random Number",
    "Rounding",
    "String",
    "String Replacement",
    "String Search",
    "String Splitting",
    "Time Window",
    "Tuple",
    "Type Conversion",
    "URL",
    "UUID",
)
_NAMES: Final = (
    # What the parser makes of syntax.
    *("lambda", "exists", "caseWithExpression", "grouping", "_CAST"),
    # Of the category "Other", which also has what must not be called.
    *("bar", "byteSize", "formatReadableDecimalSize", "formatReadableQuantity", "formatReadableSize"),
    *("formatReadableTimeDelta", "identity", "ignore", "materialize", "neighbor", "runningDifference"),
    *("rowNumberInAllBlocks", "rowNumberInBlock", "toTypeName", "transform", "finalizeAggregation"),
)
_REFUSED: Final = frozenset(
    {
        "chdb",
        # Their time is the product of two lengths, and the engine looks at the time only between blocks of rows.
        *("editDistance", "editDistanceUTF8", "levenshteinDistance", "levenshteinDistanceUTF8"),
        *("damerauLevenshteinDistance", "jaroSimilarity", "jaroWinklerSimilarity"),
    }
)
_COLUMNS: Final = frozenset({"user"})
"""Columns of ours that have the name of a function. The engine finds a column before a function."""
_COMBINATORS: Final = re.compile(
    "(If|Array|Map|SimpleState|State|Merge|MergeState|ForEach|Distinct|OrDefault|OrNull|ArgMin|ArgMax|Resample)$"
)
_RECURSION: Final = "_temporary_and_external_tables"
"""Where the engine keeps what WITH RECURSIVE found so far."""
_FOREIGN: Final = frozenset({"system", "information_schema", _RECURSION})


class SqlResult(msgspec.Struct, frozen=True):
    """What SQL of a user found: a name and the engine's type for each column, and the rows."""

    columns: list[str]
    types: list[str]
    rows: list[list[Any]]


class Functions:
    """The functions that SQL of a user may call, as the engine behind `client` has them."""

    def __init__(self, client: Any) -> None:
        rows = client.query(query("functions"), parameters={"categories": list(_CATEGORIES)}).result_rows
        self._exact = {name for name, _, _, accepted in rows if accepted} - _REFUSED | set(_NAMES)
        self._folded = {name.lower() for name, any_case, _, accepted in rows if accepted and any_case}
        self._folded -= {name.lower() for name in _REFUSED}
        self._aggregates = {name for name, _, aggregate, _ in rows if aggregate}
        self._every = {name for name, _, _, _ in rows}
        self._every_folded = {name.lower() for name, any_case, _, _ in rows if any_case}

    def has(self, name: str) -> bool:
        if name in self._exact or name.lower() in self._folded:
            return True
        while shorter := _COMBINATORS.sub("", name):
            if shorter == name:
                return False
            if shorter in self._aggregates or shorter.lower() in self._folded:
                return True
            name = shorter
        return False

    def refuses(self, name: str) -> bool:
        """Whether the engine has a function of that name which SQL of a user may not call."""
        return (name in self._every or name.lower() in self._every_folded) and not self.has(name)


def check_tree(lines: Iterable[str], functions: Functions, tables: Collection[str], database: str = "") -> None:
    """`lines` are those of `EXPLAIN AST` of the SQL as a subquery. Raises `QueryRefused` for a function that is not of
    `functions`, a table function, a table of another database, and settings. A name without a database may be one that
    WITH gives: what it means is for `check_meaning`. Where `database` is given, no name may be of it: then `tables` are
    views of ours, which have no database."""
    foreign = _FOREIGN | {database.lower()}
    above: list[str] = []
    for line in lines:
        node = _NODE.match(line)
        if node is None:
            continue
        depth, kind, name = len(node["indent"]), node["kind"], node["name"] or ""
        del above[depth:]
        parent = above[-1] if above else ""
        above += [""] * (depth - len(above)) + [kind]
        if kind == "Function":
            if parent == "TableExpression":
                raise QueryRefused(f"the table function {name}() is not available; accepted: {_list(tables)}")
            if not functions.has(name):
                raise QueryRefused(f"the function {name}() is not available")
        elif kind == "Identifier" and above[-3:-1] == ["Function", "ExpressionList"] and _is_call(name, functions):
            # The engine takes the bare name of a function for a lambda: arrayMap(file, …) reads files.
            raise QueryRefused(f"the function {name}() is not available; give a column of that name another name")
        elif kind in ("Identifier", "TableIdentifier") and name.partition(".")[0].lower() in foreign:
            raise QueryRefused(f"{name} is not available; accepted: {_list(tables)}")
        elif kind == "TableIdentifier" and "." in name and name.rpartition(".")[2] not in tables:
            raise QueryRefused(f"the table {name} is not available; accepted: {_list(tables)}")
        elif kind == "Set":
            raise QueryRefused("SETTINGS are not available: the limits of the request apply")
        elif kind == "ColumnsApplyTransformer":
            raise QueryRefused("APPLY is not available: name the columns")


def _is_call(name: str, functions: Functions) -> bool:
    return name not in _COLUMNS and functions.refuses(name)


def check_meaning(lines: Iterable[str], functions: Functions, database: str, tables: Collection[str]) -> None:
    """`lines` are those of `EXPLAIN QUERY TREE`: what names mean. Raises `QueryRefused` for a table that is not one of
    `tables` in `database`, and for a function that is not of `functions`, however it was called."""
    known = {f"{database}.{table}" for table in tables} | {"system.one"}  # the latter where there is no FROM
    for line in lines:
        if re.match(r"\s*TABLE_FUNCTION id:", line):
            raise QueryRefused(f"table functions are not available; accepted: {_list(tables)}")
        called = re.match(r"\s*FUNCTION id: \d+, function_name: (\w+)", line)
        if called is not None and not called[1].startswith("__") and functions.refuses(called[1]):
            raise QueryRefused(f"the function {called[1]}() is not available")
        found = re.match(r"\s*TABLE id:.* table_name: ([^,]+)", line)
        if found is not None and found[1] not in known and not found[1].startswith(f"{_RECURSION}."):
            raise QueryRefused(f"the table {found[1]} is not available; accepted: {_list(tables)}")


_NODE: Final = re.compile(r"(?P<indent> *)(?P<kind>[\w:]+)(?: (?P<name>[^ ]+))?")


def _list(tables: Collection[str]) -> str:
    return ", ".join(sorted(tables))
