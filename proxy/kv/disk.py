"""Files of the embedded store: a memory-mapped log of bucket states, and a file of cached values.

What is written to a mapping is the kernel's at once, so a process that is killed in the next instruction has lost
nothing, and it costs no system call. A log that is full is followed by another, and by a base: all states as they are,
written by a thread; older files go when it stands. What cannot be read is set aside, and the rest is used.

    limits-<n>.base, limits-<n>.log     records of states and reservations (`kv.records`)
    cache.bin                           records of cached values: msgpack of (org, group, key, value, expires_us)
    seed                                8 bytes that digests of names of buckets begin with, and their CRC-32
"""

import contextlib
import fcntl
import logging
import mmap
import os
import re
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec

from _speedups import window_packed, window_settle_packed
from proxy.core.clock import monotonic, now_us
from proxy.core.errors import SettingError
from proxy.core.files import make_folder, open_lock, replace, set_aside
from proxy.kv.records import HEAD_SIZE, MAGIC, DamagedFile, head, is_signed, pack_file, read, read_unsigned

__all__ = ["Disk"]

_log = logging.getLogger(__name__)

_LOG_BYTES = 16 << 20
_SAVE_TICKS = 60
_LOCK_POLL_S = 0.05
_STATE, _HOLD, _END, _VALUE = 1, 2, 3, 4
_LIMITS: Final = re.compile(r"limits-(\d+)\.(base|log)")
_BUCKET = struct.Struct("<Q15s")
_HELD = struct.Struct("<Q15sQQ")
_KEY = struct.Struct("<15s")
_SIZE = struct.Struct("<I")
_SEED_BYTES: Final = 8

States = list[tuple[int, dict[int, bytes]]]
"""By window length, every bucket's state."""
Open = list[tuple[int, int, int, int, str]]
"""(key, window_us, amount, at_us, call) of every reservation."""
Snapshot = Callable[[], tuple[States, Open]]
Row = tuple[str, str, str, bytes, int]

_encode = msgspec.msgpack.Encoder().encode
_row = msgspec.msgpack.Decoder(Row).decode


