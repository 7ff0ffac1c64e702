"""The command `export`: all calls that match a filter, as a file."""

import contextlib
import sys
from pathlib import Path
from typing import BinaryIO, Final

import click

from proxy.cli.client import control_url, download
from proxy.cli.options import refuse, with_settings
from proxy.core.settings import Settings

__all__ = ["export"]

_FORMATS: Final = ("jsonl", "csv", "parquet")


@click.command()
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
def export(
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
    """All calls that match FILTER, such as `status>=400 user:ada`, oldest first. Without FILTER all calls."""
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
        _copy(settings, url, question, sys.stdout.buffer)
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
    click.echo(f"{output}: {size:,} bytes", err=True)


def _copy(settings: Settings, url: str, question: object, out: BinaryIO) -> int:
    return download(settings, url, "/api/requests/export", question, out)
