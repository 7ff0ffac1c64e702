"""The command `sql`: one SELECT over the log, as a table, JSON or CSV."""

import json
import sys
from typing import Any, Final

import click

from proxy.cli.client import ask, control_url, download
from proxy.cli.options import refuse, with_settings
from proxy.cli.terminal import cell, echo, output
from proxy.core.settings import Settings

__all__ = ["sql"]

_WIDE: Final = 220
"""Columns where the output is not a terminal."""


@click.command()
@click.argument("statement", metavar="SQL")
@click.option(
    "--param", "-p", "given", multiple=True, metavar="NAME=VALUE", help="Value of {NAME:Type}; repeat it for several."
)
@click.option("--json", "form", flag_value="json", help="One JSON object a line.")
@click.option("--csv", "form", flag_value="csv", help="Comma-separated values, of any number of rows.")
@click.option(
    "--schema", is_flag=True, help="List the views and columns that SQL can read instead; SQL is a view, or %."
)
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def sql(settings: Settings, statement: str, given: tuple[str, ...], form: str | None, schema: bool, url: str) -> None:
    """The result of one SELECT over the views of the log (docs/sql.md). SQL may be - to read it from stdin.

    \b
    perihelion sql "SELECT model, sum(cost) FROM requests GROUP BY model"
    perihelion sql "SELECT count() FROM requests WHERE user = {user:String}" -p user=ada
    """
    url = control_url(settings, url)
    if schema:
        _print_schema(ask(settings, url, "/api/sql/schema"), statement)
        return
    text = sys.stdin.read() if statement == "-" else statement
    question: dict[str, Any] = {"sql": text, "parameters": _parameters(given)}
    if form == "json":
        question["format"] = "jsonl"
    elif form == "csv":
        question["format"] = "csv"
    if form is not None:
        out = output()
        download(settings, url, "/api/sql", question, out)
        out.flush()
        return
    _print_table(ask(settings, url, "/api/sql", method="POST", body=question))


def _parameters(given: tuple[str, ...]) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals:
            refuse(f"-p {pair!r}: expected NAME=VALUE")
        parameters[name] = _value(value)
    return parameters


def _value(text: str) -> Any:
    """A list or a number where it is JSON of one, else the text."""
    if text[:1] in ("[", "-") or text[:1].isdigit():
        try:
            return json.loads(text)
        except ValueError:
            pass
    return text


def _print_table(result: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from proxy.cli.console import Terminal

    console = Terminal(highlight=False)
    if not console.is_terminal:
        console = Terminal(highlight=False, width=_WIDE)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in result["columns"]:
        numeric = column["type"].removeprefix("Nullable(").startswith(("Int", "UInt", "Float", "Decimal"))
        table.add_column(Text(cell(column["name"])), justify="right" if numeric else "left", overflow="fold")
    for row in result["rows"]:
        table.add_row(*(Text(cell(_cell(value))) for value in row))
    console.print(table)
    rows = result["row_count"]
    echo(f"{rows} row{'' if rows == 1 else 's'}, {result['rows_read']:,} read, {result['elapsed_ms']:.0f} ms", err=True)


def _cell(value: Any) -> str:
    """15 digits of a float: more are noise of sums. CSV and JSON have all of them."""
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:.15g}" if isinstance(value, float) else json.dumps(value)


def _print_schema(schema: dict[str, Any], wanted: str) -> None:
    names = [view["name"] for view in schema["views"]]
    if wanted not in ("%", *names):
        refuse(f"found no view {wanted!r}; expected %, or one of {', '.join(names)}")
    for view in schema["views"]:
        if wanted in ("%", view["name"]):
            echo(f"{view['name']}: {view['help']}")
            for column in view["columns"]:
                echo(f"  {column['name']:24} {column['type']:32} {column['help']}".rstrip())
