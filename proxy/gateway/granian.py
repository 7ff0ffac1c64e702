"""Runs the gateway under granian instead of the built-in server, for HTTP/2 to clients."""

import asyncio
import os
from pathlib import Path
from typing import Any, cast

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.http import HTTP1Settings

from proxy.core import log
from proxy.core.locks import FileLock
from proxy.core.process import PARENT, STOP_S, die_with_parent, take_parent, tune_gc
from proxy.core.settings import Settings, load
from proxy.gateway.app import Application
from proxy.gateway.wire.rsgi import RsgiWire

__all__ = ["make", "serve"]


def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; then open calls have `gateway.drain_s` to end."""
    os.environ[PARENT] = str(os.getpid())
    cert, key = settings.get_str("gateway.tls_cert"), settings.get_str("gateway.tls_key")
    Granian(
        "proxy.gateway.granian:make",
        factory=True,
        address=settings.get_str("gateway.host"),
        port=settings.get_int("gateway.port"),
        interface=Interfaces.RSGI,
        workers=settings.get_int("gateway.workers"),
        runtime_mode=RuntimeModes.mt,
        loop=Loops.uvloop,
        http=HTTPModes.auto,
        websockets=False,
        backlog=settings.get_int("gateway.backlog"),
        backpressure=settings.get_int("gateway.max_open"),
        http1_settings=HTTP1Settings(header_read_timeout=30_000, keep_alive=True, max_buffer_size=1 << 20),
        log_enabled=False,
        ssl_cert=Path(cert) if cert else None,
        ssl_key=Path(key) if key else None,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=int(settings.get_float("gateway.drain_s")),
    ).serve()


class RsgiApplication:
    """granian's target."""

    def __init__(self, settings: Settings) -> None:
        self._inner = Application(settings)
        self._lock = FileLock(settings.layout.gateway_lock, shared=True, wait_s=1.0)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        tune_gc()
        self._inner.start(loop)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self._inner.stop())

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        wire = RsgiWire(scope, proto, task)
        await self._inner.answer(wire)
        await wire.ended()  # granian takes our return for the end of the call


def make() -> RsgiApplication:
    """A worker's application. Settings come through the environment, as every worker is a process of its own."""
    settings = load()
    die_with_parent(parent=take_parent(), patience_s=settings.get_float("gateway.drain_s") + STOP_S)
    log.configure(settings, "gateway")
    return RsgiApplication(settings)
