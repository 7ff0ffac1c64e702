"""Days and months of a zone: when the one that holds a moment begins and ends."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

__all__ = ["MAX_PERIOD_US", "CalendarPeriod", "is_zone", "period_at"]

MAX_PERIOD_US: Final[dict[str, int]] = {"day": 26 * 3_600_000_000, "month": 32 * 86_400_000_000}
"""Microseconds that are longer than any such period, also where the clock goes back."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class CalendarPeriod(msgspec.Struct, frozen=True):
    """From `since_us` to before `until_us`. `name` is its first day: `2026-11-01`."""

    name: str
    since_us: int
    until_us: int


_last: dict[tuple[str, str], CalendarPeriod] = {}
"""The period that was asked for last, by kind and zone: nearly always the one that is asked for next."""


def period_at(kind: str, zone: str, at_us: int) -> CalendarPeriod:
    """Return the `day` or `month` of a zone that holds a moment. An unknown zone is UTC."""
    found = _last.get((kind, zone))
    if found is None or not found.since_us <= at_us < found.until_us:
        found = _last[kind, zone] = _period(kind, _zone(zone), at_us)
    return found


def is_zone(name: str) -> bool:
    """Whether this is the name of a zone, such as `Europe/Berlin`."""
    return _zone(name) is not UTC or name == "UTC"


def _period(kind: str, zone: tzinfo, at_us: int) -> CalendarPeriod:
    now = (_EPOCH + at_us * _MICROSECOND).astimezone(zone)
    first = datetime(now.year, now.month, 1 if kind == "month" else now.day)
    after = (first + timedelta(days=32)).replace(day=1) if kind == "month" else first + timedelta(days=1)
    return CalendarPeriod(first.date().isoformat(), _instant(first, zone), _instant(after, zone))


def _instant(wall: datetime, zone: tzinfo) -> int:
    """When a clock in the zone shows this; a midnight that is skipped counts from before the change."""
    return (wall.replace(tzinfo=zone) - _EPOCH) // _MICROSECOND


@cache
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name not in ("", "UTC") else UTC
    except (OSError, ValueError, KeyError):
        return UTC
