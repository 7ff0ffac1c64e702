"""Process control: signals, the death of the parent, the garbage collector, memory of mapped code."""

import contextlib
import ctypes
import gc
import os
import re
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

__all__ = [
    "PARENT",
    "STOP_S",
    "StopSignals",
    "bind_forks",
    "die_with_parent",
    "raise_file_limit",
    "return_large_buffers",
    "take_parent",
    "tune_gc",
    "unmap_clean_code",
]

PARENT: Final = "PERIHELION_PARENT"
"""The environment variable in which a process tells one that it starts its own process id."""
STOP_S: Final = 5.0
"""How long a process of the gateway may take to end after its drain period. It is killed then."""
_PR_SET_PDEATHSIG: Final = 1
_WATCH_S: Final = 1.0
_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_MAX_FILES: Final = 1 << 20
_MADV_DONTNEED: Final = 4
_MAPPING: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r(.)(.)p \S+ \S+ ([1-9]\d*) ")
_MIN_KIB: Final = 1024
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_LARGE_BYTES: Final = 256 << 10
_ARENAS: Final = 2


def take_parent() -> int:
    """Take from the environment which process id the parent has handed down as its own; 0: none."""
    text = os.environ.pop(PARENT, "")
    return int(text) if text.isdecimal() else 0


def die_with_parent(signum: int = signal.SIGTERM, *, parent: int = 0, patience_s: float = 0.0) -> None:
    """Have `signum` sent to this process when its parent ends, however it ends: by the kernel on Linux.

    `parent` is the process id that the parent handed down, if it did: between its fork and this call it may have
    ended, and somebody else adopted this process. Raises `SystemExit` then. With `patience_s` this process is killed
    so long after its parent's end, should it still be there, and on other systems a thread sends the signal too:
    do not fork afterwards.
    """
    parent = parent or os.getppid()
    told = False
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            told = ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0) == 0
    if os.getppid() != parent:
        raise SystemExit(1)
    if patience_s:
        watch = (parent, None if told else signum, patience_s)
        threading.Thread(target=_watch_parent, args=watch, name="parent", daemon=True).start()


def _watch_parent(parent: int, signum: int | None, patience_s: float) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_S)
    if signum is not None:
        os.kill(os.getpid(), signum)
    time.sleep(patience_s)
    os.kill(os.getpid(), signal.SIGKILL)


def bind_forks(signum: int) -> None:
    """From now on each process that this one forks ends with it, by `signum`, and begins with default handlers.

    No stop signal gets lost in between: it waits until the child has its own handlers, since those of this process
    would only count it. Called once in a process; what its children fork is not bound."""
    parent = os.getpid()
    forking = parent

    def begin() -> None:
        nonlocal forking
        forking = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)

    def go_on() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)

    def begin_child() -> None:
        if forking == parent:
            for number in _STOP_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            try:
                die_with_parent(signum, parent=parent)
            except SystemExit:
                os._exit(1)
        go_on()

    os.register_at_fork(before=begin, after_in_parent=go_on, after_in_child=begin_child)


def return_large_buffers() -> None:
    """Have large buffers given back to the system when they are freed. By itself glibc keeps those of every thread for
    the next ones, and a process that once held many large bodies never becomes smaller again."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


def raise_file_limit() -> int:
    """Raise the limit of open files as far as the system lets this process, and return it. Children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _MAX_FILES if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # some systems allow less than they say
        return soft
    return wanted


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
        for signum in _STOP_SIGNALS:
            signal.signal(signum, self._came)

    def wait(self, seconds: float, more_than: int = 0) -> bool:
        """Whether more than so many have come, at once or within `seconds` and a tenth."""
        deadline = time.monotonic() + seconds
        while self.count <= more_than and time.monotonic() < deadline:
            time.sleep(min(seconds, 0.1))
        return self.count > more_than

    def _came(self, *_: Any) -> None:
        self.count += 1
