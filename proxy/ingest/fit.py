"""Leaves out of a record what may not be stored: credentials, omitted bodies, and the middle of bodies that are too
large.
"""

import msgspec

from proxy.core.masked_record import mask_record
from proxy.core.masking import mask
from proxy.core.record import RESPONSE_ERROR, Record
from proxy.core.usage import Usage
from proxy.providers.reading import read_record

__all__ = ["fit"]

_MAX_TAIL = 256 << 10
"""Bytes at the end of a body that are kept where its middle is left out; at most half of the bound."""


def fit(record: Record, max_body: int) -> Record:
    """`record` without credentials, with bodies of at most `max_body` bytes each, and without those that are omitted.

    What can no longer be read afterwards (usage, model, error) is read before.
    """
    mask_record(record)
    too_large = len(record.request_body) > max_body or len(record.response_body) > max_body
    if not (too_large or record.request_omitted or record.response_omitted):
        return record
    reading = read_record(record)
    if reading.error_kind and record.status < 400 and record.outcome == "success":
        record.outcome, record.error, record.error_message = (
            RESPONSE_ERROR,
            reading.error_kind,
            mask(reading.error_message),
        )
    record.usage = record.usage or reading.billed or Usage()
    record.model = record.model or reading.model_asked or reading.model_answered
    record.user_id = record.user_id or reading.user
    if record.ingested is not None:
        record.ingested = msgspec.structs.replace(
            record.ingested,
            response_id=reading.response_id,
            model_answered=reading.model_answered,
            finish_reason=reading.finish_reason,
        )
    record.truncated = too_large
    record.request_body = b"" if record.request_omitted else _cut(record.request_body, max_body)
    record.response_body = b"" if record.response_omitted else _cut(record.response_body, max_body)
    return record


def _cut(body: bytes, max_body: int) -> bytes:
    if len(body) <= max_body:
        return body
    tail = min(_MAX_TAIL, max_body // 2)
    return body[: max_body - tail] + body[len(body) - tail :]
