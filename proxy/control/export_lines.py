"""Writes calls as lines of JSON, page by page: an export of any size takes the memory of one page."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from proxy.control.requests_reader import RequestsReader
from proxy.core.event import Event
from proxy.logstore import LogStore, event_of_columns, micros
from proxy.logstore.events import shown_values
from proxy.logstore.sql import query
from proxy.query.requests import RequestsPlan

__all__ = ["BODY_KEYS", "EVENT_NAMES", "by_size", "json_lines", "put_bodies"]

EVENT_NAMES: Final = tuple(name for name in Event.__struct_fields__ if name != "version")
"""The columns of a whole event."""
BODY_KEYS: Final = ("id", "start", "request_size", "response_size")
"""The columns that rows must have where bodies are wanted."""
_PAGE_ROWS: Final = 4_000
_MAX_BODY_BYTES: Final = 16 << 20
"""Of bodies that are read at once, by the sizes of their rows; a single call may have more."""

_encode_lines = msgspec.json.Encoder().encode_lines


def json_lines(
    store: LogStore, plan: RequestsPlan, *, events: bool, bodies: bool, hidden: frozenset[str]
) -> Iterator[bytes]:
    """The lines of a page each: whole events (the plan has `EVENT_NAMES`), or the plan's columns less `hidden`.

    Raises `StoreError`, also after the first lines."""
    reader = RequestsReader(store)
    while True:
        rows, last = reader.rows(plan, _PAGE_ROWS)
        for some in by_size(rows) if bodies else [rows]:
            if bodies:
                put_bodies(store, plan.org, some)
            if events:
                yield _encode_lines([event_of_columns(row) for row in some])
            else:
                yield _encode_lines([_chosen(row, hidden) for row in some])
        if last is None:
            return
        plan = msgspec.structs.replace(plan, after=last)


def _chosen(row: dict[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    return shown_values({name: value for name, value in row.items() if name not in hidden})


def by_size(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The rows in runs whose bodies fit into memory together."""
    some: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        if some and size + row["request_size"] + row["response_size"] > _MAX_BODY_BYTES:
            yield some
            some, size = [], 0
        some.append(row)
        size += row["request_size"] + row["response_size"]
    if some:
        yield some


def put_bodies(store: LogStore, org: str, rows: list[dict[str, Any]]) -> None:
    """Put the bodies of calls into their rows, under `bodies`; None where none are stored. Raises `StoreError`."""
    starts = [micros(row["start"]) for row in rows]
    bound = {"org": org, "since_us": min(starts), "until_us": max(starts), "ids": [row["id"] for row in rows]}
    found = {(body["id"], body["start"]): body for body in store.read(query("export_bodies"), bound)}
    for row in rows:
        row["bodies"] = found.get((row["id"], row["start"]))
