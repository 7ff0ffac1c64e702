"""`gateway`, `control` and `ship`: the planes started separately, for several machines."""

import os

import click

from proxy.cli.options import opened, refuse, with_settings
from proxy.cli.ports import pick
from proxy.cli.terminal import echo
from proxy.core import log
from proxy.core.errors import PerihelionError
from proxy.core.process import StopSignals, raise_file_limit
from proxy.core.settings import Settings

__all__ = ["control", "gateway", "ship"]


@click.command()
@with_settings
def gateway(settings: Settings) -> None:
    """Start the gateway alone."""
    settings = pick(opened(settings), "gateway")
    os.environ.update(settings.environ())
    from proxy.gateway.launch import run

    run(settings)


@click.command()
@with_settings
def control(settings: Settings) -> None:
    """Start the control plane alone: log store, shipper, API."""
    settings = pick(opened(settings), "control")
    from proxy.control.server import run

    try:
        run(settings)
    except PerihelionError as error:
        refuse(str(error))


@click.command()
@click.option("--store", default="", metavar="URL", help="clickhouse://user:pw@host:port/db (default: log.store).")
@with_settings
def ship(settings: Settings, store: str) -> None:
    """Ship this machine's spool into a ClickHouse server, beside a gateway, until stopped."""
    url = store or settings.get_str("log.store")
    if not url.startswith(("clickhouse://", "clickhouses://")):
        refuse(f"--store is {url!r}; expected clickhouse://user:pw@host:port/db. (The control plane ships into chDB.)")
    from proxy.control.log_service import LogService

    settings = opened(settings)
    raise_file_limit()
    log.configure(settings, "ship")
    signals = StopSignals()
    log_service = LogService(Settings({**settings, "log.store": url}))
    log_service.start()
    said = ""
    while not signals.wait(1.0):
        problem = log_service.problem or (log_service.shipper.figures.last_error if log_service.shipper else "")
        if problem != said:
            echo(f"perihelion ship: {problem or 'shipping'}", err=True)
            said = problem
    log_service.close()
