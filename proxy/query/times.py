"""Parses points in time as people write them."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from proxy.query.errors import FilterError

__all__ = ["ACCEPTED", "moment_us", "zone_of"]

ACCEPTED: Final = (
    "a time like 2026-01-31T12:00:00Z, a day like 2026-01-31, `now`, or how long ago: 90s, 15m, 1h, 7d, 2w"
)
_OFFSET: Final = re.compile(r"([+-])([01]\d|2[0-3]):([0-5]\d)")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def zone_of(parameter: str, name: str) -> tzinfo:
    """The zone of an IANA name such as `Europe/Berlin`, or of an offset such as `+05:30`. Raises `FilterError`."""
    if name in ("", "UTC", "Z"):
        return UTC
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        distance = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-distance if offset[1] == "-" else distance)
    try:
        return ZoneInfo(name)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError only where the name is well formed
        pass
    except KeyError:
        pass
    raise FilterError(parameter, name, "a zone like UTC, Europe/Berlin or +05:30")


def moment_us(parameter: str, text: str, now_us: int, zone: tzinfo = UTC) -> int:
    """Microseconds since the epoch. A time without an offset is in `zone`. Raises `FilterError`."""
    text = text.strip()
    if text == "now":
        return now_us
    number, unit = text[:-1], text[-1:].lower()
    if unit in _UNITS and number.isascii() and number.replace(".", "", 1).isdigit() and len(number) < 10:
        return max(0, now_us - int(float(number) * _UNITS[unit] * 1e6))
    try:
        at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        at = at if at.tzinfo is not None else at.replace(tzinfo=zone)
        return max(0, int(at.timestamp() * 1e6))
    except (ValueError, OverflowError):
        raise FilterError(parameter, text, ACCEPTED) from None
