"""A period of time, and the one before it that it is compared with."""

import calendar
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

import msgspec

from proxy.query.errors import FilterError

__all__ = ["EPOCH", "Period", "period_before"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSET: Final = re.compile(r"([1-9][0-9]{0,3})(h|d|w|mo|y)")
_EARLIEST_YEAR: Final = 1970


class Period(msgspec.Struct, frozen=True):
    """From `since_us` to before `until_us`, in microseconds since the epoch; `zone` says what its days are."""

    since_us: int
    until_us: int
    zone: tzinfo = UTC

    def wall(self, at_us: int) -> datetime:
        """What a clock in the zone shows at that moment; without a zone."""
        return (EPOCH + timedelta(microseconds=at_us)).astimezone(self.zone).replace(tzinfo=None)

    def instant(self, wall: datetime, fold: int = 0) -> int:
        """When a clock in the zone shows this: the first time, or with `fold` the second. A time that is skipped (the
        clock goes forward) counts from before the change."""
        return (wall.replace(tzinfo=self.zone, fold=fold) - EPOCH) // timedelta(microseconds=1)


def period_before(path: str, period: Period, compare: str) -> Period:
    """The period to compare with: `previous` is the one of the same length just before; `7d`, `1mo`, … is the same
    period that much earlier. Days, weeks, months and years are of the calendar in the period's zone, hours are hours.

    Raises `FilterError`.
    """
    since, until = period.wall(period.since_us), period.wall(period.until_us)
    if compare == "previous":
        if period.until_us - period.since_us < 86_400_000_000:
            return Period(2 * period.since_us - period.until_us, period.since_us, period.zone)
        return Period(period.instant(since - (until - since)), period.since_us, period.zone)
    match = _OFFSET.fullmatch(compare)
    accepted = "`previous`, or how much earlier: 24h, 7d, 4w, 1mo, 1y"
    if match is None:
        raise FilterError(path, compare, accepted)
    number, unit = int(match[1]), match[2]
    if unit == "h":
        before = Period(period.since_us - number * 3_600_000_000, period.until_us - number * 3_600_000_000, period.zone)
    elif unit in ("d", "w"):
        days = timedelta(days=number * (7 if unit == "w" else 1))
        if (since - datetime(_EARLIEST_YEAR, 1, 2)) < days:
            raise FilterError(path, compare, "a period after 1970")
        before = Period(period.instant(since - days), period.instant(until - days), period.zone)
    else:
        months = number * (12 if unit == "y" else 1)
        if (since.year - _EARLIEST_YEAR) * 12 < months:
            raise FilterError(path, compare, "a period after 1970")
        before = Period(
            period.instant(_months_earlier(since, months)), period.instant(_months_earlier(until, months)), period.zone
        )
    if before.since_us < 0:
        raise FilterError(path, compare, "a period after 1970")
    return before


def _months_earlier(wall: datetime, months: int) -> datetime:
    """The same day and time; the last day of a month that is too short for it."""
    index = wall.year * 12 + wall.month - 1 - months
    year, month = index // 12, index % 12 + 1
    return wall.replace(year=year, month=month, day=min(wall.day, calendar.monthrange(year, month)[1]))
