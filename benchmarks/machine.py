"""The machine's own accounts: CPU of process trees, memory, and what machine it is."""

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from proxy.core.settings import load
from tests.stack import descendants

__all__ = ["cpu_seconds", "environment", "pin", "pss_kib", "rss_kib", "tree"]

_TICK = os.sysconf("SC_CLK_TCK")
_PACKAGES = ("granian", "uvloop", "httptools", "msgspec", "chdb", "litestar")


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    return [pid, *descendants(pid)]


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of these processes, threads and reaped children included. Resolution: one tick, 10 ms."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / _TICK


def rss_kib(pid: int) -> int:
    """Resident memory in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def pss_kib(pid: int) -> int:
    """The same, what is shared with others counted in part: of several processes it may be added up."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def pin(pids: list[int], core: int) -> None:
    """Keeps every thread of these processes on one core (the only one, where there is no second)."""
    cores = sorted(os.sched_getaffinity(0))
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {cores[core % len(cores)]})


def _interpreter_ns(steps: int = 500_000) -> float:
    """One step of a fixed loop of plain Python, best of five: machines and builds of Python differ by a factor of
    three, and this says by how much these figures do."""

    def loop() -> float:
        table: dict[int, int] = {}
        total = 0
        began = time.process_time()
        for number in range(steps):
            table[number & 255] = number
            total += table.get(number & 127, 0)
        return time.process_time() - began

    return round(min(loop() for _ in range(5)) / steps * 1e9, 1)


def environment() -> dict[str, Any]:
    """What was measured on."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "absent"
    return {
        "cpu": model[0].partition(":")[2].strip() if model else "unknown",
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "interpreter_ns": _interpreter_ns(),
        "load": os.getloadavg(),
        "text_index": load(environ={}).get_bool("log.text_index"),
        "packages": packages,
    }
