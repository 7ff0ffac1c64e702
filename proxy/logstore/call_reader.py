"""Reads one call: its row, and its bodies by size and in pieces."""

import base64
from typing import Any, Final, Literal

import msgspec

from proxy.core.clock import uuid7_time_us
from proxy.logstore.annotations import put_updated_properties
from proxy.logstore.base import LogStore
from proxy.logstore.events import micros
from proxy.logstore.sql import query
from proxy.query import MAX_TIME_US

__all__ = ["BODY_PARTS", "BodyPart", "BodySizes", "body_sizes", "find_call", "read_body"]

BodyPart = Literal["request", "response", "response_text", "tool_calls", "sent", "chunk_times"]
BODY_PARTS: Final[tuple[BodyPart, ...]] = (
    "request",
    "response",
    "response_text",
    "tool_calls",
    "sent",
    "chunk_times",
)

_ID_TIME_TOLERANCE_US: Final = 5_000_000
"""How far a call's start may be from the time in its own id. Ids that callers made may say any time."""


class BodySizes(msgspec.Struct, frozen=True):
    """Bytes of each part of a call's bodies, as they come out of `read_body`, and the stored types."""

    request_bytes: int
    response_bytes: int
    response_text_bytes: int
    tool_calls_bytes: int
    sent_bytes: int
    chunk_times_bytes: int
    request_base64: bool
    response_base64: bool
    request_type: str
    response_type: str


def find_call(store: LogStore, org: str, id: str) -> dict[str, Any] | None:
    """The row of a call, without its bodies; None where there is no such call. Raises `StoreError`."""
    at_us = uuid7_time_us(id)
    spans = [(0, MAX_TIME_US)]
    if at_us is not None:
        spans.insert(0, (at_us - _ID_TIME_TOLERANCE_US, at_us + _ID_TIME_TOLERANCE_US))
    for since_us, until_us in spans:
        bound = {"org": org, "id": id, "since_us": max(0, since_us), "until_us": min(until_us, MAX_TIME_US)}
        rows = store.read(query("get"), bound)
        if rows:
            put_updated_properties(store, org, rows)
            return rows[0]
    return None


def body_sizes(store: LogStore, call: dict[str, Any]) -> BodySizes | None:
    """The sizes of the bodies of a row; None where none are stored. Raises `StoreError`."""
    rows = store.read(query("body_sizes"), _key(call))
    return BodySizes(**rows[0]) if rows else None


def read_body(store: LogStore, call: dict[str, Any], part: BodyPart, offset: int, size: int) -> bytes:
    """At most `size` bytes from `offset` on; base64 that the store made is decoded. The engine cuts the piece out."""
    rows = store.read(query("body_part"), {**_key(call), "part": part, "offset": offset, "bytes": size})
    return base64.b64decode(rows[0]["piece"]) if rows else b""


def _key(call: dict[str, Any]) -> dict[str, Any]:
    return {"org": call["org"], "id": call["id"], "start_us": micros(call["start"])}
