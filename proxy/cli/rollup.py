"""The command `rollup`: hourly figures that are stored for large organisations."""

import click

from proxy.cli.client import ask, control_url
from proxy.cli.options import with_settings
from proxy.cli.terminal import echo
from proxy.core.settings import Settings

__all__ = ["rollup"]


@click.group()
def rollup() -> None:
    """Hourly figures that are stored for large organisations."""


@rollup.command()
@click.option("--since", required=True, help="A time, a day, or an age (90s, 15m, 1h, 7d, 2w).")
@click.option("--until", default="now", show_default=True, help="The same.")
@click.option("--url", default="", help="URL of the control plane; default: from the settings.")
@with_settings
def rebuild(settings: Settings, since: str, until: str, url: str) -> None:
    """Compute the stored hours of a time again."""
    body = {"since": since, "until": until}
    answer = ask(settings, control_url(settings, url), "/api/rollup/rebuild", method="POST", body=body)
    echo(f"{answer['hours']} stored hours are computed again; until then answers read their calls.")
