"""Parses points in time as people write them."""

from datetime import UTC, datetime
from typing import Final

from proxy.logstore import FilterError

__all__ = ["ACCEPTED", "moment_us"]

ACCEPTED: Final = "a time like 2026-01-31T12:00:00Z, a day like 2026-01-31, or how long ago: 90s, 15m, 1h, 7d, 2w"
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def moment_us(parameter: str, text: str, now_us: int) -> int:
    """Microseconds since the epoch. Times without a zone are UTC. Raises `FilterError`."""
    text = text.strip()
    number, unit = text[:-1], text[-1:].lower()
    if unit in _UNITS and number.isascii() and number.replace(".", "", 1).isdigit() and len(number) < 10:
        return max(0, now_us - int(float(number) * _UNITS[unit] * 1e6))
    try:
        at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise FilterError(parameter, text, ACCEPTED) from None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return max(0, int(at.timestamp() * 1e6))
