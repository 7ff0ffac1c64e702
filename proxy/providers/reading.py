"""Reads the bodies of a record with the dialect of its provider.

The shipper reads every record so; the gateway only those whose bodies it must forget.
"""

import msgspec

from proxy.core.record import Record
from proxy.core.usage import Usage
from proxy.providers.decompress import decompress
from proxy.providers.dialects import CapturedExchange, peek, read_exchange

__all__ = ["RecordReading", "read_record"]


class RecordReading(msgspec.Struct, kw_only=True, gc=False):
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
    billed: Usage | None = None
    """`usage` with all else that the price depends on."""
    user: str = ""
    request: bytes = b""
    response: bytes = b""
    problem: str = ""
    """Why the bodies could not be read; empty where they could."""


def read_record(record: Record) -> RecordReading:
    """Reads both bodies in the record's dialect. What cannot be decompressed stays as it came."""
    request, response = record.request_body, record.response_body
    if record.request_encoding:
        request = decompress(request, record.request_encoding)
    if record.response_encoding:
        response = decompress(response, record.response_encoding)
    found = RecordReading(usage=record.usage, billed=record.usage, request=request, response=response)
    if not record.dialect:
        return found
    said = read_exchange(
        record.dialect,
        CapturedExchange(
            operation=record.operation,
            path=record.path,
            status=record.status,
            request_body=request,
            response_type=record.response_type,
            response_body=response,
            response_headers=record.response_headers,
            streamed=record.streamed or None,
        ),
    )
    # The gateway read before a body was cut or left out, so what it found is the better knowledge.
    found.usage = record.usage or said.usage
    found.billed = record.usage or said.billed
    if not record.user_id and b'"user"' in request:
        found.user = peek(request)[2] if said.user is None else said.user
    found.model_asked = said.model_asked
    found.model_answered = said.model_answered
    found.finish_reason = said.finish_reason
    found.text = said.text
    found.error_kind = said.error_kind
    found.error_message = said.error_message
    found.prompt_preview = said.prompt_preview
    if said.tool_calls:
        found.tool_calls = msgspec.json.encode(said.tool_calls).decode()
    return found
