"""Starts the gateway: granian's main process and its workers."""

import gc
import shutil
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.http import HTTP1Settings

from proxy.core.process import die_with_parent
from proxy.core.settings import Settings, load

__all__ = ["make", "run"]


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; then open calls have `gateway.drain_s` to end."""
    die_with_parent()
    shutil.rmtree(settings.data / "run", ignore_errors=True)  # counters of an earlier gateway
    cert, key = settings.text("gateway.tls_cert"), settings.text("gateway.tls_key")
    Granian(
        "proxy.gateway.launch:make",
        factory=True,
        address=settings.text("gateway.host"),
        port=settings.whole("gateway.port"),
        interface=Interfaces.RSGI,
        workers=settings.whole("gateway.workers"),
        runtime_mode=RuntimeModes.mt,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        backlog=settings.whole("gateway.backlog"),
        backpressure=settings.whole("gateway.max_open"),
        http1_settings=HTTP1Settings(header_read_timeout=30_000, keep_alive=True, max_buffer_size=1 << 20),
        log_enabled=False,
        ssl_cert=Path(cert) if cert else None,
        ssl_key=Path(key) if key else None,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=int(settings.real("gateway.drain_s")),
    ).serve()


def make() -> Any:
    """A worker's application. Settings come through the environment, as every worker is a process of its own."""
    from proxy.gateway.app import Application

    return Application(load(), on_start=_start_worker)


def _start_worker() -> None:
    die_with_parent()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # calls leave few cycles; the default walks them far too often
