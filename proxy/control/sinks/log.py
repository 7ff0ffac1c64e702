"""The log store as a sink: durable, and each record exactly once.

A batch is inserted under its token; a batch that may be there already is compared with the store first. A record that
the store refuses is tried alone, then as a bare row, so that it stops no other.
"""

import logging
from collections.abc import Callable
from typing import Final

from proxy.control.jobs.row_builder import LogRows, bare_row
from proxy.control.jobs.seen_twice import SeenTwice
from proxy.control.jobs.settle import settle_once
from proxy.control.late_arrivals import note_late_arrivals
from proxy.control.sinks.base import RowBatch
from proxy.core.clock import now_us
from proxy.logstore import LogStore, RequestRow, StoreError
from proxy.logstore.exactly_once import insert, insert_missing

__all__ = ["LogSink"]

_MAX_FAILURES: Final = 3
"""Failures of one batch, the store being reachable, before its records are tried one by one."""

_log = logging.getLogger(__name__)


class LogSink:
    """Inserts batches into a log store."""

    name: Final = "log"
    durable: Final = True

    def __init__(
        self,
        store: LogStore,
        *,
        set_aside: Callable[[str, int, int], object],
        make_bare: Callable[[LogRows, Exception], RequestRow] = bare_row,
        clock: Callable[[], int] = now_us,
    ) -> None:
        """`set_aside` keeps the bytes of a batch (segment, start, end) that holds a record which no table takes."""
        self.written_again = 0
        """Rows that had to be written again after a crash or failure."""
        self.bare_rows = 0
        """Records stored as a bare row, because the store refused their own."""
        self.twice = SeenTwice(store)
        self._store = store
        self._clock = clock
        self._set_aside = set_aside
        self._make_bare = make_bare
        self._failures: dict[str, int] = {}

    def prepare(self, rows: list[LogRows]) -> list[LogRows]:
        """The rows as the log is to have them, in view of what it has: the usage of a background response or batch in
        one of them only, and one row for a call that was seen in two ways. Raises `StoreError`."""
        settle_once(self._store, rows)
        return self.twice.leave_out(rows)

    def has(self, rows: LogRows) -> bool:
        """Whether the log has this record. Raises `StoreError`."""
        return not self._store.missing("requests", [rows.request])

    def check(self) -> None:
        """Once in a while: removes rows of calls whose better row came through another shipper. Raises `StoreError`."""
        self.twice.check_again(self._clock())

    def ping(self) -> None:
        """Raises `StoreError` where the store does not answer."""
        self._store.ping()

    def deliver(self, batch: RowBatch) -> None:
        """Inserts the batch. Raises `StoreError`, or what the driver raised for a value that it cannot write."""
        failures = self._failures.get(batch.token, 0)
        requests = [rows.request for rows in batch.rows]
        bodies = [rows.body for rows in batch.rows if rows.body is not None]
        try:
            self.twice.link_left_out()
            if not batch.repeated:
                insert(self._store, requests, bodies, batch.token)
            elif failures < _MAX_FAILURES:
                self.written_again += insert_missing(self._store, requests, bodies, batch.token)
            else:
                self._store.ping()
                self._deliver_singly(batch)
            self.twice.remove_older(batch.rows, repeated=batch.repeated, now_us=self._clock())
        except Exception:
            self._failures[batch.token] = failures + 1
            raise
        self._failures.pop(batch.token, None)

    def note_late(self, rows: list[LogRows], token: str, now_us: int) -> None:
        """Notes that a delivered batch came late after its places in the order of arrival. Raises `StoreError`."""
        note_late_arrivals(self._store, rows, token, now_us)

    def _deliver_singly(self, batch: RowBatch) -> None:
        """Inserts each record by itself, and a bare row for one that the store refuses. Both have one token: whichever
        arrives second, where an answer of the store was lost, is dropped."""
        for number, rows in enumerate(batch.rows):
            token = f"{batch.token}:{number}"
            bodies = [rows.body] if rows.body is not None else []
            try:
                self.written_again += insert_missing(self._store, [rows.request], bodies, token)
            except Exception as error:  # noqa: BLE001
                self._store.ping()
                bare = self._make_bare(rows, error)
                self.bare_rows += 1
                try:
                    insert_missing(self._store, [bare], [], token)
                except StoreError:
                    raise
                except Exception:  # not even the bare row: no record may stop those behind it
                    self._set_aside(batch.segment, batch.start, batch.end)
                    _log.exception("record %s is in no table; its batch is kept in the spool's torn/ folder", bare.id)
