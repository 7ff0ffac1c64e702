"""Reads segments, growing and closed, from any offset. Damage is moved aside and never stops the reader."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from proxy.core.files import make_folder, set_aside
from proxy.spool.segment import HEADER_SIZE, MAGIC, SUFFIX, State, frame_size, resync, scan

__all__ = ["Batch", "Reader", "UnreadableSegment"]

_LEFTOVER_S: Final = 60.0
_RECORD_SUFFIX: Final = ".record"
_PASSING: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN})
"""What says nothing of the file."""


class UnreadableSegment(OSError):
    """A segment that is no file, or that the disk does not give."""


class Batch(msgspec.Struct, frozen=True):
    """A run of bytes of one segment: complete frames (`payloads`), or damage (`lost`, without payloads)."""

    segment: str
    start: int
    end: int
    payloads: list[memoryview]
    lost: bool = False

    def offset_of(self, number: int) -> int:
        """Where record `number` begins; the batch's end for one more than there are."""
        # Frames lie next to each other, up to the batch's end.
        return self.end - sum(HEADER_SIZE + len(payload) for payload in self.payloads[number:])


class Reader:
    """The segments of one spool folder. Opens files only while it reads them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.torn = 0
        """Damaged parts that were set aside."""
        self.torn_bytes = 0

    def segments(self) -> list[str]:
        """Return the names of all segments, oldest first; empty where the folder does not exist yet."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        return sorted(name for name in names if name.endswith(SUFFIX))

    def size(self, segment: str) -> int:
        """Return the size of the segment in bytes; 0 where it was deleted."""
        try:
            return os.stat(self.folder / segment).st_size
        except FileNotFoundError:
            return 0

    def created(self, segment: str) -> float:
        """Return when the segment was begun, as its name says, in seconds since the epoch; now for another name."""
        try:
            return int(segment[:12], 16) / 1e3
        except ValueError:
            return time.time()

    def is_closed(self, segment: str) -> bool:
        """Return whether no writer holds the segment. A closed segment never grows again."""
        fd = self._open(segment)
        if fd < 0:
            return True
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
        return True

    def batches(self, segment: str, offset: int, max_rows: int, max_bytes: int) -> Iterator[Batch]:
        """Yield the batches from `offset` on, in order. A growing segment's partial tail is left for later."""
        # Read before the size is: a segment that closes in between is only taken for growing once more.
        closed = self.is_closed(segment)
        while (batch := self._next(segment, offset, max_rows, max_bytes, closed)) is not None:
            yield batch
            offset = batch.end

    def read(self, segment: str, start: int, end: int) -> Batch:
        """Return the batch that had these bounds before; shorter, down to no payloads, where the segment was cut,
        damaged or removed since."""
        buffer = self._bytes(segment, start, end - start)
        frames = scan(buffer, len(MAGIC) if start == 0 else 0)
        return Batch(segment, start, start + frames.next, frames.payloads)

    def set_aside(self, segment: str, start: int, end: int) -> Path:
        """Copy the bytes from `start` to `end` to `torn/<segment>@<start>.part`, durably, and count them. May be
        repeated."""
        path = self._copy(segment, start, end, ".part")
        self.torn += 1
        self.torn_bytes += end - start
        return path

    def keep_record(self, segment: str, start: int, end: int) -> Path:
        """Copy the bytes of a record to `torn/<segment>@<start>.record`, durably. May be repeated."""
        return self._copy(segment, start, end, _RECORD_SUFFIX)

    def kept_records(self, segment: str) -> frozenset[int]:
        """Return where the records of the segment begin that were copied so."""
        before = f"{segment}@"
        try:
            names = os.listdir(self.folder / "torn")
        except (FileNotFoundError, NotADirectoryError):
            return frozenset()
        found = (
            name[len(before) : -len(_RECORD_SUFFIX)]
            for name in names
            if name.endswith(_RECORD_SUFFIX) and name.startswith(before)
        )
        return frozenset(int(start) for start in found if start.isdecimal())

    def _copy(self, segment: str, start: int, end: int, suffix: str) -> Path:
        folder = self.folder / "torn"
        make_folder(folder)
        path = folder / f"{segment}@{start}{suffix}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(self._bytes(segment, start, end - start))
            file.flush()
            os.fsync(fd)
        return path

    def set_aside_whole(self, segment: str, why: str) -> None:
        """Rename what cannot be read as a segment, so that it stops no other."""
        set_aside(self.folder / segment, why)

    def remove(self, segment: str) -> None:
        """Delete a segment. Only for closed segments that were read to their end."""
        (self.folder / segment).unlink(missing_ok=True)

    def sweep(self, now: float) -> None:
        """Delete the files of writers killed between creating and naming a segment; `now` in epoch seconds."""
        for path in self.folder.glob("*.new"):
            try:
                stat = path.stat()
                if stat.st_size <= len(MAGIC) and now - stat.st_mtime > _LEFTOVER_S and self.is_closed(path.name):
                    path.unlink()
            except OSError:
                continue

    def _next(self, segment: str, offset: int, max_rows: int, max_bytes: int, closed: bool) -> Batch | None:
        size = self.size(segment)
        if offset >= size:
            return None
        head = len(MAGIC) if offset == 0 else 0
        if size - offset <= head and not closed:
            return None
        buffer = self._bytes(segment, offset, max(max_bytes, head + HEADER_SIZE))
        if head and buffer[:head] != MAGIC:
            return self._damage(segment, offset, size) if closed else None
        if len(buffer) == head == size:
            return Batch(segment, 0, head, [])
        first = frame_size(buffer, head)
        if first is not None and head + first > len(buffer) and offset + head + first <= size:
            buffer = self._bytes(segment, offset, head + first)
        frames = scan(buffer, head, max_rows)
        if frames.payloads:
            return Batch(segment, offset, offset + frames.next, frames.payloads)
        # A growing file may show a partial frame, whose checksum is wrong until it is complete.
        if frames.state is State.CLEAN or not closed:
            return None
        return self._damage(segment, offset, size)

    def _damage(self, segment: str, offset: int, size: int) -> Batch:
        buffer = self._bytes(segment, offset, size - offset)
        return Batch(segment, offset, offset + resync(buffer, 0), [], lost=True)

    def _bytes(self, segment: str, offset: int, length: int) -> bytes:
        fd = self._open(segment)
        if fd < 0:
            return b""
        try:
            return os.pread(fd, length, offset)
        except OSError as error:
            raise _unreadable(error) from None
        finally:
            os.close(fd)

    def _open(self, segment: str) -> int:
        """A descriptor; below 0 where there is no such segment. Raises `UnreadableSegment`."""
        try:
            return os.open(self.folder / segment, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return -1
        except OSError as error:
            raise _unreadable(error) from None


def _unreadable(error: OSError) -> OSError:
    return error if error.errno in _PASSING else UnreadableSegment(*error.args)
