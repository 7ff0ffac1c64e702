"""The connections that read: as many queries run at once as there are readers, and none waits for another."""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError

from proxy.logstore.limits import StoreBusy

__all__ = ["Readers"]


class Readers:
    """At most `count` connections, made by `connect` when they are needed. Each does one query at a time.

    One whose query failed is closed: chDB (26.9) puts what such a query had found before the result of the next query.
    """

    def __init__(self, connect: Callable[[], Any], count: int, *, reuse: bool = True) -> None:
        self.count = count
        self._connect = connect
        self._free = threading.BoundedSemaphore(count)
        self._idle: deque[Any] = deque()
        self._keep = reuse

    @contextlib.contextmanager
    def lend(self, patience_s: float) -> Iterator[Any]:
        """A connection for one query. Waits up to `patience_s` for a free one (0: without end), else `StoreBusy`."""
        if not self._free.acquire(timeout=patience_s or None):
            raise StoreBusy(self.count, patience_s)
        try:
            client = self._idle.pop() if self._idle else self._connect()
            failed = True
            try:
                yield client
                failed = False
            finally:
                if failed or not self._keep:
                    _close(client)
                else:
                    self._idle.append(client)
        finally:
            self._free.release()

    def close(self, patience_s: float = 5.0) -> None:
        """Closes all connections, those in use when they come back; waits up to `patience_s` for them."""
        self._keep = False
        deadline = time.monotonic() + patience_s
        for _ in range(self.count):
            self._free.acquire(timeout=max(0.0, deadline - time.monotonic()))
        while self._idle:
            _close(self._idle.pop())


def _close(client: Any) -> None:
    with contextlib.suppress(ClickHouseError, OSError):
        client.close()
