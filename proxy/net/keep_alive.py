"""Connections of the HTTP client that are kept open: each carries one request at a time, and the one that was used last
is taken first.

httpcore's own pool looks at each of its connections, with a system call, for each request; that is dear with many.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpcore

__all__ = ["KeepAlive"]

Key = tuple[bytes, bytes, int]
_KEPT_S: Final = 30.0


class KeepAlive:
    """For several threads. `options` are those of an `httpcore.HTTPConnection`."""

    def __init__(self, most: int, **options: object) -> None:
        """At most that many are in use at once."""
        self._options = options
        self._free = threading.BoundedSemaphore(most)
        self._idle: dict[Key, list[httpcore.HTTPConnection]] = {}
        """By origin, the one that was used last at the end."""
        self._lock = threading.Lock()
        self._swept_at = time.monotonic()

    @contextmanager
    def lend(self, url: httpcore.URL, timeout_s: float) -> Iterator[httpcore.HTTPConnection]:
        """A connection to the origin of an address. Raises `httpcore.PoolTimeout` where none becomes free in time."""
        if not self._free.acquire(timeout=timeout_s):
            raise httpcore.PoolTimeout("no connection became free")
        try:
            origin = url.origin
            key = (origin.scheme, origin.host, origin.port)
            connection = self._kept(key) or httpcore.HTTPConnection(
                origin,
                keepalive_expiry=_KEPT_S,
                **self._options,  # type: ignore[arg-type]
            )
            try:
                yield connection
            finally:
                if connection.is_idle() and not connection.is_closed():
                    with self._lock:
                        self._idle.setdefault(key, []).append(connection)
                else:
                    connection.close()
        finally:
            self._free.release()
        self._sweep()

    def close(self) -> None:
        """Closes those that are not in use."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for kept in idle.values():
            for connection in kept:
                connection.close()

    def _kept(self, key: Key) -> httpcore.HTTPConnection | None:
        while True:
            with self._lock:
                kept = self._idle.get(key)
                connection = kept.pop() if kept else None
            if connection is None or not connection.has_expired():
                return connection
            connection.close()

    def _sweep(self) -> None:
        """Now and then closes what nobody used for long, or the receiver closed."""
        expired: list[httpcore.HTTPConnection] = []
        with self._lock:
            if time.monotonic() - self._swept_at < _KEPT_S:
                return
            self._swept_at = time.monotonic()
            for key, kept in list(self._idle.items()):
                expired += (one for one in kept if one.has_expired())
                if left := [one for one in kept if one not in expired]:
                    self._idle[key] = left
                else:
                    del self._idle[key]
        for connection in expired:
            connection.close()
