"""Makes the public event (`core/event.py`) of a stored row: columns that hold JSON become what they hold."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec.structs import asdict

from proxy.core.cost import CostLine
from proxy.core.event import Event, EventAttempt, EventBodies, EventCostLine, EventWithBodies
from proxy.logstore.rows import BodyRow, RequestRow

__all__ = ["event_of_columns", "event_of_rows", "micros", "shown_values", "time_of"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_decode_attempts: Final = msgspec.json.Decoder(list[EventAttempt]).decode
_decode_lines: Final = msgspec.json.Decoder(list[CostLine]).decode
_decode_facts: Final = msgspec.json.Decoder(dict[str, Any]).decode


def shown_values(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What an event has for these columns of `requests`, or for some of them."""
    values = dict(columns)
    for name, convert in _CONVERSIONS.items():
        if name in values:
            values[name] = convert(values[name])
    return values


def _raw(text: str) -> msgspec.Raw | None:
    return msgspec.Raw(text.encode()) if text else None


def _cost_lines(text: str) -> list[EventCostLine]:
    return [EventCostLine(**asdict(line)) for line in _decode_lines(text or "[]")]


def _bodies(columns: Mapping[str, Any] | None) -> EventBodies | None:
    if columns is None:
        return None
    given = {**columns, "tool_calls": msgspec.Raw(columns["tool_calls"].encode())}
    given["chunk_times"] = msgspec.Raw(columns["chunk_times"].encode()) if columns["chunk_times"] else None
    return EventBodies(**given)


_CONVERSIONS: Final[dict[str, Callable[[Any], Any]]] = {
    "ingested_at": lambda at: at if at > _EPOCH else None,
    "usage_raw": _raw,
    "priced_usage": _raw,
    "attempts": _decode_attempts,
    "cost_lines": _cost_lines,
    "facts": _decode_facts,
    "bodies": _bodies,
}
"""By column: those that hold JSON, or a value for "none"; and the row of the bodies."""


def event_of_columns(columns: Mapping[str, Any]) -> Event:
    """The event of a row as the store returns it: by column name, times aware. With `bodies` in it, the whole event."""
    values = shown_values(columns)
    return EventWithBodies(**values) if "bodies" in values else Event(**values)


def event_of_rows(request: RequestRow, body: BodyRow | None = None, *, with_bodies: bool = False) -> Event:
    """The same event of rows that are on their way into the store."""
    columns = asdict(request)
    columns["start"], columns["ingested_at"] = time_of(request.start), time_of(request.ingested_at)
    if with_bodies:
        columns["bodies"] = {**asdict(body), "start": columns["start"]} if body is not None else None
    return event_of_columns(columns)


def micros(at: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    past = at - _EPOCH
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


def time_of(us: int) -> datetime:
    """The time `us` microseconds after the epoch, exactly."""
    return _EPOCH + timedelta(microseconds=us)
