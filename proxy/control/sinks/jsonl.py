"""Writes one JSON object a call (`core/event.py`) to a rotated file. Optional: `sink.jsonl.path` turns it on.

A batch is appended with one write and is in the file wholly or not at all: what a full disk left of it is cut off.
At least once: a batch whose end was not yet noted when the process died is written again.
"""

import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from proxy.control.sinks.base import RowBatch
from proxy.core.settings import Settings
from proxy.logstore import event_of_rows

__all__ = ["JsonlSink", "make_jsonl_sink"]

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
_BLOCK: Final = 1 << 16
_encode = msgspec.json.Encoder().encode


class JsonlSink:
    """Appends to `path`. Before it grows past `max_bytes` it becomes `path.1`, `path.1` becomes `path.2`, up to
    `path.<keep>`; the oldest is deleted."""

    name: Final = "jsonl"
    durable: Final = False

    def __init__(self, path: Path, *, max_bytes: int = 256 << 20, keep: int = 4, bodies: bool = False) -> None:
        """`bodies` adds the bodies of each call."""
        self.target = str(path)
        self.rejected = 0
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep
        self._bodies = bodies

    def deliver(self, batch: RowBatch) -> None:
        """Appends the events of the batch. Raises `OSError`; the file is then as it was."""
        events = (event_of_rows(rows.request, rows.body, with_bodies=self._bodies) for rows in batch.rows)
        lines = b"".join(_encode(event) + b"\n" for event in events)
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Opened each time, so that another program may rotate the file, too.
        fd = os.open(self._path, _FLAGS, 0o600)
        try:
            size = _cut_torn_line(fd)
            if size and size + len(lines) > self._max_bytes:
                self._rotate()
                os.close(fd)
                fd = os.open(self._path, _FLAGS, 0o600)
                size = 0
            _append(fd, lines, size)
        finally:
            os.close(fd)

    def _rotate(self) -> None:
        """Moves each file to the next number. A crash in between leaves a gap in the numbers, and no file is lost."""
        names = [self._path.name, *(f"{self._path.name}.{number}" for number in range(1, self._keep + 1))]
        if self._keep == 0:
            self._path.unlink()
        for number in range(self._keep, 0, -1):
            newer = self._path.with_name(names[number - 1])
            if newer.exists():
                os.replace(newer, self._path.with_name(names[number]))


def _append(fd: int, lines: bytes, size: int) -> None:
    """Writes all of `lines` at the end of a file of `size` bytes, or raises `OSError` with the file as it was."""
    try:
        written = os.write(fd, lines)
        while written < len(lines):  # a full disk raises at the next write and says why
            written += os.write(fd, memoryview(lines)[written:])
    except OSError:
        with contextlib.suppress(OSError):  # a device has no size
            os.ftruncate(fd, size)
        raise


def _cut_torn_line(fd: int) -> int:
    """Cuts off a last line without its end, which only a crash leaves, and returns the size of the file."""
    size = end = os.fstat(fd).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        newline = os.pread(fd, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end != size:
        os.ftruncate(fd, end)
    return end


def make_jsonl_sink(settings: Settings) -> JsonlSink | None:
    """The sink of the settings `sink.jsonl.*`, or None where they name no file."""
    path = settings.get_str("sink.jsonl.path")
    if not path:
        return None
    return JsonlSink(
        Path(path).expanduser(),
        max_bytes=settings.get_int("sink.jsonl.max_bytes"),
        keep=settings.get_int("sink.jsonl.keep"),
        bodies=settings.get_bool("sink.jsonl.bodies"),
    )
