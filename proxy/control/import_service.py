"""Takes rows that other products exported into the log: calls through the spool, scores as annotations.

The same rows again are no second row: a call's id is made of its id in the source, calls that the log has are left
out, and the shipper compares what comes from the segments of this service with the log once more.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from proxy.control.annotate import feedback_row, score_rows
from proxy.control.jobs.ship import Shipper
from proxy.core.clock import now_us
from proxy.core.errors import PerihelionError
from proxy.core.record import Record
from proxy.core.settings import Settings
from proxy.ingest.imports import FORMATS, ImportedCall, ImportedScore, call_id, read_row
from proxy.ingest.imports.record import record_of, trace_id_of
from proxy.ingest.spool import IMPORTS, IngestSpool
from proxy.logstore import LogStore, RequestRow
from proxy.logstore.rows import AnnotationRow
from proxy.logstore.sql import query
from proxy.metadata.errors import InvalidValue
from proxy.providers.index import Catalog

__all__ = ["ImportBusy", "ImportProblem", "ImportService", "Imported", "SourceRow"]

_MAX_LAG: Final = 256 << 20
"""Bytes of the spool that may wait to be shipped before another batch is refused."""
_AT_ONCE: Final = 8
"""Batches that are worked on; another is refused, and sent again later."""
_PATIENCE_S: Final = 5.0
_SHIPPED_S: Final = 2.0
"""How long what was just imported is waited for: it is shipped within a second."""
_NAMESPACE: Final = UUID("0b3f6f4d-7d0c-5b58-9a55-1f0a3c1a6c22")
"""Of the ids of imported annotations."""


class ImportBusy(PerihelionError):
    """The log is behind: try again later."""


class SourceRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of an exported file: the line where it begins, and its fields."""

    line: int
    values: dict[str, Any]


