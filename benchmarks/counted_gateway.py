"""`python -m benchmarks.counted_gateway FILE`: `perihelion gateway` with a profile function in each worker.

The worker counts the Python frames it enters (the resumption of a coroutine is one) and the C functions that Python
code calls. `FILE` is the shared memory through which `benchmarks.frames` reads the counts while the gateway runs.
"""

import json
import mmap
import os
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

__all__ = ["C_CALLS", "FRAMES", "REQUEST", "SIZE", "by_function"]

FRAMES, C_CALLS, REQUEST = 0, 1, 2
"""Slots of the file, eight bytes each. `REQUEST`: 1 clears the table by function, 2 writes it; the worker sets it back
to 0 when that is done."""
SIZE = 24


def by_function(file: Path) -> Path:
    """Where the worker writes its table: rows of [function, kind, count]."""
    return file.with_suffix(".functions.json")


def _count(file: Path) -> None:
    """Counts in this process from now on."""
    with file.open("r+b") as opened:
        slots = memoryview(mmap.mmap(opened.fileno(), SIZE)).cast("Q")
    table: Counter[tuple[str, str]] = Counter()

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        if slots[REQUEST]:
            if slots[REQUEST] == 2:
                by_function(file).write_text(json.dumps([[*key, number] for key, number in table.items()]))
            table.clear()
            slots[REQUEST] = 0
        if event == "call":
            slots[FRAMES] += 1
            code = frame.f_code
            table[f"{code.co_filename}:{code.co_firstlineno} {code.co_qualname}", "frame"] += 1
        elif event == "c_call":
            slots[C_CALLS] += 1
            code = frame.f_code
            name = getattr(argument, "__qualname__", repr(argument))
            table[f"{code.co_filename}:{frame.f_lineno} {code.co_qualname} calls {name}", "C call"] += 1

    sys.setprofile(profile)


if __name__ == "__main__":
    from proxy.cli import main

    counts = Path(sys.argv[1])
    os.register_at_fork(after_in_child=lambda: _count(counts))
    main(["gateway"])
