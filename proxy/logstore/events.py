"""Makes the public event (`core/event.py`) of a stored row: columns that hold JSON become what they hold."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec.structs import asdict

from proxy.core.cost import CostLine
from proxy.core.event import Event, EventAttempt, EventBodies, EventCostLine, EventWithBodies
from proxy.logstore.rows import BodyRow, RequestRow

__all__ = ["event_of_columns", "event_of_rows", "micros", "time_of"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_decode_attempts: Final = msgspec.json.Decoder(list[EventAttempt]).decode
_decode_lines: Final = msgspec.json.Decoder(list[CostLine]).decode
_decode_facts: Final = msgspec.json.Decoder(dict[str, Any]).decode


def event_of_columns(columns: Mapping[str, Any]) -> Event:
    """The event of a row as the store returns it: by column name, times aware. With `bodies` in it, the whole event."""
    values = dict(columns)
    values["ingested_at"] = values["ingested_at"] if values["ingested_at"] > _EPOCH else None
    values["usage_raw"] = msgspec.Raw(values["usage_raw"].encode()) if values["usage_raw"] else None
    values["priced_usage"] = msgspec.Raw(values["priced_usage"].encode()) if values["priced_usage"] else None
    values["attempts"] = _decode_attempts(values["attempts"])
    values["cost_lines"] = [EventCostLine(**asdict(line)) for line in _decode_lines(values["cost_lines"] or "[]")]
    values["facts"] = _decode_facts(values["facts"])
    if "bodies" not in values:
        return Event(**values)
    if values["bodies"] is not None:
        bodies = dict(values["bodies"])
        bodies["tool_calls"] = msgspec.Raw(bodies["tool_calls"].encode())
        values["bodies"] = EventBodies(**bodies)
    return EventWithBodies(**values)


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
