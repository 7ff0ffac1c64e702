"""The W3C trace context of a call: its trace and its parent, from the caller's `traceparent` header.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

import re
from typing import Final

__all__ = ["parse_traceparent", "span_id_of"]

_TRACEPARENT: Final = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.*)?"
)


def parse_traceparent(value: str) -> tuple[str, str] | None:
    """The trace id (32 hex digits) and the parent's span id (16), or None where the header is not valid."""
    match = _TRACEPARENT.fullmatch(value.strip())
    if match is None:
        return None
    version, trace_id, parent_span_id, rest = match.groups()
    if version == "00" and rest is not None:  # only later versions may be longer
        return None
    return trace_id, parent_span_id


def span_id_of(id: str) -> str:
    """The span id of the call with this UUID: its last 8 bytes, as 16 hex digits."""
    return id.replace("-", "")[-16:]
