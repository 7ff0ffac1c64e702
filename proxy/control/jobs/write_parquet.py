"""Writes the calls of each hour as one Parquet file an organisation, some time after the hour has ended.

The path of a file follows from its organisation and hour, so whatever is written again takes the place of what was
there: late calls, a new price or a crash leave one file an hour. What a file holds is noted in the metadata database
and compared with the log.
"""

import contextlib
import logging
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import quote

import msgspec

from proxy.control.export_lines import EVENT_NAMES
from proxy.control.file_targets import FileTarget
from proxy.control.jobs.runner import SlicedJob
from proxy.core.clock import monotonic, now_us
from proxy.core.settings import Settings
from proxy.logstore import LogStore, QueryLimits
from proxy.logstore.sql import query
from proxy.metadata import exported_hours
from proxy.metadata.db import Database
from proxy.metadata.exported_hours import WrittenHour
from proxy.query import Window
from proxy.query.exports import export_sql
from proxy.query.hours import HOUR_US
from proxy.query.keyset import SortKey
from proxy.query.requests import plan_requests

__all__ = ["ParquetFigures", "ParquetWriter", "hour_path"]

_INTERVAL_S: Final = 60.0
_LEASE_S: Final = 900.0
_DAY_US: Final = 24 * HOUR_US
_MOST_FAILURES: Final = 3
"""In a row: the target or the log is down, and is tried again after the interval."""
_LOOK_LIMITS: Final = QueryLimits(seconds=120.0, result_rows=1_000_000)

_log = logging.getLogger(__name__)


class ParquetFigures(msgspec.Struct):
    """What was written, since the start of this control plane."""

    written: int = 0
    bytes: int = 0
    failures: int = 0
    waiting: int = 0
    last_error: str = ""
    """Why the last file could not be written; empty once one could."""
    written_us: int = 0
    """When the last file was written."""


