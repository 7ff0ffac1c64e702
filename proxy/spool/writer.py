"""Appends frames to segment files: one `writev` per turn of the event loop, so frames outlive the process."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from proxy.core.clock import now_us, uuid7
from proxy.spool.segment import HEADER_SIZE, MAGIC, SUFFIX, pack

__all__ = ["Writer"]

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
_MAX_FRAMES_A_WRITE: Final = 256
"""A frame is two buffers, and one `writev` takes 1,024."""
_CHECK_INTERVAL_US: Final = 1_000_000
"""How often the open segment is checked: for its age, and for having been deleted."""


class Writer:
    """Writes the spool of one gateway worker. Not for several threads or processes: each worker has its own.

    The open segment is held under an exclusive `flock`, which the kernel releases however the process ends: a
    segment whose lock can be taken gets no more frames. Nothing here raises for a full or broken disk: a frame that
    could not be written is counted in `dropped`.
    """

    __slots__ = (
        "_checked_us",
        "_clock",
        "_fd",
        "_folder",
        "_fsync",
        "_opened_us",
        "_path",
        "_segment_bytes",
        "_segment_us",
        "_size",
        "_worker",
        "bytes_written",
        "dropped",
        "error",
        "written",
    )

    def __init__(
        self,
        folder: Path,
        *,
        segment_bytes: int = 64 << 20,
        segment_s: float = 60.0,
        fsync: bool = False,
        worker: str = "0",
        clock: Callable[[], int] = now_us,
    ) -> None:
        """`folder` is created (mode 0700) with the first frame; `clock` gives microseconds since the epoch."""
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._segment_us = int(segment_s * 1e6)
        self._fsync = fsync
        self._worker = worker
        self._clock = clock
        self._fd = -1
        self._path: Path | None = None
        self._size = 0
        self._opened_us = 0
        self._checked_us = 0
        self.written = 0
        """Frames that are in the page cache (with `fsync`: on the disk)."""
        self.dropped = 0
        """Frames that could not be written."""
        self.bytes_written = 0
        self.error = ""
        """Why the last frame was dropped; empty once one was written again."""

    @property
    def segment(self) -> Path | None:
        """The segment that is open now."""
        return self._path

    def append(self, payload: bytes) -> bool:
        """Write one frame. Returns whether it was written; a written frame survives `kill -9`."""
        return self._write([pack(payload), payload], 1, HEADER_SIZE + len(payload))

    def extend(self, payloads: list[bytes]) -> None:
        """Write several frames with as few writes as possible; if a write fails, all its frames are dropped."""
        for first in range(0, len(payloads), _MAX_FRAMES_A_WRITE):
            buffers: list[bytes] = []
            size = 0
            batch = payloads[first : first + _MAX_FRAMES_A_WRITE]
            for payload in batch:
                buffers += (pack(payload), payload)
                size += HEADER_SIZE + len(payload)
            self._write(buffers, len(batch), size)

    def _write(self, buffers: list[bytes], frames: int, size: int) -> bool:
        now = self._clock()
        if self._fd >= 0:
            if self._size + size > self._segment_bytes and self._size > len(MAGIC):
                self.close()
            elif not 0 <= now - self._checked_us < _CHECK_INTERVAL_US:
                self._check(now)
        try:
            if self._fd < 0:
                self._open(now)
            written = os.writev(self._fd, buffers)
            if written != size:
                raise OSError(f"short write: {written} of {size} bytes")
            if self._fsync:
                os.fdatasync(self._fd)
        except (OSError, ValueError, OverflowError) as error:
            self._drop(error, frames)
            return False
        self._size += size
        self.written += frames
        self.bytes_written += size
        if self.error:
            self.error = ""
        return True

    def close(self) -> None:
        """Close the open segment; the shipper deletes it once it is shipped. The next `append` opens another."""
        if self._fd >= 0:
            fd, self._fd, self._path = self._fd, -1, None
            try:
                os.close(fd)
            except OSError as error:
                self.error = str(error)

    def _open(self, now: int) -> None:
        """Open a segment. It is named only once it is locked and has its magic, so no reader treats it as closed."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{uuid7(now).replace('-', '')}-{self._worker}"
        path = self._folder / (name + SUFFIX)
        draft = self._folder / (name + ".new")
        fd = os.open(draft, _FLAGS, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.write(fd, MAGIC) != len(MAGIC):
                raise OSError("short write: no room for a new segment")
            os.rename(draft, path)
        except OSError:
            os.close(fd)
            draft.unlink(missing_ok=True)
            raise
        self._fd, self._path = fd, path
        self._size = len(MAGIC)
        self._opened_us = self._checked_us = now

    def _check(self, now: int) -> None:
        """Close the segment if it is past its age or its file was deleted."""
        self._checked_us = now
        if not 0 <= now - self._opened_us < self._segment_us:
            self.close()
            return
        try:
            gone = os.fstat(self._fd).st_nlink == 0
        except OSError:
            gone = True
        if gone:
            self.close()

    def _drop(self, error: Exception, frames: int) -> None:
        self.dropped += frames
        self.error = str(error)
        if self._fd >= 0:
            try:
                os.ftruncate(self._fd, self._size)
            except OSError:
                self.close()