class ImportProblem(msgspec.Struct, frozen=True):
    """What was not understood: the line of its row, the path in it, and why."""

    line: int
    path: str
    reason: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch."""

    rows: int
    """Rows of which something was understood."""
    calls: int
    """Calls that are new."""
    known: int
    """Calls that the log has already."""
    scores: int
    """Scores and ratings that are new."""
    problems: list[ImportProblem]


class ImportService:
    """May be called from several threads."""

    def __init__(
        self, settings: Settings, catalog: Catalog, store: Callable[[], LogStore], shipper: Callable[[], Shipper | None]
    ) -> None:
        self._spool = IngestSpool(settings, IMPORTS)
        self._catalog = catalog
        self._store = store
        self._shipper = shipper
        self._max_body = settings.get_int("log.max_body")
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(_AT_ONCE)

    def close(self) -> None:
        self._spool.close()

    def take(self, org: str, by: str, format: str, rows: Sequence[SourceRow], *, dry_run: bool) -> Imported:
        """Imports the rows. Raises `InvalidValue`, `ImportBusy`, `StoreError` or `SpoolUnwritable`."""
        if format not in FORMATS:
            raise InvalidValue("format", format, "one of " + ", ".join(FORMATS))
        if not self._slots.acquire(blocking=False):
            raise ImportBusy("Other imports are under way; send the batch again later.")
        try:
            return self._take(org, by, format, rows, dry_run)
        finally:
            self._slots.release()

    def _take(self, org: str, by: str, format: str, rows: Sequence[SourceRow], dry_run: bool) -> Imported:
        problems: list[ImportProblem] = []
        calls: list[tuple[int, ImportedCall]] = []
        scores: list[tuple[int, ImportedScore, int]] = []
        understood = 0
        now = now_us()
        for row in rows:
            found, faults = read_row(format, row.values, now)
            understood += bool(found)
            for each in found:
                if isinstance(each, ImportedCall):
                    calls.append((row.line, each))
                    scores += [(row.line, score, each.started_us) for score in each.scores]
                else:
                    scores.append((row.line, each, 0))
            problems += [ImportProblem(row.line, fault.path, fault.reason) for fault in faults]
        records: dict[tuple[int, str], Record] = {}
        for line, call in self._traced(org, calls):
            record, faults = record_of(call, self._catalog, org=org, worker=IMPORTS, max_body=self._max_body)
            records.setdefault((record.started_us, record.id), record)
            problems += [ImportProblem(line, fault.path, fault.reason) for fault in faults]
        with self._lock:
            new = self._new(list(records.values()))
            if not dry_run and new:
                self._wait_for_room()
                self._spool.write(new)
        written = self._score(org, by, scores, problems, dry_run)
        return Imported(
            rows=understood, calls=len(new), known=len(records) - len(new), scores=written, problems=problems
        )

    def _traced(self, org: str, calls: list[tuple[int, ImportedCall]]) -> list[tuple[int, ImportedCall]]:
        """The calls with user and session of their trace, where an observation comes without and its trace was imported
        before."""
        alone = {call.trace_id for _, call in calls if _is_alone(call)}
        if not alone:
            return calls
        self._wait_until_shipped()
        bound = {"org": org, "traces": [trace_id_of(trace) for trace in alone]}
        traces = {row["trace_id"]: row for row in self._store().read(query("imported_traces"), bound)}
        return [
            (line, _of_trace(call, traces.get(trace_id_of(call.trace_id))) if _is_alone(call) else call)
            for line, call in calls
        ]

    def _new(self, records: list[Record]) -> list[Record]:
        """Those that the log has not. What is on its way there is found by the shipper."""
        rows = [RequestRow(id=record.id, org=record.org, start=record.started_us) for record in records]
        missing = {row.id for row in self._store().missing("requests", rows)}
        return [record for record in records if record.id in missing]

    def _wait_for_room(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while self._lag() > _MAX_LAG:
            if time.monotonic() > deadline:
                raise ImportBusy("The log is behind its spool by more than 256 MB; send the batch again later.")
            time.sleep(0.1)

    def _wait_until_shipped(self) -> None:
        """What was imported just before is in the log then, if the log is not far behind."""
        deadline = time.monotonic() + _SHIPPED_S
        while self._lag() and time.monotonic() < deadline:
            time.sleep(0.1)

    def _lag(self) -> int:
        shipper = self._shipper()
        if shipper is None:
            return 0
        shipper.measure()
        return shipper.figures.lag_bytes

    def _score(
        self,
        org: str,
        by: str,
        scores: list[tuple[int, ImportedScore, int]],
        problems: list[ImportProblem],
        dry_run: bool,
    ) -> int:
        """Writes the scores that are new, and returns how many."""
        traces = {trace_id_of(score.trace) for _, score, _ in scores if score.trace and not score.call}
        firsts = self._firsts(org, traces)
        rows: list[AnnotationRow] = []
        for line, score, started_us in scores:
            id = call_id(score.source, score.call) if score.call else firsts.get(trace_id_of(score.trace), "")
            if not id and score.trace:
                reason = f"no call of the trace {score.trace!r} is in the log; import its observations first"
                problems.append(ImportProblem(line, "trace_id", reason))
                continue
            try:
                rows.append(_annotation(score, org, by, id, started_us))
            except InvalidValue as error:
                problems.append(ImportProblem(line, error.path, f"is {error.found!r}; expected is {error.accepted}"))
        if not rows:
            return 0
        bound = {
            "org": org, "ids": [row.id for row in rows],
            "requests": [row.request_id for row in rows if row.request_id],
            "sessions": [row.session_id for row in rows if row.session_id],
        }  # fmt: skip
        present = {row["id"] for row in self._store().read(query("present_annotations"), bound)}
        rows = list({row.id: row for row in rows if row.id not in present}.values())
        if rows and not dry_run:
            self._store().write("annotations", rows, f"import:{rows[0].id}:{rows[-1].id}:{len(rows)}")
        return len(rows)

    def _firsts(self, org: str, traces: set[str]) -> Mapping[str, str]:
        """The first call of each trace."""
        if not traces:
            return {}
        self._wait_until_shipped()
        rows = self._store().read(query("first_of_traces"), {"org": org, "traces": sorted(traces)})
        return {row["trace_id"]: row["id"] for row in rows}


def _is_alone(call: ImportedCall) -> bool:
    return bool(call.trace_id) and not call.step and not call.user_id and call.session_id == call.trace_id


def _of_trace(call: ImportedCall, trace: Mapping[str, Any] | None) -> ImportedCall:
    if trace is None:
        return call
    return msgspec.structs.replace(
        call,
        user_id=trace["user_id"],
        session_id=trace["session_id"],
        session_name=trace["session_name"],
        session_path=f"/{trace['session_name']}{call.session_path}" if trace["session_name"] else call.session_path,
    )


def _annotation(score: ImportedScore, org: str, by: str, id: str, started_us: int) -> AnnotationRow:
    """The row of a score of the call `id`, or of its session where there is none. It is as old as its call where the
    source has no time: what was said here later counts."""
    if score.rating:
        row = feedback_row(bool(score.value), score.comment)
    else:
        (row,) = score_rows({score.name: score.value})
    at = score.at_us or started_us + 1
    session = "" if id else score.session
    made = uuid5(_NAMESPACE, f"{score.source}:{id or session}:{row.kind}:{row.name}:{at}")
    return msgspec.structs.replace(row, id=str(made), org=org, by=by, at=at, request_id=id, session_id=session)
