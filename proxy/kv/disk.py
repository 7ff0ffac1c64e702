"""Files of the embedded store: a memory-mapped log of bucket states, and a file of cached values.

What is written to a mapping is the kernel's at once, so a process that is killed in the next instruction has lost
nothing, and it costs no system call. A log that is full is followed by another, and by a base: all states as they are,
written by a thread; older files go when it stands.

    limits-<n>.base, limits-<n>.log     records: size (2 bytes), kind (1), body
    cache.bin                           msgpack rows of (org, group, key, value, expires_us), a size before each
"""

import contextlib
import fcntl
import logging
import mmap
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from proxy.core.clock import monotonic
from proxy.core.errors import SettingError
from proxy.core.files import replace

__all__ = ["Disk"]

_log = logging.getLogger(__name__)

_LOG_BYTES = 16 << 20
_SAVE_TICKS = 60
_LOCK_POLL_S = 0.05
_STATE, _HOLD, _END = 1, 2, 3
_HEAD = struct.Struct("<HB")
_BUCKET = struct.Struct("<Q15s")
_HELD = struct.Struct("<Q15sQQ")
_KEY = struct.Struct("<15s")
_SIZE = struct.Struct("<I")

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
    parent was killed holds it until its open calls have ended."""

    def __init__(self, folder: Path, wait_s: float = 0.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = (folder / "lock").open("a+b")
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
        try:
            raw = (self._folder / "cache.bin").read_bytes()
        except OSError:
            return
        at = 0
        try:
            while at < len(raw):
                (size,) = _SIZE.unpack_from(raw, at)
                yield _row(raw[at + 4 : at + 4 + size])
                at += 4 + size
        except (struct.error, msgspec.MsgspecError):
            return

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
        end = at + 3 + len(body)
        if end + 2 > _LOG_BYTES:
            self._open_log()  # the older one stays until there is a base
            return self._note(kind, body)  # into the new one, or nowhere
        mapped[at + 3 : end] = body
        mapped[at : at + 3] = _HEAD.pack(len(body), kind)  # last: a record without its size was never written
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
        self._at = 0

    def _in_thread(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except OSError as error:
                _log.warning("%s cannot be written: %s", self._folder, error)

        self._writer = threading.Thread(target=guarded, name="kv-disk", daemon=True)
        self._writer.start()

    def _write_base(self, number: int, tables: States) -> None:
        def chunks() -> Iterator[bytes]:
            for window_us, states in tables:
                for key, state in states.items():
                    body = _BUCKET.pack(window_us, key.to_bytes(15, "little")) + state
                    yield _HEAD.pack(len(body), _STATE) + body

        replace(self._folder / f"limits-{number}.base", chunks())
        for path in self._folder.glob("limits-*"):
            if _number(path) < number:
                path.unlink(missing_ok=True)

    def _save(self, rows: list[Row]) -> None:
        packed = map(_encode, rows)
        replace(self._folder / "cache.bin", (_SIZE.pack(len(value)) + value for value in packed))

    # --- files ------------------------------------------------------------------------------------------------------

    def _read(self) -> int:
        """Reads the newest base and the logs since; returns the highest number there is."""
        bases = sorted(_number(path) for path in self._folder.glob("limits-*.base"))
        logs = sorted(_number(path) for path in self._folder.glob("limits-*.log"))
        first = bases[-1] if bases else 0
        if bases:
            self._replay((self._folder / f"limits-{first}.base").read_bytes())
        for number in logs:
            if number >= first:
                self._replay((self._folder / f"limits-{number}.log").read_bytes())
        return max([0, *bases, *logs])

    def _replay(self, raw: bytes) -> None:
        at = 0
        while at + 3 <= len(raw):
            size, kind = _HEAD.unpack_from(raw, at)
            if not kind:
                return
            body = raw[at + 3 : at + 3 + size]
            if kind == _STATE:
                window_us, key = _BUCKET.unpack_from(body)
                self._states[window_us, int.from_bytes(key, "little")] = body[_BUCKET.size :]
            elif kind == _HOLD:
                window_us, key, amount, at_us = _HELD.unpack_from(body)
                call = body[_HELD.size :].decode()
                self._held[int.from_bytes(key, "little"), call] = (window_us, amount, at_us)
            else:
                self._held.pop((int.from_bytes(body[:15], "little"), body[15:].decode()), None)
            at += 3 + size

    def _read_seed(self) -> int:
        path = self._folder / "seed"
        if path.exists():
            return int.from_bytes(path.read_bytes()[:8], "big")
        seed = os.urandom(8)
        path.touch(0o600)
        path.write_bytes(seed)
        return int.from_bytes(seed, "big")


def _lock(file: int) -> bool:
    """Whether this process holds the file's lock now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _number(path: Path) -> int:
    try:
        return int(path.stem.partition("-")[2])
    except ValueError:
        return 0
