"""The rows of one record, and those of bytes that are no record."""

import base64
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import msgspec

from proxy.logstore import BodyRow, RequestRow

__all__ = ["LogRows", "plain_bytes", "unreadable_rows"]

_MAX_START_US: Final = (1 << 62) // 1000

_decode_loosely = msgspec.msgpack.Decoder().decode


class LogRows(msgspec.Struct, frozen=True, gc=False):
    """The rows of one record."""

    request: RequestRow
    body: BodyRow | None


def plain_bytes(rows: LogRows) -> int:
    """About how many bytes the bodies and texts of a record have in memory."""
    body = rows.body
    if body is None:
        return 0
    return len(body.request) + len(body.response) + len(body.response_text) + len(body.tool_calls) + len(body.sent)


def unreadable_rows(payload: memoryview, place: str, problem: str, keep: bool = True) -> LogRows:
    """The rows of a payload that is not a record: those of its first fields that make sense, and the payload where it
    is to be kept."""
    fields: list[Any] = []
    try:
        values = _decode_loosely(payload)
        fields = values if isinstance(values, list) else []
    except msgspec.MsgspecError:
        fields = []
    id, org, _, started = (*fields[:4], None, None, None, None)[:4]
    made_id = UUID(int=(_hash128(place) & ~(0xF << 76) | (0x8 << 76)) & ~(0x3 << 62) | (0x2 << 62))
    row = RequestRow(
        id=id if isinstance(id, str) and id else str(made_id),
        org=org if isinstance(org, str) and org else "default",
        start=started if isinstance(started, int) and 0 < started < _MAX_START_US else _segment_time(place),
        outcome="unreadable",
        reading_error=f"{place}: {problem}"[:500],
    )
    if not keep:
        return LogRows(row, None)
    body = BodyRow(
        id=row.id,
        org=row.org,
        start=row.start,
        request=base64.b64encode(payload).decode(),
        request_base64=True,
        request_type="application/msgpack",
    )
    return LogRows(row, body)


def _hash128(text: str) -> int:
    """128 bits that are the same for the same text."""
    return int.from_bytes(blake2b(text.encode(), digest_size=16).digest(), "big")


def _segment_time(place: str) -> int:
    try:
        return int(place[:12], 16) * 1000
    except ValueError:
        return 0
