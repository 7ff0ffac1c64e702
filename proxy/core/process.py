"""Process control: signals, the death of the parent, the garbage collector, memory of mapped code."""

import ctypes
import gc
import os
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

__all__ = ["StopSignals", "die_with_parent", "tune_gc", "unmap_clean_code"]

_PR_SET_PDEATHSIG: Final = 1
_MADV_DONTNEED: Final = 4
_MAPPING: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r(.)(.)p \S+ \S+ ([1-9]\d*) ")
_MIN_KIB: Final = 1024


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


def tune_gc() -> None:
    """Make the garbage collector run rarely: calls leave few cycles, and its defaults look for them far too often."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def unmap_clean_code() -> int:
    """Takes the pages of large libraries off this process, and returns how many KiB; 0 where the system cannot.

    A start runs much code once, and with every page of it the kernel maps those around it that are in the page cache:
    hundreds of MiB of a large library. What is needed again is mapped again, from the page cache, by and by. Only
    mappings that can neither be written nor hold a page of the process's own are touched. Linux only.
    """
    freed = 0
    try:
        advise = ctypes.CDLL(None, use_errno=True).madvise
        with open("/proc/self/smaps", encoding="utf-8", errors="replace") as rows:
            for start, end, kib in _clean(rows):
                if advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_DONTNEED) == 0:
                    freed += kib
    except (OSError, AttributeError):
        pass
    return freed


def _clean(rows: Iterable[str]) -> Iterator[tuple[int, int, int]]:
    """(start, end, resident KiB) of the mappings of files that may be let go, from the lines of a `smaps`."""
    place: tuple[int, int] | None = None
    resident = 0
    for row in rows:
        head = _MAPPING.match(row)
        if head is not None:
            place = (int(head[1], 16), int(head[2], 16)) if head[3] == "-" else None
        elif row.startswith("Rss:"):
            resident = int(row.split()[1])
        elif row.startswith("Anonymous:"):
            if place is not None and row.split()[1] == "0" and resident >= _MIN_KIB:
                yield *place, resident
            place = None


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
