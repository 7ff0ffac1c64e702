"""Moves finished calls from the spool into the log store, each exactly once.

A slice of a segment is noted in the journal before its insert, and the insert carries a token made of that note. A
crash anywhere leads to the same slice under the same token, which the store drops where it has it. After a crash or a
failure the store is asked first, and given only what it lacks: a slice may come back shorter (a power cut) or in
single records. Segments are deleted once they are closed and wholly in the store.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from proxy.control.jobs.journal import Journal
from proxy.control.jobs.row_builder import LogRows, RowBuilder
from proxy.logstore import Store, StoreError
from proxy.spool.reader import Batch, Reader

__all__ = ["Figures", "Shipper"]

_SLICE_BYTES: Final = 8 << 20
_BACKOFF_S: Final = (0.5, 30.0)
_SWEEP_S: Final = 60.0
_PATIENCE: Final = 3
"""Failures of one slice, the store being well, before its records are tried one by one."""

_log = logging.getLogger(__name__)


class Figures:
    """Counters and gauges of the shipper; read from other threads."""

    def __init__(self) -> None:
        self.shipped = 0
        self.slices = 0
        self.failures = 0
        self.reading_errors = 0
        self.mended = 0
        self.lag_bytes = 0
        self.segments = 0
        self.last_error = ""
        self.last_shipped_at = 0.0
        self.behind_since = 0.0
        """`time.time()` since which there has been something to ship; 0 when there is nothing."""
        self.keys: dict[str, int] = {}
        """When each API key was last seen, since somebody took this (microseconds)."""


class Shipper:
    """Runs in a thread of its own. One a spool folder."""

    def __init__(
        self,
        reader: Reader,
        store: Store,
        journal: Journal,
        builder: RowBuilder,
        *,
        interval_s: float = 0.5,
        batch_rows: int = 10_000,
    ) -> None:
        self.figures = Figures()
        self.reader = reader
        self._store = store
        self._journal = journal
        self._builder = builder
        self._interval_s = interval_s
        self._batch_rows = batch_rows
        self._tries: dict[str, int] = {}
        self._swept_at = 0.0

    def run(self, stop: threading.Event, drain_s: float = 5.0) -> None:
        """Ships until `stop` is set, then what is left, for at most `drain_s`. A failing store is waited for."""
        self._begin()
        backoff = _BACKOFF_S[0]
        while not stop.is_set():
            if self._attempt(lambda: False):
                backoff = _BACKOFF_S[0]
                stop.wait(self._interval_s)
            else:
                stop.wait(backoff)
                backoff = min(backoff * 2, _BACKOFF_S[1])
        deadline = time.monotonic() + drain_s
        self._attempt(lambda: time.monotonic() > deadline)
        try:
            self._journal.save()
        except OSError as error:
            self._fail(error)

    def step(self, enough: Callable[[], bool] = lambda: False) -> int:
        """Ships all there is and returns how many records that were; raises `StoreError` or `OSError`."""
        moved = 0
        for segment in self.reader.segments():
            moved += self._ship_segment(segment, enough)
            if enough():
                break
        if time.monotonic() - self._swept_at > _SWEEP_S:
            self._swept_at = time.monotonic()
            self.reader.sweep(time.time())
        return moved

    def measure(self) -> None:
        """Brings the gauges up to date."""
        segments = self.reader.segments()
        # A segment begins with its magic, which is never behind.
        lag = sum(max(0, self.reader.size(name) - max(8, self._journal.of(name).done)) for name in segments)
        self.figures.segments = len(segments)
        self.figures.lag_bytes = lag
        if not lag:
            self.figures.behind_since = 0.0
        elif not self.figures.behind_since:
            self.figures.behind_since = time.time()

    def _begin(self) -> None:
        self._journal.keep_only(set(self.reader.segments()))

    def _attempt(self, enough: Callable[[], bool]) -> bool:
        try:
            self.step(enough)
            self.measure()
        except Exception as error:  # noqa: BLE001 - the thread outlives anything; the spool keeps what it cannot ship
            self._fail(error)
            if not isinstance(error, (StoreError, OSError)):
                _log.exception("shipping failed")
            return False
        self.figures.last_error = ""
        return True

    def _fail(self, error: Exception) -> None:
        self.figures.failures += 1
        self.figures.last_error = f"{type(error).__name__}: {error}"
        try:
            self.measure()
        except OSError:
            return

    def _ship_segment(self, segment: str, enough: Callable[[], bool]) -> int:
        # Asked before reading: what is read to its end afterwards is the whole of a closed segment.
        closed = self.reader.is_closed(segment)
        moved = 0
        entry = self._journal.of(segment)
        done = entry.done
        if entry.intent:
            again = self.reader.read(segment, entry.done, entry.intent)
            if again.payloads:
                self._insert(again, again=True)
                moved += len(again.payloads)
                done = again.end
            self._journal.finish(segment, done)
        for piece in self.reader.batches(segment, done, self._batch_rows, _SLICE_BYTES):
            if piece.lost:
                self.reader.set_aside(piece)
            elif piece.payloads:
                self._journal.intend(segment, piece.start, piece.end)
                # Behind damage in the slice that was under way: the store may have it.
                self._insert(piece, again=piece.start < entry.intent)
                moved += len(piece.payloads)
            done = piece.end
            self._journal.finish(segment, done)
            if enough():
                return moved
        if closed and done >= self.reader.size(segment):
            self.reader.remove(segment)
            self._journal.forget(segment)
        return moved

    def _insert(self, piece: Batch, *, again: bool) -> None:
        entries = self._builder.build(piece)
        # The end that was noted, not the one that was read: a power cut may have taken the tail of a slice that is in.
        token = f"{piece.segment}:{piece.start}:{self._journal.of(piece.segment).intent}"
        tries = self._tries.get(token, 0)
        requests = [entry.request for entry in entries]
        bodies = [entry.body for entry in entries if entry.body is not None]
        try:
            if not again:
                self._store.insert(requests, bodies, token)
            elif tries < _PATIENCE:
                self.figures.mended += self._store.insert_missing(requests, bodies, token)
            else:
                self._store.ping()
                self._one_by_one(piece, entries, token)
        except Exception:
            self._tries[token] = tries + 1
            raise
        self._tries.pop(token, None)
        for row in requests:
            if row.key:
                self.figures.keys[row.key] = max(row.start, self.figures.keys.get(row.key, 0))
        self.figures.slices += 1
        self.figures.shipped += len(entries)
        self.figures.reading_errors += sum(1 for entry in entries if entry.request.reading_error)
        self.figures.last_shipped_at = time.time()

    def _one_by_one(self, piece: Batch, entries: list[LogRows], token: str) -> None:
        """A record that the store does not take is entered with its bare facts, so that it stops no other. Both ways
        have one token: whichever arrives second, where an answer came too late, is dropped."""
        for number, entry in enumerate(entries):
            bodies = [entry.body] if entry.body is not None else []
            try:
                self.figures.mended += self._store.insert_missing([entry.request], bodies, f"{token}:{number}")
            except Exception as error:  # noqa: BLE001
                self._store.ping()
                bare = self._builder.bare(entry, error)
                self.figures.reading_errors += 1
                try:
                    self._store.insert_missing([bare], [], f"{token}:{number}")
                except StoreError:
                    raise
                except Exception:  # not even written: no record may stop those behind it
                    self.reader.set_aside(piece)
                    _log.exception("record %s is in no table; its slice lies in the spool's torn/", bare.id)
