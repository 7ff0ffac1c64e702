"""Masks what looks like a credential in the fields of a record, whoever made it. Bodies of calls that went well stay as
they are; of an error the response body is masked, too, since providers quote keys in it.
"""

from typing import Final

from proxy.core.masking import mask, mask_bytes, mask_named, mask_path
from proxy.core.record import Record

__all__ = ["mask_labels", "mask_record"]

_LABELS: Final = (
    *("model", "model_override", "user_id", "session_id", "session_path", "session_name", "request_name"),
    *("prompt_id", "prompt_version", "user_agent", "traceparent", "request_type", "request_encoding"),
)


_MAX_LABEL: Final = 1024
"""Characters of a label that are kept where it is masked; what may be longer is refused."""


def mask_labels(record: Record) -> None:
    """Mask what the caller chose to say of the call: its labels, its properties, and who it is."""
    for name in _LABELS:
        value = getattr(record, name)
        if value:
            setattr(record, name, mask(value[:_MAX_LABEL]))
    if record.properties:
        record.properties = mask_named(record.properties)
    if record.property_names:
        record.property_names = {mask(name): mask(spelling) for name, spelling in record.property_names.items()}


def mask_record(record: Record) -> None:
    """Mask all of it, for calls that did not pass through the gateway."""
    mask_labels(record)
    record.path = mask_path(record.path)
    if record.unknown_directives:
        record.unknown_directives = mask_named(record.unknown_directives, strictly=True)
    if record.error_message:
        record.error_message = mask(record.error_message)
    if record.status >= 400 and not record.response_encoding:
        record.response_body = mask_bytes(record.response_body)
