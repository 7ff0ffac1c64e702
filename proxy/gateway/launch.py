"""Starts the gateway: one process that listens, and the workers it forks, each with its own event loop.

Whoever is stopped stops listening at once, so that another gateway can have the port while open calls end here. A
worker whose parent is gone ends its open calls too, and is killed where it does not.
"""

import asyncio
import errno
import logging
import mmap
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
from proxy.core.errors import PerihelionError, SettingError
from proxy.core.keepalive import keep_alive
from proxy.core.locks import FileLock
from proxy.core.process import STOP_S, StopSignals, bind_forks, die_with_parent, raise_file_limit, take_parent, tune_gc
from proxy.core.settings import Settings
from proxy.gateway.app import Application
from proxy.gateway.wire.callers import max_connections
from proxy.gateway.wire.server import Server

__all__ = ["run"]

_TICK_S: Final = 0.05
_RESTART_DELAY_S: Final = (0.5, 5.0)
"""A worker that ended is replaced after the first time; after up to the second where the one before it ended early."""
_STEADY_S: Final = 10.0
"""A worker that ran this long did not end early."""
_STOPPING: Final = 2
_PORT_S: Final = 2.0
"""How long a port is waited for that was free a moment ago."""
_CANNOT_START: Final = 2

_log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; then open calls have `gateway.drain_s` to end. Raises `SystemExit` with 2 where
    a worker says that it cannot start like this before any has served."""
    die_with_parent(parent=take_parent())
    bind_forks(signal.SIGTERM)
    log.configure(settings, "gateway")
    files = raise_file_limit()
    if files < settings.get_int("gateway.max_open"):
        _log.warning("this process may open %d files (ulimit -Hn), fewer than gateway.max_open calls need", files)
    # Kept until the last process of this gateway has ended: who finds the port taken sees by it whom to wait for.
    lock = FileLock(settings.layout.gateway_lock, shared=True, wait_s=_PORT_S)
    shutil.rmtree(settings.layout.run, ignore_errors=True)  # counters of an earlier gateway
    if settings.get_str("gateway.server") == "granian":
        from proxy.gateway.granian import serve

        serve(settings)
        return
    try:
        tls = _tls(settings)
        # One for all: a worker that dies takes none of the connections with it that nobody has accepted yet.
        listener = _listen(settings)
    except SettingError as error:
        _log.error("%s", error)
        raise SystemExit(_CANNOT_START) from None
    with listener:
        _Workers(settings, listener, tls).run()
    lock.release()


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.get_str("gateway.host"), settings.get_int("gateway.port")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + _PORT_S
    while True:
        try:
            listener = socket.create_server((host, port), family=family, backlog=settings.get_int("gateway.backlog"))
            keep_alive(listener, settings.get_float("tcp.keepalive_s"))
            return listener
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise SettingError("gateway.port", port, f"a free port of {host} ({error.strerror})") from None
            time.sleep(_TICK_S)


class _Workers:
    """Forks workers and replaces each that ends, until a stop signal comes."""

    def __init__(self, settings: Settings, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._listener = listener
        self._tls = tls
        self._count = settings.get_int("gateway.workers")
        self._pids: dict[int, float] = {}
        """When each was started."""
        self._served = mmap.mmap(-1, 1)
        """A byte that all share: 1 once a worker served, `_STOPPING` once all stop."""
        self._delay_s = _RESTART_DELAY_S[0]
        self._due = 0.0

    def run(self) -> None:
        signals = StopSignals()
        while not signals.count:
            if len(self._pids) < self._count and time.monotonic() >= self._due:
                self._fork()
                continue
            for pid, code, lived_s in self._ended():
                if code == _CANNOT_START and not self._served[0]:
                    self._end(signal.SIGTERM)
                    raise SystemExit(_CANNOT_START)
                if lived_s > _STEADY_S:
                    self._delay_s = _RESTART_DELAY_S[0]
                _log.warning("worker %d ended (%d); starting another in %g s", pid, code, self._delay_s)
                self._put_off()
            time.sleep(_TICK_S)
        self._end(signal.SIGTERM)

    def _put_off(self) -> None:
        self._due = time.monotonic() + self._delay_s
        self._delay_s = min(self._delay_s * 2, _RESTART_DELAY_S[1])

    def _fork(self) -> None:
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            _log.error("cannot start a worker: %s; trying again in %g s", error.strerror, self._delay_s)
            self._put_off()
            return
        if pid:
            self._pids[pid] = time.monotonic()
            return
        code = 1
        try:
            code = _work(self._settings, self._listener, self._tls, self._served, parent)
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else 1
        except BaseException:
            _log.critical("worker %d failed", os.getpid(), exc_info=True)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _ended(self) -> Iterator[tuple[int, int, float]]:
        """(pid, exit code; negative: the signal, seconds of life) of each worker that has ended."""
        for pid in list(self._pids):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                yield pid, os.waitstatus_to_exitcode(status), time.monotonic() - self._pids.pop(pid)

    def _end(self, number: signal.Signals) -> None:
        """Stops listening, tells all to stop, and ends those that have not a little after they should have."""
        self._listener.close()
        self._served[0] = _STOPPING
        deadline = time.monotonic() + self._settings.get_float("gateway.drain_s") + STOP_S
        for pid in self._pids:
            os.kill(pid, number)
        while self._pids:
            if time.monotonic() > deadline:
                for pid in self._pids:
                    os.kill(pid, signal.SIGKILL)
            for _ in self._ended():
                pass
            time.sleep(_TICK_S)


def _work(
    settings: Settings, listener: socket.socket, tls: ssl.SSLContext | None, served: mmap.mmap, parent: int
) -> int:
    """Run one worker to its end. Return its exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent has it too, and tells us
    die_with_parent(parent=parent, patience_s=settings.get_float("gateway.drain_s") + STOP_S)
    try:
        uvloop.run(_serve(settings, listener, tls, served))
    except PerihelionError as error:
        _log.error("%s", error)
        return _CANNOT_START
    return 0


async def _serve(settings: Settings, listener: socket.socket, tls: ssl.SSLContext | None, served: mmap.mmap) -> None:
    loop = asyncio.get_running_loop()
    application = Application(settings)
    application.start(loop)
    server = Server(
        application.answer,
        loop,
        max_open=settings.get_int("gateway.max_open"),
        max_body=settings.get_int("gateway.max_body"),
        idle_s=settings.get_float("gateway.idle_s"),
        request_timeout_s=settings.get_float("gateway.request_timeout_s"),
        write_timeout_s=settings.get_float("gateway.write_timeout_s"),
        max_arriving=settings.get_int("gateway.max_arriving"),
        max_connections=max_connections(settings),
        max_per_address=settings.get_int("gateway.max_connections_per_address"),
    )
    tune_gc()
    served[0] = 1
    gateway, is_only = os.getppid(), settings.get_int("gateway.workers") == 1

    def is_alone() -> bool:
        return is_only and served[0] != _STOPPING and os.getppid() == gateway

    try:
        await server.run(listener, tls, settings.get_float("gateway.drain_s"), is_alone)
    finally:
        await application.stop()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    cert, key = settings.get_str("gateway.tls_cert"), settings.get_str("gateway.tls_key")
    if not cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ValueError) as error:  # of OpenSSL too
        expected = f"a file with a certificate in PEM, and in gateway.tls_key that of its key ({error})"
        raise SettingError("gateway.tls_cert", cert, expected) from None
    context.set_alpn_protocols(["http/1.1"])
    return context
