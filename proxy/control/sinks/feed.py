"""A thread between the shipper and one sink, with a bounded queue and retries, so that no sink delays the log."""

import logging
import threading
import time
from collections import deque
from typing import Final

from proxy.control.sinks.base import RowBatch, Sink
from proxy.core.errors import PerihelionError

__all__ = ["SinkFeed"]

_MAX_QUEUED_BYTES: Final = 32 << 20
"""Of the spool, or of the bodies and texts of the rows where these are larger; the rows in memory are about twice as
large."""
_BACKOFF_S: Final = (0.5, 30.0)
_MAX_ATTEMPTS: Final = 10
"""Deliveries of one batch to an optional sink, over about two minutes, before it is skipped."""
_MAX_HOLD_S: Final = 60.0
"""How long a segment stays for an optional sink that is slow."""

_ANY_SIZE: Final = 1 << 62
_PLAIN: Final = (OSError, PerihelionError)
"""Errors whose text says all."""

_log = logging.getLogger(__name__)


class SinkFeed:
    """Delivers batches to one sink, in order, and counts. Its thread starts with the first batch.

    A durable sink's batch is retried until it is taken, and a batch that does not fit into the queue stays in its
    segment for later. An optional sink's batch is skipped where the queue is full or after ten attempts.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        max_queued_bytes: int = _MAX_QUEUED_BYTES,
        backoff_s: tuple[float, float] = _BACKOFF_S,
        max_attempts: int = _MAX_ATTEMPTS,
    ) -> None:
        self.name = sink.name
        self.durable = sink.durable
        self.delivered = 0
        """Records that the sink took."""
        self.skipped = 0
        """Records that it will not get."""
        self.failures = 0
        """Deliveries that raised."""
        self.last_error = ""
        """Why the last delivery failed; empty once one succeeded."""
        self.sink = sink
        self.delivered_at = 0.0
        """`time.time()` of the last delivery; 0 before the first."""
        self._max_queued_bytes = max_queued_bytes
        self._backoff_s = backoff_s
        self._max_attempts = max_attempts
        self._queue: deque[tuple[RowBatch, float]] = deque()
        self._queued_bytes = 0
        self._changed = threading.Condition()
        self._confirmed: dict[str, int] = {}
        self._deadline = float("inf")
        self._thread: threading.Thread | None = None

    def offer(self, batch: RowBatch) -> bool:
        """Queues the batch, and returns whether the sink is done with it: False where a durable sink must be offered
        it again. Never blocks."""
        size = batch.size
        with self._changed:
            if self._queue and self._queued_bytes + size > self._max_queued_bytes:
                if self.durable:
                    return False
                self.skipped += len(batch.rows)
                return True
            self._queue.append((batch, time.monotonic()))
            self._queued_bytes += size
            self._changed.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"sink-{self.name}", daemon=True)
            self._thread.start()
        return True

    def room(self) -> int:
        """How many bytes (`RowBatch.size`) the queue has room for; an empty queue takes a batch of any size."""
        with self._changed:
            return self._max_queued_bytes - self._queued_bytes if self._queue else _ANY_SIZE

    def confirmed(self) -> dict[str, int]:
        """By segment, the end of the last batch that the sink took."""
        with self._changed:
            return dict(self._confirmed)

    def forget(self, segment: str) -> None:
        """Drops what is known of a segment that was deleted."""
        with self._changed:
            self._confirmed.pop(segment, None)

    def holds(self, segment: str) -> bool:
        """Whether a segment must stay for what is queued of it. An optional sink holds one only while it is about to
        take it: a failing one loses what is queued if the process dies, so that it fills no disk."""
        with self._changed:
            if not self._queue:
                return False
            if not self.durable and (self.last_error or time.monotonic() - self._queue[0][1] > _MAX_HOLD_S):
                return False
            return any(batch.segment == segment for batch, _ in self._queue)

    def lag(self) -> tuple[int, float]:
        """How many records are queued, and for how many seconds the oldest has been."""
        with self._changed:
            if not self._queue:
                return 0, 0.0
            return sum(len(batch.rows) for batch, _ in self._queue), time.monotonic() - self._queue[0][1]

    def drain(self, timeout_s: float) -> bool:
        """Waits until the queue is empty, and returns whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue, timeout_s)

    def close(self, timeout_s: float) -> None:
        """Delivers what is queued, for at most `timeout_s`, and ends the thread. May be offered to again afterwards."""
        with self._changed:
            self._deadline = time.monotonic() + timeout_s
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s + 1.0)
            self._thread = self._thread if self._thread.is_alive() else None
        with self._changed:
            lost = 0 if self.durable else sum(len(batch.rows) for batch, _ in self._queue)
            if lost:
                self.skipped += lost
                _log.warning("sink %s: %d records were not delivered before the stop", self.name, lost)
            self._queue.clear()
            self._queued_bytes = 0
            self._deadline = float("inf")

    def _run(self) -> None:
        attempts = 0
        wait = self._backoff_s[0]
        while (batch := self._next()) is not None:
            attempts += 1
            try:
                self.sink.deliver(batch)
            except Exception as error:  # noqa: BLE001 - a sink may raise anything; the feed goes on
                self._note(error)
                if not self.durable and attempts >= self._max_attempts:
                    self._pop(batch, delivered=False)
                    attempts = 0
                elif not self._pause(wait):
                    return
                wait = min(wait * 2, self._backoff_s[1])
                continue
            self._pop(batch, delivered=True)
            attempts, wait = 0, self._backoff_s[0]

    def _next(self) -> RowBatch | None:
        """The oldest batch, waited for; None where the feed is being closed and there is none left or no time."""
        with self._changed:
            while not self._queue:
                if self._deadline != float("inf"):
                    return None
                self._changed.wait()
            return self._queue[0][0] if time.monotonic() < self._deadline else None

    def _pop(self, batch: RowBatch, *, delivered: bool) -> None:
        with self._changed:
            if not self._queue or self._queue[0][0] is not batch:
                return  # closed in the meantime
            self._queue.popleft()
            self._queued_bytes -= batch.size
            self._confirmed[batch.segment] = batch.end
            if delivered:
                self.delivered += len(batch.rows)
                self.delivered_at = time.time()
                self.last_error = ""
            else:
                self.skipped += len(batch.rows)
            self._changed.notify_all()

    def _note(self, error: Exception) -> None:
        text = f"{type(error).__name__}: {error}"
        with self._changed:
            self.failures += 1
            first, self.last_error = not self.last_error, text
        if first:
            _log.warning("sink %s: %s", self.name, text, exc_info=None if isinstance(error, _PLAIN) else error)

    def _pause(self, wait_s: float) -> bool:
        """Waits before the next attempt, and returns False where the feed ends before that."""
        until = time.monotonic() + wait_s
        with self._changed:
            while (now := time.monotonic()) < min(until, self._deadline):
                self._changed.wait(min(until, self._deadline) - now)
            return time.monotonic() < self._deadline
