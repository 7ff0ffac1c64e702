"""One span, and a part of an export that could not be read."""

from typing import Any

import msgspec

__all__ = ["Fault", "Span", "SpanEvent"]


class SpanEvent(msgspec.Struct, frozen=True):
    """An event of a span."""

    name: str
    at_us: int
    attributes: dict[str, Any]


class Span(msgspec.Struct):
    """A span; times are microseconds since the epoch, ids lower-case hex digits."""

    place: str
    """Where it stood in the export: `resourceSpans[0].scopeSpans[0].spans[2]`."""
    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start_us: int
    end_us: int
    failed: bool
    message: str
    """Of its status."""
    attributes: dict[str, Any]
    events: list[SpanEvent] = []
    resource: dict[str, Any] = {}
    scope: str = ""


class Fault(msgspec.Struct, frozen=True):
    """What was not taken, and why."""

    place: str
    reason: str
    spans: int = 1

    @property
    def text(self) -> str:
        return f"{self.place}: {self.reason}"
