"""Locks on files, by which processes of one data folder know of each other. The kernel releases them however a process
ends."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from proxy.core.clock import monotonic
from proxy.core.files import open_lock

__all__ = ["FileLock", "LockBusy", "is_locked"]

_POLL_S: Final = 0.05


class LockBusy(Exception):
    """Another process holds the lock."""


class FileLock:
    """A lock on a file, held until `release` or the end of this process and of those that it has forked since."""

    def __init__(self, path: Path, *, shared: bool = False, wait_s: float = 0.0) -> None:
        """Waits for at most `wait_s`, and raises `LockBusy` then. A `shared` lock excludes only others that are
        not."""
        self._fd = open_lock(path)
        deadline = monotonic() + wait_s
        while not _take(self._fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX):
            if monotonic() >= deadline:
                self.release()
                raise LockBusy(f"another process holds {path}")
            time.sleep(_POLL_S)

    def release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock, shared or not. Takes it for an instant: whoever locks this file waits."""
    try:
        FileLock(path).release()
    except LockBusy:
        return True
    return False


def _take(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
