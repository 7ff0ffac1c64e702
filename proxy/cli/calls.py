"""`requests` and `show`: the log, from the command line."""

import base64
import json
import sys
import threading
from collections.abc import Callable
from typing import Any

import click

from proxy.cli.client import ask, control_url
from proxy.cli.options import refuse, with_settings
from proxy.core.settings import Settings

__all__ = ["requests", "show"]

_FILTERS = (
    ("user", "User id."),
    ("session", "Session id."),
    ("model", "Model, as asked for or as answered."),
    ("provider", "Provider."),
    ("status", "200, 4xx, '>=400'."),
    ("since", "How long back (15m, 1h, 7d), or a time."),
    ("until", "The same."),
    ("text", "Text in the start of prompt or answer."),
    ("name", "Name of the call."),
    ("error", "An error's name; '*' is any."),
)
_FOLLOW_S = 1.0
_FOLLOW_BACK = "2h"
"""A call is logged when it ends but sorted by its start, so following looks back as far as a call may last."""


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    for name, help in reversed(_FILTERS):
        command = click.option(f"--{name}", default="", help=help)(command)
    return command


@click.command()
@_filters
@click.option("--property", "properties", multiple=True, metavar="NAME=VALUE", help="May be repeated; all must fit.")
@click.option("--limit", default=25, show_default=True, type=click.IntRange(1, 100_000), help="Most rows.")
@click.option("--follow", is_flag=True, help="Go on with new calls until stopped.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--url", default="", help="Of the control plane; default: as the settings say.")
@with_settings
def requests(
    settings: Settings,
    properties: tuple[str, ...],
    limit: int,
    follow: bool,
    as_json: bool,
    url: str,
    **filters: str,
) -> None:
    """The newest calls, newest first (oldest first with --follow)."""
    url = control_url(settings, url)
    query = [(name, value) for name, value in filters.items() if value] + [("property", pair) for pair in properties]
    rows = _fetch(settings, url, query, limit)
    if follow:
        rows.reverse()
    _print(rows, as_json, header=True)
    if not follow:
        if not rows and not as_json:
            click.echo("No calls fit." if query else "No calls yet.")
        return
    seen = dict.fromkeys(row["id"] for row in rows)
    # Whatever is older was there before: only what ends from now on is news.
    window = [pair for pair in query if pair[0] != "since"] + [("since", filters["since"] or _FOLLOW_BACK)]
    seen |= dict.fromkeys(row["id"] for row in _fetch(settings, url, window, 5000))
    pause = threading.Event()
    try:
        while not pause.wait(_FOLLOW_S):
            news = [row for row in _fetch(settings, url, window, 500) if row["id"] not in seen]
            news.reverse()
            seen |= dict.fromkeys(row["id"] for row in news)
            _print(news, as_json, header=False)
    except KeyboardInterrupt:
        return


@click.command()
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="The whole record as JSON.")
@click.option("--body", type=click.Choice(["request", "response"]), help="Only this body, as it was, to stdout.")
@click.option("--url", default="", help="Of the control plane; default: as the settings say.")
@with_settings
def show(settings: Settings, id: str, as_json: bool, body: str | None, url: str) -> None:
    """Everything of one call. ID is the answer's Helicone-Id."""
    call = ask(settings, control_url(settings, url), f"/api/requests/{id}")
    if body:
        bodies = call["bodies"]
        if bodies is None or call[f"{body}_omitted"]:
            refuse("this call's bodies are not stored", 1)
        text = bodies[body]
        sys.stdout.buffer.write(base64.b64decode(text) if bodies[f"{body}_base64"] else text.encode())
        sys.stdout.buffer.flush()
        return
    if as_json:
        click.echo(json.dumps(call, ensure_ascii=False, indent=2))
        return
    from proxy.cli.sheet import print_call

    print_call(call)


def _fetch(settings: Settings, url: str, query: list[tuple[str, str]], limit: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = ""
    while len(rows) < limit:
        size = min(500, limit - len(rows))
        more = [("limit", str(size))] + ([("cursor", cursor)] if cursor else [])
        page = ask(settings, url, "/api/requests", query + more)
        rows += page["data"]
        cursor = page["next"]
        if not cursor:
            break
    return rows


def _print(rows: list[dict[str, Any]], as_json: bool, *, header: bool) -> None:
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return
    if rows:
        from proxy.cli.sheet import print_table

        print_table(rows, header=header)
