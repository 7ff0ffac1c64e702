"""Keeps one row of a call that was seen in two ways: by the gateway, and by a span or a logger.

Two rows are of one call if they have the same response id, or if the proxied call is a child of the span, and they
overlap in time. The gateway's row is kept. The other one is left out before the insert, or removed after it where it
came first. Of two spans with the same response id, one inside the other, the one that arrived first is kept.

Nothing is looked up for a batch of proxied calls while no reported call waits for its proxied row. After a crash the
same batch comes again, and what had to be removed is found again.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from proxy.control.jobs.row_builder import LogRows
from proxy.ingest.otlp.records import COVERED_SPANS
from proxy.logstore import LogStore, RequestRow
from proxy.logstore.rows import SpanLinkRow

__all__ = ["SeenTwice"]

_CLOCKS_US: Final = 10_000_000
"""How far the clocks of two machines may differ."""
_WAIT_US: Final = 3_600_000_000
"""How long a reported call waits for its proxied row, from its arrival on."""
_MAX_WAITING: Final = 50_000
_CHECKS_US: Final = (60_000_000, _WAIT_US // 2)
"""How long after its arrival a waiting call is looked up again: its proxied row may have come through the shipper of
another host."""
_REPORTED: Final = frozenset({"otlp", "logger"})

_decode_facts: Final = msgspec.json.Decoder(dict[str, Any]).decode
Key = tuple[str, str, str]
"""Organisation, `response` or `span`, and the id."""


class _Sighting(msgspec.Struct):
    """What tells whether two rows are of one call."""

    org: str
    id: str
    start_us: int
    end_us: int
    source: str
    response_id: str
    trace_id: str
    span_id: str
    parent_span_id: str
    session_id: str = ""
    covered: tuple[str, ...] = ()
    """Spans below it that have no row."""
    arrived_us: int = 0
    checks: int = 0

    @property
    def keys(self) -> list[Key]:
        """What a proxied row of the same call is found by."""
        found = [(self.org, "response", self.response_id)] if self.response_id else []
        return found + [(self.org, "span", span) for span in (self.span_id, *self.covered) if span]

    @property
    def key(self) -> tuple[str, int, str]:
        return self.org, self.start_us, self.id

    def is_of(self, kept: "_Sighting") -> bool:
        """Whether this reported call is the one that `kept` shows, and `kept` is the better row."""
        if self.key == kept.key or self.org != kept.org:
            return False
        same_response = bool(self.response_id) and self.response_id == kept.response_id
        if not kept.source:
            below = self.trace_id == kept.trace_id and kept.parent_span_id in (self.span_id, *self.covered)
            near = self.start_us - _CLOCKS_US <= kept.start_us <= self.end_us + _CLOCKS_US
            return near and (same_response or (bool(kept.parent_span_id) and below))
        inside = self.start_us <= kept.start_us and kept.end_us <= self.end_us
        around = kept.start_us <= self.start_us and self.end_us <= kept.end_us
        return same_response and bool(self.trace_id) and self.trace_id == kept.trace_id and (inside or around)


_Pair = tuple[_Sighting, _Sighting]
"""The row that goes, and the one that stays."""


class SeenTwice:
    """Decides for one shipper which rows are left out and which are removed."""

    def __init__(self, store: LogStore) -> None:
        self.left_out = 0
        """Rows that were not written, because the log has another one of their call."""
        self.removed = 0
        """Rows that were removed, because a better one came."""
        self._store = store
        self._waiting: dict[tuple[str, int, str], _Sighting] | None = None
        self._by_key: dict[Key, list[_Sighting]] = {}
        self._dropped: list[tuple[RequestRow, _Sighting]] = []
        """Rows of the batch that were left out, with the rows that stay in their place."""

    def leave_out(self, rows: list[LogRows]) -> list[LogRows]:
        """The rows without those whose call has another row, in the log or among them. Raises `StoreError`."""
        self._dropped = []
        numbers = [number for number, each in enumerate(rows) if each.request.source in _REPORTED]
        if not numbers:
            return rows
        calls = {number: _sighting(rows[number].request) for number in numbers if _is_call(rows[number].request)}
        present = self._present(rows, calls.values())
        seen: set[tuple[str, int, str]] = set()
        out: set[int] = set()
        for number in numbers:
            row, call = rows[number].request, calls.get(number)
            if (row.org, row.start, row.id) in seen:  # sent twice
                out.add(number)
            elif call is not None and (kept := _kept(call, present)) is not None:
                out.add(number)
                self._dropped.append((row, kept))
            elif call is not None:
                _index(call, present, proxied=False)
            seen.add((row.org, row.start, row.id))
        return [each for number, each in enumerate(rows) if number not in out] if out else rows

    def _present(self, rows: Sequence[LogRows], calls: Iterable[_Sighting]) -> dict[Key, list[_Sighting]]:
        """The rows that may be of these calls, in the log and among the proxied ones of the batch."""
        present: dict[Key, list[_Sighting]] = {}
        asked = list(calls)
        if asked:
            for each in rows:
                if not each.request.source:
                    _index(_sighting(each.request), present, proxied=True)
            for found in self._look_up(asked):
                _index(found, present, proxied=not found.source)
        return present

    def link_left_out(self) -> None:
        """Before the insert: notes which rows stand for those that were left out. Raises `StoreError`."""
        self._link([(_sighting(row), kept) for row, kept in self._dropped])
        self.left_out += len(self._dropped)

    def remove_older(self, rows: Sequence[LogRows], *, repeated: bool, now_us: int) -> None:
        """After the insert: removes reported rows whose proxied row is among `rows`. Raises `StoreError`."""
        waiting = self._load(now_us)
        gone: list[_Pair] = []
        if waiting:
            for each in rows:
                row = each.request
                if not row.source and self._is_awaited(row):
                    gone += self._twins(_sighting(row))
        if repeated and self._dropped:  # an insert before this one may have written what is now left out
            missing = {id(row) for row in self._store.missing("requests", [row for row, _ in self._dropped])}
            gone += [(_sighting(row), kept) for row, kept in self._dropped if id(row) not in missing]
        if gone:
            self._link(gone)
            self._remove(gone)
        for each in rows:
            if _is_call(each.request):
                sighting = _sighting(each.request)
                sighting.arrived_us = now_us
                self._wait_for(sighting)

    def check_again(self, now_us: int) -> None:
        """Looks up waiting calls whose proxied row may have come through another shipper. Raises `StoreError`."""
        due: list[_Sighting] = []
        for sighting in list((self._waiting or {}).values()):
            age_us = now_us - sighting.arrived_us
            if age_us > _WAIT_US:
                self._forget(sighting)
            elif sighting.checks < len(_CHECKS_US) and age_us >= _CHECKS_US[sighting.checks]:
                due.append(sighting)
        if not due:
            return
        present: dict[Key, list[_Sighting]] = {}
        for found in self._look_up(due):
            if not found.source:
                _index(found, present, proxied=True)
        gone = [(one, kept) for one in due if (kept := _kept(one, present)) is not None]
        if gone:
            self._link(gone)
            self._remove(gone)
        for sighting in due:
            sighting.checks += 1

    def _look_up(self, reported: Sequence[_Sighting]) -> list[_Sighting]:
        found: list[_Sighting] = []
        by_org: dict[str, list[_Sighting]] = {}
        for sighting in reported:
            by_org.setdefault(sighting.org, []).append(sighting)
        for org, ours in by_org.items():
            rows = self._store.sightings(
                org,
                min(one.start_us for one in ours) - _CLOCKS_US,
                max(one.end_us for one in ours) + _CLOCKS_US,
                sorted({one.response_id for one in ours if one.response_id}),
                sorted({span for one in ours for span in (one.span_id, *one.covered) if span}),
            )
            found += [_read(row | {"org": org}) for row in rows]
        return found

    def _is_awaited(self, row: RequestRow) -> bool:
        return (row.org, "response", row.response_id) in self._by_key or (
            bool(row.parent_span_id) and (row.org, "span", row.parent_span_id) in self._by_key
        )

    def _twins(self, proxied: _Sighting) -> list[_Pair]:
        """The waiting calls that the proxied row shows."""
        found: dict[tuple[str, int, str], _Pair] = {}
        for key in _proxied_keys(proxied):
            found |= {one.key: (one, proxied) for one in self._by_key.get(key, ()) if one.is_of(proxied)}
        return list(found.values())

    def _link(self, pairs: Sequence[_Pair]) -> None:
        """Notes which row stands for a span that has none, for trees of calls."""
        links = [
            SpanLinkRow(
                org=lost.org,
                session_id=lost.session_id,
                trace_id=lost.trace_id,
                span_id=lost.span_id,
                parent_span_id=lost.parent_span_id,
                call_id=kept.id,
                call_start=kept.start_us,
            )
            for lost, kept in pairs
            if lost.span_id and lost.session_id
        ]
        if links:
            self._store.write("span_links", links, f"{links[0].span_id}:{links[0].call_id}:{len(links)}")

    def _remove(self, gone: Sequence[_Pair]) -> None:
        keys = list(dict.fromkeys(lost.key for lost, _ in gone))
        self._store.remove(keys)
        self.removed += len(keys)
        for lost, _ in gone:
            self._forget(lost)

    # --- the calls that wait ----------------------------------------------------------------------------------------

    def _load(self, now_us: int) -> dict[tuple[str, int, str], _Sighting]:
        """The waiting calls; read from the log at first."""
        if self._waiting is None:
            self._waiting = {}
            for row in self._store.recent_reports(now_us - _WAIT_US, _MAX_WAITING):
                sighting = _read(row)
                sighting.arrived_us = now_us
                self._wait_for(sighting)
        return self._waiting

    def _wait_for(self, sighting: _Sighting) -> None:
        waiting = self._waiting
        if waiting is None or not sighting.keys or sighting.key in waiting:
            return
        if len(waiting) >= _MAX_WAITING:
            self._forget(next(iter(waiting.values())))
        waiting[sighting.key] = sighting
        for key in sighting.keys:
            self._by_key.setdefault(key, []).append(sighting)

    def _forget(self, sighting: _Sighting) -> None:
        known = (self._waiting or {}).pop(sighting.key, None)
        for key in known.keys if known is not None else ():
            left = [one for one in self._by_key.get(key, ()) if one is not known]
            if left:
                self._by_key[key] = left
            else:
                self._by_key.pop(key, None)


def _is_call(row: RequestRow) -> bool:
    """Whether it is a reported model call, which the gateway may have seen, too."""
    return row.source in _REPORTED and bool(row.dialect) and bool(row.response_id or row.span_id)


def _kept(call: _Sighting, present: dict[Key, list[_Sighting]]) -> _Sighting | None:
    """The better row of the same call; of several the one that began nearest to it."""
    found = [kept for key in call.keys for kept in present.get(key, ()) if call.is_of(kept)]
    return min(found, key=lambda kept: abs(kept.start_us - call.start_us), default=None)


def _index(sighting: _Sighting, into: dict[Key, list[_Sighting]], *, proxied: bool) -> None:
    for key in _proxied_keys(sighting) if proxied else sighting.keys:
        into.setdefault(key, []).append(sighting)


def _proxied_keys(sighting: _Sighting) -> Iterable[Key]:
    if sighting.response_id:
        yield sighting.org, "response", sighting.response_id
    if sighting.parent_span_id:
        yield sighting.org, "span", sighting.parent_span_id


def _sighting(row: RequestRow) -> _Sighting:
    return _Sighting(
        row.org,
        row.id,
        row.start,
        row.start + round((row.latency_ms or 0) * 1000),
        row.source,
        row.response_id,
        row.trace_id,
        row.span_id,
        row.parent_span_id,
        row.session_id,
        _covered(row.facts),
    )


def _read(row: dict[str, Any]) -> _Sighting:
    return _Sighting(
        row["org"],
        row["id"],
        row["start_us"],
        row["start_us"] + round((row["latency_ms"] or 0) * 1000),
        row["source"],
        row["response_id"],
        row["trace_id"],
        row["span_id"],
        row["parent_span_id"],
        row.get("session_id", ""),
        _covered(row.get("facts", "")),
    )


def _covered(facts: str) -> tuple[str, ...]:
    if COVERED_SPANS not in facts:
        return ()
    listed = _decode_facts(facts).get(COVERED_SPANS)
    return tuple(span for span in listed if isinstance(span, str)) if isinstance(listed, list) else ()
