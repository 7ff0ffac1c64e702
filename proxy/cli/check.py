"""`check`: the effective configuration, the source of each value, and warnings."""

from pathlib import Path
from typing import Final

import click
from rich.table import Table
from rich.text import Text

from proxy.cli.console import Terminal
from proxy.cli.options import refuse, with_settings
from proxy.core.errors import SettingError
from proxy.core.masking import MASK, mask
from proxy.core.setting import SECRET_SETTINGS
from proxy.core.settings import SETTINGS, Settings
from proxy.kv import check_url

__all__ = ["check", "warnings"]

_WIDE: Final = 400
"""Columns where the output is no terminal."""


@click.command()
@with_settings
def check(settings: Settings) -> None:
    """Explain the configuration it would run with. Exit code 2 where it would not run."""
    console = Terminal(highlight=False, soft_wrap=True, markup=False)
    if not console.is_terminal:
        console.width = _WIDE
    table = Table(box=None, pad_edge=False)
    for name in ("setting", "value", "from"):
        table.add_column(name, overflow="fold")
    for row in SETTINGS:
        value = mask(str(settings[row.name]))
        if row.name in SECRET_SETTINGS and value:
            value = MASK
        table.add_row(row.name, Text(value), Text(settings.source(row.name)))
    console.print(table)
    console.print()
    try:
        check_url(settings.get_str("kv.url"))
        console.print(f"Providers: {_providers(settings)}")
        console.print(f"Prices: {_prices(settings)}")
    except SettingError as error:
        refuse(str(error))
    console.print(_log(settings))
    for sentence in warnings(settings):
        console.print(f"Note: {sentence}")


def warnings(settings: Settings) -> list[str]:
    """What runs, and may still surprise."""
    found: list[str] = []
    if settings.get_str("auth.mode") == "open":
        found.append("auth.mode is open: every program on this machine may call.")
    if not settings.get_int("log.ttl_days"):
        found.append("log.ttl_days is 0: records are never deleted.")
    if not settings.get_bool("log.fsync"):
        found.append(
            "log.fsync is off: a power cut may lose the last seconds of the log; a crash of a process loses nothing."
        )
    workers = settings.get_int("gateway.workers")
    if workers == 1:
        found.append("gateway.workers is 1: one core serves all calls.")
    if settings.get_str("targets.allow"):
        found.append(f"targets.allow opens: {mask(settings.get_str('targets.allow'))}")
    if not settings.get_str("gateway.tls_cert") and settings.get_str("gateway.host") not in (
        "127.0.0.1",
        "::1",
        "localhost",
    ):
        found.append("the gateway speaks plain HTTP to the network; set gateway.tls_cert or put TLS before it.")
    if settings.get_str("control.host") not in ("127.0.0.1", "::1", "localhost"):
        found.append("control.host is not loopback: whoever reaches it can read the log.")
    return found


def _providers(settings: Settings) -> str:
    from proxy.providers import load

    catalog = load(settings.get_str("providers.folder"), settings.get_str("targets.allow"), settings.get_str("domain"))
    names = sorted(catalog.providers)
    return f"{len(names)} ({', '.join(names)})"


def _prices(settings: Settings) -> str:
    from proxy.prices.book import PriceBook

    folder = settings.get_str("prices.folder")
    book = PriceBook(Path(folder).expanduser() if folder else None)
    return f"{book.version}, own prices: {book.own_count}"


def _log(settings: Settings) -> str:
    store = settings.get_str("log.store")
    return f"Log: {mask(store)}" if store else f"Log: chDB in {settings.layout.log}"
