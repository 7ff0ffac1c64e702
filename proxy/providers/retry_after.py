"""How long a provider asks its callers to wait, read from the headers of its answer. Pure."""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from proxy.providers.dialects import RATE_LIMIT_HEADERS

__all__ = ["retry_after_s"]

_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_NAMES: Final = frozenset({"retry-after", "retry-after-ms"}.union(*RATE_LIMIT_HEADERS))
_EPOCH: Final = 1e9
"""A number above this is seconds since the epoch, not a duration."""


def retry_after_s(headers: list[tuple[str, str]], wall_s: float) -> float | None:
    """Return the wait that `retry-after-ms` or `retry-after` (seconds or a date) names, else the longest reset of the
    rate limits that are used up; None where the answer names none. `wall_s` is seconds since the epoch."""
    values = {name: value.strip() for name, value in headers if name in _NAMES}
    milliseconds = _number(values.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1e3
    text = values.get("retry-after", "")
    if text:
        seconds = _number(text)
        return seconds if seconds is not None else _until(_http_date(text), wall_s)
    waits: list[float] = []
    for remaining, reset in RATE_LIMIT_HEADERS:
        if values.get(remaining) == "0":
            wait = _reset_s(values.get(reset, ""), wall_s)
            waits += [] if wait is None else [wait]
    return max(waits) if waits else None


def _number(text: str) -> float | None:
    if not text or not text.isascii() or not text.replace(".", "", 1).isdigit():
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _reset_s(text: str, wall_s: float) -> float | None:
    """`1s`, `6m0s`, `120ms`, plain seconds, seconds since the epoch, or an ISO date."""
    plain = _number(text)
    if plain is not None:
        return max(plain - wall_s, 0.0) if plain > _EPOCH else plain
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        return _until(_iso_date(text), wall_s)
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in match.groups())
    value = hours * 3600 + minutes * 60 + seconds + milliseconds / 1e3
    return value if math.isfinite(value) else None


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _iso_date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _until(at: datetime | None, wall_s: float) -> float | None:
    if at is None:
        return None
    try:
        return max((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - wall_s, 0.0)
    except (ValueError, OverflowError):
        return None
