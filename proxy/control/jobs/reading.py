"""What a record's bodies say: the seam between a record and the dialect that reads it."""

import msgspec

from proxy.core.record import Record
from proxy.core.usage import Usage

__all__ = ["Reading", "read_record"]


class Reading(msgspec.Struct, kw_only=True):
    """All that was found; bodies as they are stored (decompressed where that is possible)."""

    usage: Usage | None = None
    model_asked: str = ""
    model_answered: str = ""
    finish_reason: str = ""
    text: str = ""
    tool_calls: str = "[]"
    """JSON list."""
    error_kind: str = ""
    error_message: str = ""
    prompt_preview: str = ""
    service_tier: str = ""
    user: str = ""
    request: bytes = b""
    response: bytes = b""
    problem: str = ""
    """Why the bodies could not be read; empty where they could."""


def read_record(record: Record) -> Reading:
    """Reads both bodies in the record's dialect. Never raises: what went wrong stands in `problem`."""
    return Reading(usage=record.usage, request=record.request_body, response=record.response_body)
