"""The command `export`: all calls that match a filter, as a file; `export parquet`: hours to the storage."""

import contextlib
import threading
from pathlib import Path
from typing import BinaryIO, Final

import click

from proxy.cli.client import ask, control_url, download
from proxy.cli.options import refuse, with_settings
from proxy.cli.terminal import echo
from proxy.cli.terminal import output as stdout
from proxy.core.settings import Settings

__all__ = ["export"]

_FORMATS: Final = ("jsonl", "csv", "parquet")


_POLL_S: Final = 1.0


class _WithFilter(click.Group):
    """A group whose first argument may be a filter: all but `parquet` goes to the command `calls`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args if args[:1] == ["parquet"] else ["calls", *args])


@click.group(cls=_WithFilter)
def export() -> None:
    """All calls that match a filter, as a file."""


@export.command()
@click.argument("filter", nargs=-1, metavar="[FILTER]...")
@click.option("-o", "--output", default="-", metavar="FILE", help="Where to write; - is standard output, the default.")
@click.option("--format", type=click.Choice(_FORMATS), help="Default: from the name of the file, else jsonl.")
@click.option("--columns", default="", metavar="NAME,…", help="Columns to write. Default: whole events.")
@click.option("--bodies", is_flag=True, help="With the bodies of each call (jsonl).")
@click.option("--since", default="", help="A time, a day, or how long ago: 7d. Default: from the first call on.")
@click.option("--until", default="", help="The same; default: now.")
@click.option("--zone", default="UTC", show_default=True, help="Zone of times without an offset.")
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def calls(
    settings: Settings,
    filter: tuple[str, ...],
    output: str,
    format: str | None,
    columns: str,
    bodies: bool,
    since: str,
    until: str,
    zone: str,
    url: str,
) -> None:
    """All calls that match FILTER, such as `status>=400 user:ada`, oldest first. Without FILTER all calls.

    `perihelion export parquet --help`: hours of the past as files in parquet.target.
    """
    ending = Path(output).suffix.removeprefix(".").lower()
    question = {
        "format": format or (ending if ending in _FORMATS else "jsonl"),
        "filter": " ".join(filter),
        "since": since,
        "until": until,
        "zone": zone,
        "columns": [name.strip() for name in columns.split(",")] if columns else None,
        "bodies": bodies,
    }
    url = control_url(settings, url)
    if output == "-":
        _copy(settings, url, question, stdout())
        return
    draft = Path(f"{output}.part")
    try:
        file = draft.open("wb")
    except OSError as error:
        refuse(f"cannot write {output} ({error.strerror})", 1)
    try:
        with file:
            size = _copy(settings, url, question, file)
        draft.rename(output)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    echo(f"{output}: {size:,} bytes", err=True)


def _copy(settings: Settings, url: str, question: object, out: BinaryIO) -> int:
    return download(settings, url, "/api/requests/export", question, out)


@export.command()
@click.option("--since", required=True, help="A time, a day, or an age (90s, 15m, 1h, 7d, 2w).")
@click.option("--until", default="now", show_default=True, help="The same.")
@click.option("--org", default="", help="Id of another organisation, or * for all (on the control plane's machine).")
@click.option("--no-wait", is_flag=True, help="Do not wait until the files are written.")
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def parquet(settings: Settings, since: str, until: str, org: str, no_wait: bool, url: str) -> None:
    """Write the hours of a time as Parquet files to parquet.target, again or for the first time."""
    url = control_url(settings, url)
    body = {"since": since, "until": until, "organisation": org}
    hours = ask(settings, url, "/api/exports/parquet", method="POST", body=body)["hours"]
    echo(f"{hours} hours to write.", err=True)
    pause, said = threading.Event(), ""
    while hours and not no_wait:
        pause.wait(_POLL_S)
        state = ask(settings, url, "/api/exports/status")["parquet"]
        if not state["waiting"]:
            echo(f"{state['target']}: all files are written.")
            return
        news = f"{state['waiting']} hours wait" + (f": {state['last_error']}" if state["last_error"] else "")
        if news != said:
            echo(f"perihelion: {news}", err=True)
            said = news
