"""When the demo's calls happen: by day and by night, on weekends, and in the hours in which a provider had trouble."""

import random
from collections.abc import Iterator
from typing import Final

import msgspec

__all__ = ["HOUR_US", "Trouble", "start_times", "troubles"]

HOUR_US: Final = 3_600_000_000
_DAY: Final = (
    6, 5, 7, 7, 5, 6, 12, 26, 52, 78, 92, 96, 84, 88, 100, 98, 90, 74, 52, 38, 30, 24, 16, 9,
)  # fmt: skip
"""Traffic by hour of the day (UTC), of 100."""
_WEEKEND: Final = 0.34


class Trouble(msgspec.Struct, frozen=True):
    """A time in which one provider is slow and fails often."""

    start_us: int
    end_us: int
    provider: str
    load: float
    """How many times as long its answers take."""
    share: float
    """How many of its calls fail, or are saved by a retry or a fallback."""
    faults: tuple[str, ...]

    def holds(self, provider: str, at_us: int) -> bool:
        return provider == self.provider and self.start_us <= at_us < self.end_us


def troubles(end_us: int, days: float) -> tuple[Trouble, ...]:
    """A bad hour three days before the end, where the history is so long, and a smaller one five hours before it."""
    hour = end_us // HOUR_US * HOUR_US
    bad = hour - min(72, int(days * 24 * 0.7)) * HOUR_US
    overloaded = ("overloaded", "overloaded", "fallback", "fallback", "fallback", "reset")
    small = hour - 5 * HOUR_US
    limited = ("tokens", "retried", "retried", "recovered", "server")
    return (
        Trouble(bad, bad + HOUR_US, "anthropic", 3.2, 0.6, overloaded),
        Trouble(small, small + HOUR_US * 2 // 3, "openai", 2.1, 0.2, limited),
    )


def start_times(count: int, end_us: int, days: float, chance: random.Random) -> Iterator[int]:
    """So many times in the days before the end, in no order; later days have a little more."""
    first = int(end_us - days * 24 * HOUR_US)
    hours = list(range(first // HOUR_US, end_us // HOUR_US + 1))
    weights = [_weight(hour, (hour * HOUR_US - first) / (end_us - first)) for hour in hours]
    for hour in chance.choices(hours, weights, k=count):
        at = hour * HOUR_US + chance.randrange(HOUR_US)
        if first <= at < end_us:
            yield at


def _weight(hour: int, progress: float) -> float:
    weekday = (hour // 24 + 3) % 7  # the epoch began on a Thursday
    return _DAY[hour % 24] * (_WEEKEND if weekday >= 5 else 1.0) * (0.8 + 0.35 * progress)
