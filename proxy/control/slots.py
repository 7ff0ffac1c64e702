"""Counts long responses of one kind, and refuses those above a number."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from proxy.core.errors import PerihelionError

__all__ = ["NoSlotFree", "Slots", "ThreadSlots"]


class NoSlotFree(PerihelionError):
    """As many of these responses are open as there can be."""

    def __init__(self, what: str, most: int) -> None:
        super().__init__(f"{most} {what} are open, as many as there can be at a time. Try again when one has ended.")


class Slots:
    """Belongs to one event loop."""

    def __init__(self, what: str, most: int) -> None:
        self.used = 0
        self._what = what
        self._most = most

    def check_free(self) -> None:
        """Raises `NoSlotFree`."""
        if self.used >= self._most:
            raise NoSlotFree(self._what, self._most)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Takes one until the end of the block. Raises `NoSlotFree`."""
        self.check_free()
        self.used += 1
        try:
            yield
        finally:
            self.used -= 1


class ThreadSlots:
    """The same for what runs on threads."""

    def __init__(self, what: str, most: int) -> None:
        self._what = what
        self._most = most
        self._free = threading.Semaphore(most)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Takes one until the end of the block. Raises `NoSlotFree`."""
        if not self._free.acquire(blocking=False):
            raise NoSlotFree(self._what, self._most)
        try:
            yield
        finally:
            self._free.release()
