"""Cancels reads of the log from another thread."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Final

from proxy.logstore.limits import QueryCancelled

__all__ = ["Cancellation"]

_current: ContextVar["Cancellation | None"] = ContextVar("cancellation", default=None)
_REPEAT_S: Final = 0.1


class Cancellation:
    """Covers all reads that a thread begins within `active()`.

    After `cancel()`, the read that runs ends with `QueryCancelled`, and so does every later one, at once.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._cancelled = False
        self._kills: list[Callable[[], None]] = []

    @staticmethod
    def current() -> "Cancellation | None":
        """The one that covers this thread."""
        return _current.get()

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Covers the reads of this thread (and of tasks made in it) until the end of the block."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    @contextlib.contextmanager
    def running(self, kill: Callable[[], None]) -> Iterator[None]:
        """For the store: one read; `kill` ends it, and does nothing before it began or after its end.

        Raises `QueryCancelled` where all is cancelled already."""
        with self._changed:
            if self._cancelled:
                raise QueryCancelled
            self._kills.append(kill)
        try:
            yield
        finally:
            with self._changed:
                self._kills.remove(kill)
                self._changed.notify_all()

    def cancel(self, patience_s: float = 5.0) -> bool:
        """Ends what runs, and returns whether it has ended. Blocks for up to `patience_s`."""
        with self._changed:
            self._cancelled = True
        for _ in range(max(1, round(patience_s / _REPEAT_S))):  # again: a read may not be known to the engine yet
            kills = list(self._kills)
            for kill in kills:
                kill()
            with self._changed:
                if self._changed.wait_for(lambda: not self._kills, _REPEAT_S):
                    return True
        return False