class Disk:
    """One folder, one process. Raises `SettingError` if another process still holds it after `wait_s`: a worker whose
    parent was killed holds it until its open calls have ended. Raises `OSError` where the folder cannot be used."""

    def __init__(self, folder: Path, wait_s: float = 0.0) -> None:
        make_folder(folder)
        self._folder = folder
        self._lock = os.fdopen(open_lock(folder / "lock"), "r+b")
        deadline = monotonic() + wait_s
        while not _lock(self._lock.fileno()):
            if monotonic() >= deadline:
                raise SettingError(
                    "kv.url", "memory", f"a redis:// address if more than one gateway worker runs ({folder} is in use)"
                )
            time.sleep(_LOCK_POLL_S)
        self.seed = self._read_seed()
        self._states: dict[tuple[int, int], bytes] = {}
        self._held: dict[tuple[int, str], tuple[int, int, int]] = {}
        self._number = self._read()
        self._map: mmap.mmap | None = None
        self.problem = ""
        """Why nothing is written now; empty where writing works."""
        self._at = 0
        self._writer: threading.Thread | None = None
        self._ticks = 0
        self._saved = 0

    # --- reading, at the start --------------------------------------------------------------------------------------

    def states(self) -> Iterator[tuple[int, int, bytes]]:
        """Returns (window_us, key, state) of every bucket that was written."""
        for (window_us, key), state in self._states.items():
            yield window_us, key, state

    def orphans(self) -> Iterator[tuple[int, int, int, int]]:
        """Returns (window_us, key, amount, at_us) of every reservation that was never settled."""
        for (key, _), (window_us, amount, at_us) in self._held.items():
            if (window_us, key) in self._states:
                yield window_us, key, amount, at_us

    def values(self) -> Iterator[Row]:
        """Returns the cached values, least recently used first, up to the first damaged one."""
        path = self._folder / "cache.bin"
        try:
            raw = path.read_bytes()
            if is_signed(raw):
                for _, body in read(raw, whole=True):
                    yield _row(body)
            else:
                yield from _unsigned_values(raw)
        except FileNotFoundError:
            return
        except (OSError, DamagedFile, msgspec.MsgspecError, UnicodeDecodeError) as error:
            set_aside(path, _why(error))

    def start(self, snapshot: Snapshot) -> None:
        """Ends reading; from now on every change is written."""
        self._states, self._held = {}, {}
        self._turn(snapshot)

    # --- writing ----------------------------------------------------------------------------------------------------

    def note_state(self, key: int, window_us: int, state: bytes) -> None:
        """The bucket stands so."""
        self._note(_STATE, _BUCKET.pack(window_us, key.to_bytes(15, "little")) + state)

    def note_hold(self, key: int, window_us: int, amount: int, at_us: int, call: str) -> None:
        """Part of the bucket's spending is a reservation."""
        self._note(_HOLD, _HELD.pack(window_us, key.to_bytes(15, "little"), amount, at_us) + call.encode())

    def note_end(self, key: int, call: str) -> None:
        """The reservation is no more."""
        self._note(_END, key.to_bytes(15, "little") + call.encode())

    def tick(self, snapshot: Snapshot, values: Callable[[], list[Row]]) -> None:
        """Once a second: a new log where this one is nearly full, and the cached values once a minute."""
        self._ticks += 1
        busy = self._writer is not None and self._writer.is_alive()
        if busy:
            return
        if self._map is None or self._at > _LOG_BYTES // 2:
            self._turn(snapshot)
        elif self._ticks >= _SAVE_TICKS:
            self._ticks = 0
            rows = values()
            self._in_thread(lambda: self._save(rows))

    def close(self, values: list[Row]) -> None:
        if self._writer is not None:
            self._writer.join()
        self._save(values)
        if self._map is not None:
            self._map.close()
            self._map = None
        self._lock.close()

    def _note(self, kind: int, body: bytes) -> None:
        mapped, at = self._map, self._at
        if mapped is None:
            return
        start = at + HEAD_SIZE
        end = start + len(body)
        if end > _LOG_BYTES:
            self._open_log()  # the older one stays until there is a base
            return self._note(kind, body)  # into the new one, or nowhere
        mapped[start:end] = body
        mapped[at:start] = head(kind, body)  # last: a record without its size was never written
        self._at = end
        return None

    def _turn(self, snapshot: Snapshot) -> None:
        self._open_log()
        if self._map is None:
            return
        number, (tables, held) = self._number, snapshot()
        for row in held:
            self.note_hold(*row)
        self._in_thread(lambda: self._write_base(number, tables))

    def _open_log(self) -> None:
        """The next log; where the disk has no room for it there is none, and `tick` tries again.

        Its blocks are taken now: writing a page of a mapped file that the disk has no block for kills the process.
        """
        path = self._folder / f"limits-{self._number + 1}.log"
        mapped: mmap.mmap | None = None
        problem = ""
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file, 0, _LOG_BYTES)
                else:
                    os.truncate(file, _LOG_BYTES)
                mapped = mmap.mmap(file, _LOG_BYTES)
                mapped[: len(MAGIC)] = MAGIC
            finally:
                os.close(file)
        except OSError as error:
            problem = str(error)
            with contextlib.suppress(OSError):
                path.unlink()
        else:
            self._number += 1
        if problem and not self.problem:
            _log.warning("%s cannot be written, so limits would not survive a kill: %s", self._folder, problem)
        self.problem = problem
        self._map = mapped
        self._at = len(MAGIC)

    def _in_thread(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except OSError as error:
                _log.warning("%s cannot be written: %s", self._folder, error)

        self._writer = threading.Thread(target=guarded, name="kv-disk", daemon=True)
        self._writer.start()

    def _write_base(self, number: int, tables: States) -> None:
        records = (
            (_STATE, _BUCKET.pack(window_us, key.to_bytes(15, "little")) + state)
            for window_us, states in tables
            for key, state in states.items()
        )
        replace(self._folder / f"limits-{number}.base", pack_file(records))
        for older, path in self._files():
            if older < number:
                path.unlink(missing_ok=True)

    def _save(self, rows: list[Row]) -> None:
        replace(self._folder / "cache.bin", pack_file((_VALUE, _encode(row)) for row in rows))

    # --- files ------------------------------------------------------------------------------------------------------

    def _files(self) -> list[tuple[int, Path]]:
        """Every file of limits with its number; of one number the base first."""
        found = ((_LIMITS.fullmatch(path.name), path) for path in self._folder.iterdir())
        return sorted((int(name[1]), path) for name, path in found if name is not None)

    def _read(self) -> int:
        """Reads the newest base and the logs since; returns the highest number there is."""
        files = self._files()
        bases = [number for number, path in files if path.suffix == ".base"]
        first = bases[-1] if bases else 0
        for number, path in files:
            if number >= first:
                self._replay(path)
        return files[-1][0] if files else 0

    def _replay(self, path: Path) -> None:
        """Takes over the records of a file, up to the first that is damaged."""
        try:
            raw = path.read_bytes()
            whole = path.suffix == ".base"
            if whole and not raw.strip(b"\0"):
                raise DamagedFile("is empty")
            for kind, body in read(raw, whole=whole) if is_signed(raw) else read_unsigned(raw):
                self._apply(kind, body)
        except (OSError, DamagedFile) as error:
            set_aside(path, _why(error))

    def _apply(self, kind: int, body: bytes) -> None:
        """Raises `DamagedFile` for a record that no version can have written."""
        now = now_us()
        try:
            if kind == _STATE:
                window_us, key = _BUCKET.unpack_from(body)
                state = body[_BUCKET.size :]
                window_packed(state, now, 1, window_us, 0)
                self._states[window_us, int.from_bytes(key, "little")] = state
            elif kind == _HOLD:
                window_us, key, amount, at_us = _HELD.unpack_from(body)
                window_settle_packed(b"", now, 1, window_us, -amount, at_us)
                call = body[_HELD.size :].decode()
                self._held[int.from_bytes(key, "little"), call] = (window_us, amount, at_us)
            elif kind == _END:
                (key,) = _KEY.unpack_from(body)
                self._held.pop((int.from_bytes(key, "little"), body[_KEY.size :].decode()), None)
            else:
                raise DamagedFile(f"is damaged: it has a record of the unknown kind {kind}")
        except (struct.error, ValueError) as error:
            raise DamagedFile(f"is damaged: {error}") from None

    def _read_seed(self) -> int:
        path = self._folder / "seed"
        try:
            raw = path.read_bytes()
            seed, checksum = raw[:_SEED_BYTES], raw[_SEED_BYTES:]
            # The version before this one wrote no checksum.
            if len(seed) == _SEED_BYTES and checksum in (b"", _SIZE.pack(crc32(seed))):
                return int.from_bytes(seed, "big")
            set_aside(path, "is damaged, so that limits begin anew")
        except FileNotFoundError:
            pass
        except OSError as error:
            set_aside(path, _why(error))
        seed = os.urandom(_SEED_BYTES)
        replace(path, seed + _SIZE.pack(crc32(seed)))
        return int.from_bytes(seed, "big")


def _lock(file: int) -> bool:
    """Whether this process holds the file's lock now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _unsigned_values(raw: bytes) -> Iterator[Row]:
    """The cached values of a file of the format before this one."""
    at = 0
    while at < len(raw):
        try:
            (size,) = _SIZE.unpack_from(raw, at)
        except struct.error:
            raise DamagedFile("is damaged: it ends within a size") from None
        yield _row(raw[at + _SIZE.size : at + _SIZE.size + size])
        at += _SIZE.size + size


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror})"
    return str(error) if isinstance(error, DamagedFile) else f"is damaged: {error}"
