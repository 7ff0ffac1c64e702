"""Durations of rules as text: `30m`, `2h`, `7d`."""

import re
from typing import Final

from proxy.query.errors import FilterError

__all__ = ["DAY_US", "MINUTE_US", "duration_us", "shown_duration"]

MINUTE_US: Final = 60_000_000
DAY_US: Final = 1440 * MINUTE_US
_UNITS: Final = {"m": MINUTE_US, "h": 60 * MINUTE_US, "d": DAY_US, "w": 7 * DAY_US}
_DURATION: Final = re.compile(r"([0-9]{1,6})([mhdw])")
_SHOWN: Final = (("d", DAY_US), ("h", 60 * MINUTE_US), ("m", MINUTE_US))


def duration_us(path: str, text: str, least_us: int = 0, most_us: int = 31 * DAY_US) -> int:
    """Microseconds. Raises `FilterError` where it is none, or not within the bounds."""
    match = _DURATION.fullmatch(text)
    length = int(match[1]) * _UNITS[match[2]] if match else -1
    if not least_us <= length <= most_us:
        least, most = shown_duration(least_us), shown_duration(most_us)
        raise FilterError(path, text, f"{least} to {most}: minutes, hours, days or weeks, such as 5m, 2h, 7d")
    return length


def shown_duration(length_us: int) -> str:
    """The shortest text for whole minutes."""
    return next((f"{length_us // unit}{name}" for name, unit in _SHOWN if length_us and not length_us % unit), "0m")
