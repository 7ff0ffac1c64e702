"""Starts the gateway: one process that listens, and the workers it forks, each with its own event loop."""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from typing import Final

import uvloop

from proxy.core import log
from proxy.core.errors import PerihelionError
from proxy.core.process import StopSignals, die_with_parent, tune_gc
from proxy.core.settings import Settings
from proxy.gateway.app import Application
from proxy.gateway.wire.server import Server

__all__ = ["run"]

_TICK_S: Final = 0.05
_RESTART_DELAY_S: Final = 0.5
"""A worker that ended is replaced after this time."""
_CANNOT_START: Final = 2

_log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; then open calls have `gateway.drain_s` to end. Raises `SystemExit` with 2 where
    a worker says that it cannot start like this."""
    die_with_parent()
    log.configure(settings, "gateway")
    shutil.rmtree(settings.layout.run, ignore_errors=True)  # counters of an earlier gateway
    if settings.get_str("gateway.server") == "granian":
        from proxy.gateway.granian import serve

        serve(settings)
        return
    # One listener for all: a worker that dies takes none of the connections with it that nobody has accepted yet.
    with _listen(settings) as listener:
        _Workers(settings, listener).run()


@contextlib.contextmanager
def _listen(settings: Settings) -> Iterator[socket.socket]:
    host, port = settings.get_str("gateway.host"), settings.get_int("gateway.port")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=settings.get_int("gateway.backlog"))
    except OSError as error:
        _log.error("cannot listen on %s port %d: %s", host, port, error.strerror)
        raise SystemExit(_CANNOT_START) from None
    with listener:
        yield listener


class _Workers:
    """Forks workers and replaces each that ends, until a stop signal comes."""

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._count = settings.get_int("gateway.workers")
        self._pids: set[int] = set()

    def run(self) -> None:
        signals = StopSignals()
        due = 0.0
        while not signals.count:
            if len(self._pids) < self._count and time.monotonic() >= due:
                self._fork()
                continue
            for pid, code in self._ended():
                if code == _CANNOT_START:
                    self._end(signal.SIGTERM)
                    raise SystemExit(_CANNOT_START)
                _log.warning("worker %d ended (%d); starting another", pid, code)
                due = time.monotonic() + _RESTART_DELAY_S
            time.sleep(_TICK_S)
        self._end(signal.SIGTERM)

    def _fork(self) -> None:
        pid = os.fork()
        if pid:
            self._pids.add(pid)
            return
        code = 1
        try:
            code = _work(self._settings, self._listener)
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else 1
        except BaseException:
            _log.critical("worker %d failed", os.getpid(), exc_info=True)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _ended(self) -> Iterator[tuple[int, int]]:
        """(pid, exit code; negative: the signal) of each worker that has ended."""
        for pid in list(self._pids):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self._pids.discard(pid)
                yield pid, os.waitstatus_to_exitcode(status)

    def _end(self, number: signal.Signals) -> None:
        """Tells all to stop, and ends those that have not a little after they should have."""
        deadline = time.monotonic() + self._settings.get_float("gateway.drain_s") + 3
        for pid in self._pids:
            os.kill(pid, number)
        while self._pids:
            if time.monotonic() > deadline:
                for pid in self._pids:
                    os.kill(pid, signal.SIGKILL)
            for _ in self._ended():
                pass
            time.sleep(_TICK_S)


def _work(settings: Settings, listener: socket.socket) -> int:
    """Run one worker to its end. Return its exit code."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent has it too, and tells us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        uvloop.run(_serve(settings, listener))
    except PerihelionError as error:
        _log.error("%s", error)
        return _CANNOT_START
    return 0


async def _serve(settings: Settings, listener: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    application = Application(settings)
    application.start(loop)
    server = Server(
        application.answer,
        loop,
        max_open=settings.get_int("gateway.max_open"),
        max_body=settings.get_int("gateway.max_body"),
        idle_s=settings.get_float("gateway.idle_s"),
    )
    tune_gc()
    try:
        await server.run(listener, _tls(settings), settings.get_float("gateway.drain_s"))
    finally:
        await application.stop()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    cert, key = settings.get_str("gateway.tls_cert"), settings.get_str("gateway.tls_key")
    if not cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["http/1.1"])
    return context
