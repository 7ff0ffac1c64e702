"""The commands `requests` and `show`: the log of calls."""

import base64
import json
import threading
from functools import cache
from typing import Any, Final

import click

from proxy.cli.client import ask, control_url
from proxy.cli.options import refuse, with_settings
from proxy.cli.terminal import echo, echo_json, output
from proxy.core.settings import Settings

__all__ = ["requests", "show"]

_FOLLOW_S: Final = 1.0
_PAGE_ROWS: Final = 500


@cache
def _filter_options() -> list[click.Option]:
    """One option a row of the log's filter table."""
    from proxy.logstore import FILTERS

    options: list[click.Option] = []
    for row in FILTERS:
        flag = f"--{row.name.replace('_', '-')}"
        if row.kind == "switch":
            options.append(click.Option([f"{flag}/--no-{flag[2:]}", row.name], default=None, help=row.help))
        elif row.kind == "pairs":
            options.append(click.Option([flag, row.name], multiple=True, metavar="NAME=VALUE", help=row.help))
        elif row.kind == "number":
            options.append(click.Option([flag, row.name], type=float, help=row.help))
        else:
            options.append(click.Option([flag, row.name], default="", help=row.help))
    return options


class _FilteredCommand(click.Command):
    """A command with the filters' options before its own. They are built when the command is used: the table is the
    log store's, and `perihelion --help` does not load it."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*_filter_options(), *super().get_params(ctx)]


@click.command(cls=_FilteredCommand)
@click.argument("filter", nargs=-1, metavar="[FILTER]...")
@click.option("--sort", default="", metavar="NAME,…", help="Columns of numbers or times; - is highest first.")
@click.option("--limit", default=25, show_default=True, type=click.IntRange(1, 100_000), help="Maximum number of rows.")
@click.option("--follow", is_flag=True, help="Print new calls as they arrive, until stopped.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object (docs/events.md) a line.")
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def requests(
    settings: Settings,
    filter: tuple[str, ...],
    sort: str,
    limit: int,
    follow: bool,
    as_json: bool,
    url: str,
    **filters: Any,
) -> None:
    """The newest calls, newest first (oldest first with --follow).

    FILTER selects calls as in `status>=400 user:ada cost>0.01 "refund policy"`; options and FILTER must all match."""
    if follow and sort:
        refuse("--follow shows calls in order of arrival; leave out --sort")
    url = control_url(settings, url)
    query = _query({"q": " ".join(filter), **filters})
    # Read before the page is: a call that arrives in between is in both, and is dropped from the news.
    position = _arrivals(settings, url, query, "now")[1] if follow else ""
    rows = _fetch(settings, url, query + ([("sort", sort)] if sort else []), limit)
    if follow:
        rows.reverse()
    _print(rows, as_json, header=True)
    if not follow:
        if not rows and not as_json:
            echo("No calls match." if query else "No calls yet.")
        return
    shown = {row["id"] for row in rows}
    pause = threading.Event()
    try:
        while not pause.wait(_FOLLOW_S):
            more = True
            while more:
                news, position = _arrivals(settings, url, query, position)
                more = len(news) == _PAGE_ROWS
                _print([row for row in news if row["id"] not in shown], as_json, header=False)
    except KeyboardInterrupt:
        return


@click.command()
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="All fields as JSON (docs/events.md).")
@click.option(
    "--body",
    type=click.Choice(["request", "response"]),
    help="Only this body; byte by byte, except to a terminal.",
)
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def show(settings: Settings, id: str, as_json: bool, body: str | None, url: str) -> None:
    """All fields of one call. ID is the response's Helicone-Id."""
    call = ask(settings, control_url(settings, url), f"/api/requests/{id}")
    if body:
        bodies = call["bodies"]
        if bodies is None or call[f"{body}_omitted"]:
            refuse("this call's bodies are not stored", 1)
        text = bodies[body]
        raw = base64.b64decode(text) if bodies[f"{body}_base64"] else text.encode()
        out = output()
        out.write(raw)
        out.flush()
        return
    if as_json:
        echo_json(call, indent=2)
        return
    from proxy.cli.sheet import print_call

    print_call(call)


def _query(filters: dict[str, Any]) -> list[tuple[str, str]]:
    """The API's parameters for the options that were given."""
    query: list[tuple[str, str]] = []
    for name, value in filters.items():
        values = value if isinstance(value, tuple) else () if value in (None, "") else (value,)
        query += [(name, json.dumps(one) if isinstance(one, bool) else str(one)) for one in values]
    return query


def _arrivals(
    settings: Settings, url: str, query: list[tuple[str, str]], after: str
) -> tuple[list[dict[str, Any]], str]:
    """The calls that arrived after this position, in order, and the position of the last one."""
    page = ask(settings, url, "/api/requests", [*query, ("after", after), ("limit", str(_PAGE_ROWS))])
    return page["data"], page["next"]


def _fetch(settings: Settings, url: str, query: list[tuple[str, str]], limit: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = ""
    while len(rows) < limit:
        size = min(_PAGE_ROWS, limit - len(rows))
        paging = [("limit", str(size))] + ([("cursor", cursor)] if cursor else [])
        page = ask(settings, url, "/api/requests", query + paging)
        rows += page["data"]
        cursor = page["next"]
        if not cursor:
            break
    return rows


def _print(rows: list[dict[str, Any]], as_json: bool, *, header: bool) -> None:
    if as_json:
        for row in rows:
            echo_json(row)
        return
    if rows:
        from proxy.cli.sheet import print_table

        print_table(rows, header=header)
