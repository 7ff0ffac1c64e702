"""What a process asks of the operating system about itself."""

import ctypes
import os
import signal
import sys
import time
from typing import Any, Final

__all__ = ["StopSignals", "die_with_parent"]

_PR_SET_PDEATHSIG: Final = 1


def die_with_parent(signum: int = signal.SIGTERM) -> bool:
    """Has the kernel send `signum` to this process when its parent ends, however it ends. Linux only.

    False where the system cannot do it; raises `SystemExit` where the parent has ended already.
    """
    if not sys.platform.startswith("linux"):
        return False
    parent = os.getppid()
    try:
        done: bool = ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0) == 0
    except (OSError, AttributeError):
        return False
    # The parent may have ended between the fork and the call: then nobody would send the signal.
    if os.getppid() != parent:
        raise SystemExit(1)
    return done


class StopSignals:
    """SIGTERM and SIGINT, counted from now on; for the main thread.

    The handler only counts. `threading.Event.set` takes a lock, which the main thread may hold at that very instant
    because it waits for the event: the process would then wait for itself, for ever.
    """

    def __init__(self) -> None:
        self.count = 0
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._came)

    def wait(self, seconds: float, more_than: int = 0) -> bool:
        """Whether more than so many have come, at once or within `seconds` and a tenth."""
        deadline = time.monotonic() + seconds
        while self.count <= more_than and time.monotonic() < deadline:
            time.sleep(min(seconds, 0.1))
        return self.count > more_than

    def _came(self, *_: Any) -> None:
        self.count += 1
