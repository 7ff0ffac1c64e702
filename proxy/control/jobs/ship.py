"""Moves finished calls from the spool to the sinks: into the log exactly once, and from there on to the others.

A batch of a segment is noted in the journal before its insert, and the insert carries a token made of that note. A
crash anywhere leads to the same batch under the same token, which the store drops where it has it. After a crash or a
failure the store is compared first and given only what it lacks: a batch may come back shorter (a power cut) or in
single records. Segments are deleted once they are closed and every durable sink has all of them.

A batch is bounded by its bytes in the segment, and its rows are built and inserted in pieces that are bounded by what
they have in memory, decompressed. Records over which the process died are taken in smaller pieces (`pieces`).
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from proxy.control.call_histograms import CallHistograms
from proxy.control.jobs.doubts import Doubts
from proxy.control.jobs.journal import LOG, Journal, SegmentOffset
from proxy.control.jobs.log_rows import LogRows, plain_bytes
from proxy.control.jobs.pieces import Care, Step, first, next_step, rest, tries_behind
from proxy.control.jobs.row_builder import RowBuilder
from proxy.control.jobs.ship_figures import Figures
from proxy.control.late_arrivals import LATE_US
from proxy.control.sinks.base import RowBatch, Sink
from proxy.control.sinks.feed import SinkFeed
from proxy.control.sinks.log import LogSink
from proxy.core.clock import now_us
from proxy.ingest.spool import may_be_known
from proxy.logstore import StoreError
from proxy.spool.reader import Batch, Reader, UnreadableSegment

__all__ = ["Shipper", "lag_bytes"]

_BATCH_BYTES: Final = 8 << 20
_MIN_ROOM: Final = 1 << 20
"""Bytes of a durable sink's queue that must be free before more is read for it: while its receiver is down, nothing is
read and built again and again in vain."""
_BACKOFF_S: Final = (0.5, 30.0)
_SWEEP_INTERVAL_S: Final = 60.0
_MEASURE_INTERVAL_S: Final = 1.0
_MIN_DRAIN_S: Final = 1.0
"""What the feeds get at a stop, however long the log took."""

_log = logging.getLogger(__name__)


class Shipper:
    """Ships one spool folder, in one thread. `run` is that thread's work."""

    def __init__(
        self,
        reader: Reader,
        journal: Journal,
        builder: RowBuilder,
        log: LogSink,
        others: Sequence[Sink] = (),
        *,
        interval_s: float = 0.5,
        batch_rows: int = 10_000,
        clock: Callable[[], int] = now_us,
        make_feed: Callable[[Sink], SinkFeed] = SinkFeed,
        calls: CallHistograms | None = None,
    ) -> None:
        """The `others` get what the log has. `clock` gives microseconds since the epoch."""
        self.figures = Figures()
        self.reader = reader
        self.log = log
        self.calls = calls
        self.feeds = [make_feed(sink) for sink in others]
        self._journal = journal
        self._builder = builder
        self._interval_s = interval_s
        self._batch_rows = batch_rows
        self._clock = clock
        self._swept_at = 0.0
        self._measured_at = 0.0
        self._needed: dict[str, int] = {}
        """By feed, the room that its next rows need."""
        self._offered: dict[tuple[str, str], int] = {}
        """By feed and segment, the end of what was offered to it."""
        self.figures.placed_us = journal.placed_us()
        self._doubts = Doubts(reader, journal.lost)
        journal.keep_only_sinks({feed.name for feed in self.feeds})
        for feed in self.feeds:
            if not journal.knows(feed.name):
                journal.add_sink(feed.name)

    def run(self, stop: threading.Event, drain_s: float = 5.0) -> None:
        """Ships until `stop` is set, then what is left, for at most `drain_s`. A failing store is waited for."""
        self._journal.keep_only(set(self.reader.segments()))
        self.look_back()
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
        self.close(max(_MIN_DRAIN_S, deadline - time.monotonic()))

    def close(self, drain_s: float = 0.0) -> None:
        """Delivers what the feeds have queued, for at most `drain_s`, and saves the journal."""
        until = time.monotonic() + drain_s
        for feed in self.feeds:
            feed.close(max(0.0, until - time.monotonic()))
        try:
            self._note_confirmed(self.reader.segments())
            self._journal.save()
        except OSError as error:
            self._fail(error)

    def step(self, enough: Callable[[], bool] = lambda: False) -> int:
        """Ships all there is until `enough`, and returns how many records the log got.

        Raises `StoreError`, `OSError`, or what a driver raised for a value that it cannot write.
        """
        moved = 0
        began, began_us = time.time(), self._clock()
        segments = self.reader.segments()
        self._note_confirmed(segments)
        # Reported calls last: the proxied row of a call, which its segment had first, then is in the log already.
        for segment in sorted(segments, key=may_be_known):
            try:
                moved += self._ship_segment(segment, enough)
            except UnreadableSegment as error:
                self.reader.set_aside_whole(segment, f"cannot be read ({error.strerror})")
            if enough():
                break
        else:
            self.figures.complete_until = began
            self.figures.placed_us = max(self.figures.placed_us, began_us - 1)  # later places are later times
        if time.monotonic() - self._swept_at > _SWEEP_INTERVAL_S:
            self._swept_at = time.monotonic()
            self.reader.sweep(time.time())
            self.log.check()
        return moved

    def measure(self, max_age_s: float = 0.0) -> None:
        """Updates the gauges where they are older than `max_age_s`. Any thread may call this; raises `OSError`."""
        if max_age_s and time.monotonic() - self._measured_at < max_age_s:
            return
        self._measured_at = time.monotonic()
        segments = self.reader.segments()
        lag = lag_bytes(self.reader, self._journal, segments)
        self.figures.segments = len(segments)
        self.figures.lag_bytes = lag
        if not lag:
            self.figures.behind_since = 0.0
        elif not self.figures.behind_since:
            self.figures.behind_since = time.time()

    def look_back(self) -> None:
        """Measures how far the log is behind before anything is shipped, and says so where the process died over
        records."""
        try:
            self.measure()
        except OSError as error:
            self._fail(error)
        for segment in self.reader.segments():
            offset = self._journal.offset(LOG, segment)
            if offset.tries > 1:
                self.figures.behind_since = min(self.figures.behind_since or time.time(), self.reader.created(segment))
                self.figures.last_error = (
                    f"the process ended at least twice over the records of {segment} from byte {offset.done} on; "
                    "they are tried again, in smaller pieces"
                )
                _log.warning("%s", self.figures.last_error)

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
        # Checked before reading: a closed segment that is then read to its end has been read completely.
        closed = self.reader.is_closed(segment)
        moved = 0
        if self._doubts.is_cut(segment, self._journal.offset(LOG, segment).done, self.reader.size(segment)):
            self._journal.forget(segment)
        noted = self._journal.offset(LOG, segment)
        done = noted.done
        self._catch_up(segment, done)
        if noted.intent:
            batch = self.reader.read(segment, noted.done, noted.intent)
            if batch.payloads:
                moved += self._ship_batch(batch, noted, lambda: False, again=True)
                done = batch.end
            self._finish(segment, done)
        for batch in self.reader.batches(segment, done, self._batch_rows, _BATCH_BYTES):
            if batch.lost:
                self.reader.set_aside(segment, batch.start, batch.end)
            elif batch.payloads:
                moved += self._ship_batch(batch, noted, enough)
                done = self._journal.offset(LOG, segment).done
                if done < batch.end:
                    return moved
            if not batch.payloads:
                self._pass(segment, batch.start, batch.end)
                done = batch.end
                self._finish(segment, done)
            if enough():
                return moved
        if closed and done >= self.reader.size(segment):
            self._remove(segment, done)
        return moved

    def _ship_batch(
        self, batch: Batch, noted: SegmentOffset, enough: Callable[[], bool], *, again: bool = False
    ) -> int:
        """Ships the records of a batch, in pieces; stops between two of them once there is `enough`. `again`: it is
        the batch that was in progress when the journal was read."""
        segment, moved = batch.segment, 0
        while batch.payloads and not (moved and enough()):
            before = self._journal.offset(LOG, segment)
            step = next_step(before.tries if before.done == batch.start else 0, len(batch.payloads))
            if step.rows < len(batch.payloads):
                self.log.ping()  # a store that does not answer is no fault of these records
            if again:
                begun = self._journal.repeat(segment, step.tries + 1)
            else:
                begun = self._journal.intend(
                    segment, batch.start, batch.end, len(batch.payloads), self._clock(), step.tries + 1
                )
            # Behind damage in the batch that was in progress, or the journal was lost: the log may have it.
            repeated = batch.start < max(noted.intent, self._doubts.end(segment)) or may_be_known(segment)
            try:
                piece, rows = self._build(batch, step)
                rows = self.log.prepare(rows)
                repeated = self._doubts.is_known(segment, rows, self.log.has) or repeated
                try:
                    self._deliver(piece, rows, begun, repeated=repeated)
                except Exception:
                    self._excuse(segment, step)  # the sink of the log counts what it refuses
                    raise
            except (StoreError, OSError):
                self._excuse(segment, step)
                raise
            moved += len(piece.payloads)
            batch, again = rest(batch, len(piece.payloads)), False
            self._finish(segment, piece.end, remaining=len(batch.payloads), tries=tries_behind(step))
            if step.tries:
                self._journal.save()  # or the next death, whatever its reason, would count against these records
            self.measure(_MEASURE_INTERVAL_S)
        return moved

    def _excuse(self, segment: str, step: Step) -> None:
        """These records are not why they did not come to an end."""
        with contextlib.suppress(OSError):
            self._journal.repeat(segment, step.tries)

    def _build(self, batch: Batch, step: Step) -> tuple[Batch, list[LogRows]]:
        """The first records of the batch and their rows, as many as the step allows and fit into memory."""
        piece = first(batch, step.rows)
        if step.care is Care.NORMAL:
            rows = self._builder.build(piece)
            return first(piece, len(rows)), rows
        kept = self.reader.keep_record(piece.segment, piece.start, piece.end)
        problem = f"the process ended each time it read this record; its bytes are in spool/torn/{kept.name}"
        self.figures.set_aside += 1
        if step.care is Care.BARE:
            rows = [self._builder.build_without_bodies(piece, problem)]
        else:
            rows = [self._builder.build_unread(piece, problem)] if step.care is Care.UNREAD else []
        name = rows[0].request.id if rows else "unknown"
        _log.error("record %s at byte %d of %s is set aside: %s", name, piece.start, piece.segment, problem)
        return piece, rows

    def _finish(self, segment: str, end: int, *, remaining: int = 0, tries: int = 0) -> None:
        self._journal.finish(segment, end, remaining=remaining, tries=tries)
        self.figures.placed_us = self._journal.placed_us()

    def _pass(self, segment: str, start: int, end: int) -> None:
        """Moves the feeds past bytes that hold no records."""
        for feed in self.feeds:
            if self._position(feed, segment) == start:
                self._offered[feed.name, segment] = end

    def _deliver(self, batch: Batch, rows: list[LogRows], begun: SegmentOffset, *, repeated: bool) -> None:
        """Gives the log one piece, and then the feeds that have all before it."""
        if begun.ingested_us:  # 0 for a batch that an earlier version noted
            for number, each in enumerate(rows):
                each.request.ingested_at = begun.ingested_us + number
        # The end that was noted, not the one that was read: a power cut may have taken the tail of a batch that is in.
        token = f"{batch.segment}:{batch.start}:{begun.intent}"
        self.log.deliver(RowBatch(batch.segment, batch.start, batch.end, rows, token, repeated))
        if begun.ingested_us and (now := self._clock()) - begun.ingested_us > LATE_US:
            self.log.note_late(rows, token, now)
        self._count(rows)
        for feed in self.feeds:
            if self._position(feed, batch.segment) == batch.start:
                self._offer(feed, _row_batch(batch, rows))

    def _catch_up(self, segment: str, done: int) -> None:
        """Offers each feed what the log has and it has not: after a restart, or where a durable sink's queue was full.
        These rows have no place in the order of arrival: it is not noted for long."""
        for feed in self.feeds:
            position = self._position(feed, segment)
            aside = self.reader.kept_records(segment) if position < done else frozenset()
            while position < done:
                room = feed.room()
                if feed.durable and room < max(_MIN_ROOM, self._needed.get(feed.name, 0)):
                    break
                max_bytes = min(_BATCH_BYTES, done - position, room if feed.durable else _BATCH_BYTES)
                max_rows = 1 if aside else self._batch_rows
                batch = next(self.reader.batches(segment, position, max_rows, max_bytes), None)
                if batch is None or batch.end > done:
                    self._offered[feed.name, segment] = done  # damaged since
                    break
                if feed.durable and batch.end - batch.start > room:
                    break  # one large record: its rows are built once it is taken
                if batch.payloads:
                    if batch.start in aside:  # what the log has is all that can be had of it
                        rows = [self._builder.build_unread(batch, "set aside")]
                    else:
                        rows = self._builder.build(batch)
                        batch = first(batch, len(rows))
                    if not self._offer(feed, _row_batch(batch, self.log.prepare(rows))):
                        break
                position = self._offered[feed.name, segment] = batch.end

    def _position(self, feed: SinkFeed, segment: str) -> int:
        """The end of what was offered to the feed."""
        offered = self._offered.get((feed.name, segment))
        return self._journal.offset(feed.name, segment).done if offered is None else offered

    def _offer(self, feed: SinkFeed, batch: RowBatch) -> bool:
        accepted = feed.offer(batch)
        if accepted:
            self._offered[feed.name, batch.segment] = batch.end
        self._needed[feed.name] = 0 if accepted else batch.size
        return accepted

    def _note_confirmed(self, segments: list[str]) -> None:
        for feed in self.feeds:
            for segment, end in feed.confirmed().items():
                if segment in segments:
                    self._journal.advance(feed.name, segment, end)
                else:
                    feed.forget(segment)

    def _remove(self, segment: str, size: int) -> None:
        for feed in self.feeds:
            if feed.holds(segment) or (feed.durable and self._position(feed, segment) < size):
                return
        self.reader.remove(segment)
        self._journal.forget(segment)
        self._doubts.forget(segment)
        for feed in self.feeds:
            feed.forget(segment)
            self._offered.pop((feed.name, segment), None)

    def _count(self, rows: list[LogRows]) -> None:
        if self.calls is not None:
            self.calls.add(rows)
        for each in rows:
            row = each.request
            if row.key:
                self.figures.keys[row.key] = max(row.start, self.figures.keys.get(row.key, 0))
            if row.reading_error:
                self.figures.reading_errors += 1
            self.figures.orgs.add(row.org)
        self.figures.batches += 1
        self.figures.shipped += len(rows)
        self.figures.last_shipped_at = time.time()


def _row_batch(batch: Batch, rows: list[LogRows]) -> RowBatch:
    """The rows as the feeds get them."""
    return RowBatch(batch.segment, batch.start, batch.end, rows, plain_bytes=sum(map(plain_bytes, rows)))


def lag_bytes(reader: Reader, journal: Journal, segments: Sequence[str]) -> int:
    """Bytes of the segments that the log does not have."""
    # A segment begins with its magic, which no sink gets.
    return sum(max(0, reader.size(name) - max(8, journal.offset(LOG, name).done)) for name in segments)