class ParquetWriter:
    """Finds the hours whose file is missing or differs from the log, and writes them, newest first."""

    def __init__(
        self,
        settings: Settings,
        target: FileTarget,
        database: Database,
        store: Callable[[], LogStore | None],
        clock: Callable[[], int] = now_us,
    ) -> None:
        """`store` returns the open log, or None where it is not open. `clock` gives microseconds since the epoch."""
        self.figures = ParquetFigures()
        self.target = target
        self._database = database
        self._store = store
        self._clock = clock
        self._key = blake2b(target.url.encode(), digest_size=16).hexdigest()
        self._delay_us = round(settings.get_float("parquet.delay_s") * 1e6)
        self._late_days = settings.get_int("parquet.late_days")
        self._ttl_days = settings.get_int("log.ttl_days")
        self._todo: deque[WrittenHour] = deque()
        self._looked_at = 0.0
        self._failures_in_a_row = 0

    @property
    def job(self) -> SlicedJob:
        return SlicedJob(name="write_parquet", wanted=self.wanted, run=self.run, lease_s=_LEASE_S)

    def wanted(self) -> bool:
        """Return whether there are hours to write, or it is time to look for some."""
        if self._store() is None:
            return False
        return bool(self._todo) or not self._looked_at or monotonic() - self._looked_at > _INTERVAL_S

    def look_again(self) -> None:
        """Look for hours at once."""
        self._looked_at = 0.0

    def want(self, org: str, since_us: int, until_us: int) -> int:
        """Have the hours with calls of an organisation (empty: of all) written again; returns how many."""
        store = self._store()
        if store is None:
            return 0
        since_us, until_us = max(since_us, self._oldest_us()), min(until_us, self._closed_us())
        hours = self._in_log(store, org, since_us // HOUR_US * HOUR_US, -(-until_us // HOUR_US) * HOUR_US)
        with self._database.write(publish=False) as rows:
            count = exported_hours.want(rows, self._key, hours)
        self.look_again()
        return count

    def progress(self) -> tuple[int, int]:
        """The beginning of the newest hour that is written (0: none), and how many hours wait, on whatever control
        plane."""
        with self._database.read() as rows:
            asked = exported_hours.count_wanted(rows, self._key)
            return exported_hours.last_written_us(rows, self._key), max(asked, self.figures.waiting)

    def run(self) -> float | None:
        """Write one hour. Returns the seconds until the next one; None where all are written."""
        store = self._store()
        if store is None:
            return None
        if not self._todo:
            self._look(store)
        if self._todo:
            hour = self._todo.popleft()
            try:
                self._write(store, hour)
            except Exception as error:
                self.figures.failures += 1
                self.figures.last_error = f"{type(error).__name__}: {error}"[:500]
                self._failures_in_a_row += 1
                if self._failures_in_a_row < _MOST_FAILURES and self._todo:
                    _log.warning("hour %s: %s", hour_path(hour.org_id, hour.hour_us), self.figures.last_error)
                    return 0.0
                self._todo.clear()
                self._failures_in_a_row = 0
                raise
            self._failures_in_a_row = 0
        self.figures.waiting = len(self._todo)
        return 0.0 if self._todo else None

    def _look(self, store: LogStore) -> None:
        """Note what is to be written, newest first."""
        self._looked_at = monotonic()
        until_us = self._closed_us()
        since_us = max(self._oldest_us(), (self._clock() - self._late_days * _DAY_US) // HOUR_US * HOUR_US)
        found = self._in_log(store, "", since_us, until_us)
        with self._database.write(publish=False) as rows:
            exported_hours.forget_before(rows, self._key, since_us - _DAY_US)
            written = exported_hours.written(rows, self._key, since_us)
            asked = exported_hours.wanted(rows, self._key, most=10_000)
        todo = {key: hour for key, hour in found.items() if key not in written or written[key].content != hour.content}
        for key, hour in written.items():
            if key not in found and hour.calls and since_us <= hour.hour_us < until_us:
                todo[key] = WrittenHour(*key, _content(0, 0, 0))  # its calls were removed
        for hour in asked:
            todo.setdefault((hour.org_id, hour.hour_us), hour)
        self._todo = deque(sorted(todo.values(), key=lambda hour: hour.hour_us, reverse=True))
        self.figures.waiting = len(self._todo)

    def _in_log(self, store: LogStore, org: str, since_us: int, until_us: int) -> dict[tuple[str, int], WrittenHour]:
        """The hours with calls, with what the log has of them."""
        if since_us >= until_us:
            return {}
        bound = {"org": org, "since_us": since_us, "until_us": until_us}
        found: dict[tuple[str, int], WrittenHour] = {}
        for row in store.read(query("calls_by_hour"), bound, _LOOK_LIMITS):
            hour = WrittenHour(
                row["org"], row["hour"] * 1_000_000, _content(row["calls"], row["cost"], row["newest"]), row["calls"]
            )
            found[hour.org_id, hour.hour_us] = hour
        return found

    def _write(self, store: LogStore, hour: WrittenHour) -> None:
        # Counted before it is read: calls that come in between make the content differ, and the hour is written again.
        key = (hour.org_id, hour.hour_us)
        now = self._in_log(store, hour.org_id, hour.hour_us, hour.hour_us + HOUR_US).get(key)
        with contextlib.closing(self._pieces(store, *key)) as pieces:
            size = self.target.put(hour_path(*key), pieces)
        content, calls = (now.content, now.calls) if now is not None else (_content(0, 0, 0), 0)
        at_us = self._clock()
        with self._database.write(publish=False) as rows:
            exported_hours.note(rows, self._key, WrittenHour(*key, content, calls, size, at_us))
        self.figures.written += 1
        self.figures.bytes += size
        self.figures.written_us = at_us
        self.figures.last_error = ""

    def _pieces(self, store: LogStore, org: str, hour_us: int) -> Any:
        plan = plan_requests(
            org=org,
            now_us=self._clock(),
            sort=(SortKey("start", "asc"),),
            columns=EVENT_NAMES,
            updated_properties=store.updated_properties(org),
            text_chars=store.text_chars,
        )
        sql = export_sql(msgspec.structs.replace(plan, window=Window(hour_us, hour_us + HOUR_US)), "parquet")
        return store.stream_bytes(sql.text, dict(sql.values), "Parquet")

    def _closed_us(self) -> int:
        """The end of the newest hour that is written."""
        return max(0, self._clock() - self._delay_us) // HOUR_US * HOUR_US

    def _oldest_us(self) -> int:
        """From where on the log still has all calls: a file must not lose those that the log drops of old age."""
        if not self._ttl_days:
            return 0
        return (self._clock() - (self._ttl_days - 1) * _DAY_US) // HOUR_US * HOUR_US


def hour_path(org: str, hour_us: int) -> str:
    """The path of the file: `organisation=default/date=2026-01-31/hour=07/calls.parquet`."""
    at = datetime.fromtimestamp(hour_us // 1_000_000, UTC)
    return f"organisation={quote(org, safe='')}/date={at:%Y-%m-%d}/hour={at:%H}/calls.parquet"


def _content(calls: int, cost: int, newest_us: int) -> str:
    return f"{calls}.{cost}.{newest_us}"
