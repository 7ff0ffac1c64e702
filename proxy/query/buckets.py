"""Time buckets: the instants at which they begin, by the clock of a zone, and the SQL that sorts calls into them.

Bounds come from here and not from the engine, so days of 23 and 25 hours are right on any version of it.
"""

import difflib
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import msgspec

from proxy.query.compile import Binder
from proxy.query.errors import FilterError
from proxy.query.periods import Period

__all__ = ["AUTO", "WIDTHS", "Buckets", "Width", "buckets_of", "choose_width", "find_width"]


class Width(msgspec.Struct, frozen=True):
    """How wide buckets are: a number of minutes within a day, of days (a week begins on Monday), or of months."""

    name: str
    minutes: int = 0
    days: int = 0
    months: int = 0

    @property
    def seconds(self) -> int:
        """About: a month as 30 days."""
        return self.minutes * 60 + self.days * 86_400 + self.months * 30 * 86_400


WIDTHS: Final[dict[str, Width]] = {
    width.name: width
    for width in (
        *(Width(f"{minutes}m", minutes) for minutes in (1, 5, 10, 15, 30)),
        *(Width(f"{hours}h", hours * 60) for hours in (1, 2, 3, 4, 6, 8, 12)),
        Width("1d", days=1),
        Width("1w", days=7),
        Width("1mo", months=1),
        Width("3mo", months=3),
        Width("1y", months=12),
    )
}
"""By name, narrowest first."""
AUTO: Final = ("1m", "5m", "15m", "1h", "6h", "1d", "1w", "1mo", "1y")
_AUTO_BUCKETS: Final = 200


class Buckets(msgspec.Struct, frozen=True):
    """Consecutive buckets that cover a period: `starts` and the end of the last one, microseconds since the epoch."""

    width: Width
    starts: tuple[int, ...]
    end_us: int

    @property
    def step_us(self) -> int:
        """The length of every bucket, where all have the same; else 0."""
        bounds = (*self.starts, self.end_us)
        step = bounds[1] - bounds[0]
        return step if all(later - earlier == step for earlier, later in pairwise(bounds)) else 0

    def sql(self, start: str, binder: Binder) -> str:
        """When the bucket begins, in microseconds, of a call that begins at `start`: an expression of DateTime64(6)."""
        first, at_us = binder.bind(self.starts[0], "Int64"), f"toUnixTimestamp64Micro({start})"
        if len(self.starts) == 1:
            return first
        if self.step_us:
            step = binder.bind(self.step_us, "Int64")
            return f"{first} + intDiv({at_us} - {first}, {step}) * {step}"
        return f"roundDown({at_us}, {binder.bind(list(self.starts), 'Array(Int64)')})"


def find_width(path: str, name: str, period: Period) -> Width:
    """The width of that name; of `auto`, one that makes a chart of up to 200 points. Raises `FilterError`."""
    if name == "auto":
        return choose_width(period, _AUTO_BUCKETS, AUTO)
    width = WIDTHS.get(name)
    if width is None:
        near = difflib.get_close_matches(name, WIDTHS, 1)
        hint = f" (perhaps {near[0]})" if near else ""
        raise FilterError(path, name, f"auto, {', '.join(WIDTHS)}{hint}")
    return width


def choose_width(period: Period, most: int, names: Sequence[str] = tuple(WIDTHS)) -> Width:
    """The narrowest of the widths that covers the period with `most` buckets; the widest where none does."""
    seconds = (period.until_us - period.since_us) / 1e6
    return next((WIDTHS[name] for name in names if seconds / WIDTHS[name].seconds <= most), WIDTHS[names[-1]])


def buckets_of(path: str, period: Period, width: Width, most: int) -> Buckets:
    """The buckets that cover a period. The first may begin before it, and the last end after it.

    Raises `FilterError` where there are more than `most`.
    """
    if (period.until_us - period.since_us) / 1e6 / width.seconds > most:
        raise _too_many(path, period, width, most)
    bounds: set[int] = set()
    day = _first_day(period, width)
    while True:
        instants = _instants(period, day, width)
        bounds.update(instants)
        if instants[0] > period.until_us:
            break
        day = _next_day(day, width)
    ordered = sorted(bounds)
    first = max(index for index, bound in enumerate(ordered) if bound <= period.since_us)
    last = next(index for index, bound in enumerate(ordered) if bound >= period.until_us and index > first)
    if last - first > most:
        raise _too_many(path, period, width, most)
    return Buckets(width, tuple(ordered[first:last]), ordered[last])


def _too_many(path: str, period: Period, width: Width, most: int) -> FilterError:
    # The first and the last bucket may be cut.
    fits = choose_width(period, max(1, most - 2)).name
    accepted = f"{fits} or wider, a shorter period or fewer groups: at most {most:,} buckets a group here"
    return FilterError(path, width.name, accepted)


def _first_day(period: Period, width: Width) -> datetime:
    """The day with which the bucket begins that holds the beginning of the period, or an earlier one."""
    # A day earlier: at midnight the clock may have gone back over it.
    day = (period.wall(period.since_us) - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    if width.months:
        month = day.year * 12 + day.month - 1
        month -= month % width.months
        return day.replace(year=month // 12, month=month % 12 + 1, day=1)
    return day - timedelta(days=day.weekday()) if width.days == 7 else day


def _next_day(day: datetime, width: Width) -> datetime:
    if width.months:
        month = day.year * 12 + day.month - 1 + width.months
        return day.replace(year=month // 12, month=month % 12 + 1)
    return day + timedelta(days=width.days or 1)


def _instants(period: Period, day: datetime, width: Width) -> list[int]:
    """When buckets begin on a day. Up to an hour wide, they begin again where the clock goes back over their start."""
    if not width.minutes:
        return [period.instant(day)]
    walls = [day + timedelta(minutes=minute) for minute in range(0, 1440, width.minutes)]
    instants = [period.instant(wall) for wall in walls]
    if width.minutes <= 60:
        again = ((wall, period.instant(wall, fold=1)) for wall in walls)
        instants += [instant for wall, instant in again if period.wall(instant) == wall]
    return instants
