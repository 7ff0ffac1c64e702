"""The SQL of an export that the engine itself writes as CSV or Parquet."""

import csv
import io
import re
from typing import Final, Literal

from proxy.query.annotations import property_sql
from proxy.query.binding import Binder, Context, Sql
from proxy.query.columns import Column
from proxy.query.errors import FilterError
from proxy.query.requests import RequestsPlan, matching_sql

__all__ = ["csv_header", "export_sql"]

_FORMULA_STARTS: Final = "'=', '+', '-', '@', '\\t', '\\r'"
"""What makes a spreadsheet read a cell as a formula."""
_PARQUET_NAME: Final = re.compile(r"[\w .@/:-]{1,200}")


def export_sql(plan: RequestsPlan, format: Literal["csv", "parquet"]) -> Sql:
    """All calls of a plan in its order. CSV has no header: see `csv_header`. Raises `FilterError`."""
    binder = Binder("e")
    context = Context(plan.org, plan.now_us, binder, plan.zone, plan.window, plan.updated_properties)
    chosen: list[str] = []
    for at, (column, sql) in enumerate(plan.columns):
        if column.name == "properties":
            sql = _properties(context)
        if format == "csv":
            chosen.append(f"{_csv_cell(column, sql)} AS c{at}")
        elif not _PARQUET_NAME.fullmatch(column.name):
            raise FilterError(f"columns[{at}]", column.name, "for Parquet: letters, digits, spaces and _ . @ / : -")
        else:
            chosen.append(f"{_parquet_value(column, sql)} AS `{column.name}`")
    where = matching_sql(plan)
    return Sql(
        f"SELECT {', '.join(chosen)}\nFROM requests\nWHERE {where.text}\nORDER BY {plan.order.order_by()}",
        {**where.values, **plan.values, **binder.values},
    )


def csv_header(plan: RequestsPlan) -> bytes:
    """The first line: the names of the columns."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([column.name for column, _ in plan.columns])
    return line.getvalue().encode()


def _csv_cell(column: Column, sql: str) -> str:
    """Text. A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    match column.kind:
        case "time":
            text = f"formatDateTime({sql}, '%FT%T.%fZ')"
            return f"if(toUnixTimestamp64Micro({sql}) = 0, '', {text})"
        case "map" | "texts":
            return f"toJSONString({sql})"
        case "text":
            value = f"ifNull(toString({sql}), '')"
            return f"if(substring({value}, 1, 1) IN ({_FORMULA_STARTS}), concat('\\'', {value}), {value})"
        case _:
            return f"ifNull(toString({sql}), '')"


def _parquet_value(column: Column, sql: str) -> str:
    match column.kind:
        case "time":
            return f"if(toUnixTimestamp64Micro({sql}) = 0, NULL, {sql})" if column.name == "ingested_at" else sql
        case "map":
            return f"CAST({sql}, 'Map(String, String)')"
        case "text":
            return f"CAST({sql}, 'Nullable(String)')"
        case _:
            return sql


def _properties(context: Context) -> str:
    """The properties of a call with what was set after it."""
    if not context.updated_properties:
        return "properties"
    names = sorted(context.updated_properties)
    parts = [f"mapFilter((k, v) -> NOT has({context.binder.bind(names, 'Array(String)')}, k), properties)"]
    for name in names:
        value, present = property_sql(name, context)
        one = f"map({context.binder.bind(name, 'String')}, toString({value}))"
        parts.append(f"if({present}, {one}, CAST(map(), 'Map(String, String)'))")
    return "mapConcat(" + ", ".join(f"CAST({part}, 'Map(String, String)')" for part in parts) + ")"
