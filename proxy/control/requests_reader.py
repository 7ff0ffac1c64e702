"""Reads lists of calls from the log store: pages, totals, histograms and neighbours."""

from datetime import datetime
from typing import Any, Final

import msgspec

from proxy.logstore import LogStore, QueryLimitError, QueryLimits, micros
from proxy.logstore.annotations import put_updated_properties
from proxy.logstore.events import time_of
from proxy.query import EVERYTHING, MAX_TIME_US, Sql, Window, window_of
from proxy.query.buckets import buckets_of, find_width
from proxy.query.keyset import Values
from proxy.query.periods import Period
from proxy.query.requests import (
    EXACT_TOTAL,
    RequestsPlan,
    count_sql,
    histogram_sql,
    newest_parts,
    page_sql,
    sample_sql,
    span_sql,
    values_sql,
)

__all__ = ["Bucket", "Histogram", "Neighbours", "RequestsReader", "Total"]

_TOTAL_LIMITS: Final = QueryLimits(seconds=5.0)
_MAX_BUCKETS: Final = 2_000


class Total(msgspec.Struct, frozen=True):
    """How many calls match. Up to 10,000 they are counted; of more it is an estimate, or null where even that would
    take longer than 5 seconds."""

    value: int | None
    exact: bool


class Bucket(msgspec.Struct, frozen=True):
    start: datetime
    calls: int
    errors: int
    """Calls that failed, for whatever reason: the column `failed`."""


class Histogram(msgspec.Struct, frozen=True):
    """Calls and errors by time, in buckets of the zone that was asked for; empty buckets are in it."""

    bucket: str
    """The width: `1m` to `1y`."""
    end: datetime
    """Of the last bucket."""
    data: list[Bucket]


class Neighbours(msgspec.Struct, frozen=True):
    """The calls before and after one in a list; null at the ends of the list."""

    previous: str | None
    next: str | None


class RequestsReader:
    """Answers for all organisations of a store. Its methods raise `StoreError`."""

    def __init__(self, store: LogStore) -> None:
        self._store = store

    def page(self, plan: RequestsPlan, limit: int) -> tuple[list[dict[str, Any]], str | None]:
        """At most `limit` rows as they are stored, by public column name, and the cursor of the next page."""
        rows, last = self.rows(plan, limit)
        return rows, None if last is None else plan.cursor_after(last)

    def rows(self, plan: RequestsPlan, limit: int) -> tuple[list[dict[str, Any]], Values | None]:
        """The same, and what the last row has for the order of the plan: `after` of the next page, None on the last."""
        if not limit:
            return [], None
        found = self._find(plan, limit + 1)
        names = [column.name for column, _ in plan.columns]
        # The chosen columns come first in a row, in their order.
        rows = [dict(zip(names, row.values(), strict=False)) for row in found[:limit]]
        if "properties" in names:
            ids = f"k{len(plan.order.terms) - 1}"
            calls = [{"id": row[ids], "properties": row_["properties"]} for row, row_ in zip(found, rows, strict=False)]
            put_updated_properties(self._store, plan.org, calls)
            for row, call in zip(rows, calls, strict=True):
                row["properties"] = call["properties"]
        return rows, plan.order.values_of(found[limit - 1]) if len(found) > limit else None

    def _find(self, plan: RequestsPlan, limit: int) -> list[dict[str, Any]]:
        for part in newest_parts(plan):
            found = self._read(page_sql(part, limit))
            if len(found) == limit:
                return found
        return self._read(page_sql(plan, limit))

    def total(self, plan: RequestsPlan) -> Total:
        """How many calls match, on all pages."""
        if plan.node == EVERYTHING:
            return Total(int(self._read(count_sql(plan, 0))[0]["calls"]), True)
        try:
            sample = self._read(sample_sql(plan, EXACT_TOTAL + 1), _TOTAL_LIMITS)[0]
        except QueryLimitError:
            return Total(None, False)
        calls = int(sample["calls"])
        if calls <= EXACT_TOTAL:
            return Total(calls, True)
        counted = self._read(count_sql(plan, micros(sample["oldest"])))[0]
        return Total(max(calls, round(calls * int(counted["calls"]) / max(1, int(counted["newer"])))), False)

    def histogram(self, plan: RequestsPlan, bucket: str) -> Histogram:
        """Calls and errors by time. Raises `FilterError` where there would be too many buckets."""
        window = window_of(plan.node, now_us=plan.now_us, zone=plan.zone, within=plan.window)
        if window.since_us == 0 or window.until_us == MAX_TIME_US:
            span = self._read(span_sql(plan))[0]
            if not span["calls"]:
                at = time_of(plan.now_us)
                return Histogram("1h" if bucket == "auto" else bucket, at, [])
            since_us = window.since_us or micros(span["first"])
            until_us = max(plan.now_us, micros(span["last"]) + 1) if window.until_us == MAX_TIME_US else window.until_us
            window = Window(since_us, until_us)
        period = Period(window.since_us, max(window.until_us, window.since_us + 1), plan.zone)
        buckets = buckets_of("histogram.bucket", period, find_width("histogram.bucket", bucket, period), _MAX_BUCKETS)
        figures = {int(row["bucket"]): row for row in self._read(histogram_sql(plan, buckets))}
        return Histogram(
            buckets.width.name,
            time_of(buckets.end_us),
            [
                Bucket(time_of(at), int(figures[at]["calls"]), int(figures[at]["errors"]))
                if at in figures
                else Bucket(time_of(at), 0, 0)
                for at in buckets.starts
            ],
        )

    def neighbours(self, plan: RequestsPlan, id: str, start: datetime) -> Neighbours:
        """The calls before and after one in the order of the plan, among those that match its filter."""
        found = self._read(values_sql(plan, id, micros(start)))
        if not found:
            return Neighbours(None, None)
        values = plan.order.values_of(found[0])
        following = msgspec.structs.replace(plan, after=values)
        preceding = msgspec.structs.replace(following, order=plan.order.reversed())
        return Neighbours(previous=self._first_id(preceding), next=self._first_id(following))

    def _first_id(self, plan: RequestsPlan) -> str | None:
        found = self._read(page_sql(plan, 1))
        return str(found[0][f"k{len(plan.order.terms) - 1}"]) if found else None

    def _read(self, sql: Sql, limits: QueryLimits | None = None) -> list[dict[str, Any]]:
        if limits is None:
            return self._store.read(sql.text, dict(sql.values))
        return self._store.read(sql.text, dict(sql.values), limits)
