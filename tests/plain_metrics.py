"""The figures of a metrics question in plain Python over rows: what the engine's answers are compared with."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from proxy.logstore import RequestRow

PERCENTS = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Rows = Sequence[RequestRow]


def zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)


def local(us: int, where: tzinfo) -> datetime:
    return (EPOCH + timedelta(microseconds=us)).astimezone(where)


def failed(row: RequestRow) -> bool:
    return row.error != "" or row.status >= 400 or row.outcome != "success"


def facts(row: RequestRow) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(row.facts)
    return found


def speed(row: RequestRow) -> float | None:
    if row.latency_ms is None or row.output_tokens is None or row.latency_ms <= (row.ttft_ms or 0):
        return None
    return row.output_tokens * 1000 / (row.latency_ms - (row.ttft_ms or 0))


NUMBERS: dict[str, Callable[[RequestRow], float | None]] = {
    "latency": lambda row: row.latency_ms,
    "ttft": lambda row: row.ttft_ms,
    "gateway_time": lambda row: row.sent_ms,
    "tokens_per_second": speed,
}


def known_sum(values: list[Any]) -> Any:
    """Null where nothing is known of some calls; 0 of no calls."""
    known = [value for value in values if value is not None]
    return sum(known) if known or not values else None


def dollars(nanousd: Any) -> Any:
    return None if nanousd is None else nanousd / 1e9


def tokens(row: RequestRow) -> int | None:
    if row.input_tokens is None and row.output_tokens is None:
        return None
    return (row.input_tokens or 0) + (row.output_tokens or 0)


def component(row: RequestRow, name: str) -> float:
    return sum(line[4] for line in msgspec.json.decode(row.cost_lines or "[]") if line[0] == name)


def measure(name: str, rows: Rows, sketched: bool = False) -> Any:
    """One figure over rows. Of a sketched percentile, the value that the sketch is near."""
    prefix, _, rest = name.partition("_")
    if rest in NUMBERS:
        values = sorted(value for value in map(NUMBERS[rest], rows) if value is not None)
        if not values:
            return None
        if prefix in PERCENTS:
            return values[int(PERCENTS[prefix] * (len(values) - sketched))]
        return {"avg": sum(values) / len(values), "min": values[0], "max": values[-1]}[prefix]
    if name.startswith("cost."):
        return dollars(sum(component(row, name.removeprefix("cost.")) for row in rows))
    lookups = sum(facts(row).get("cache.status") in ("hit", "miss") for row in rows)
    priced = [row.cost_nanousd for row in rows if row.cost_nanousd is not None]
    match name:
        case "calls":
            return len(rows)
        case "errors":
            return sum(map(failed, rows))
        case "error_rate":
            return sum(map(failed, rows)) / len(rows) if rows else None
        case "cost":
            return dollars(known_sum([row.cost_nanousd for row in rows]))
        case "avg_cost":
            return sum(priced) / 1e9 / len(priced) if priced else None
        case "unknown_cost_calls":
            return sum(not row.cost_known for row in rows)
        case "saved_cost":
            return dollars(known_sum([row.saved_nanousd for row in rows]))
        case "saved_time":
            return known_sum([row.saved_ms for row in rows])
        case "tokens":
            return known_sum([tokens(row) for row in rows])
        case "cache_hits":
            return sum(row.cached for row in rows)
        case "cache_lookups":
            return lookups
        case "cache_hit_rate":
            return sum(row.cached for row in rows) / lookups if lookups else None
        case "users":
            return len({row.user_id for row in rows} - {""})
        case "sessions":
            return len({row.session_id for row in rows} - {""})
        case "wrong_semantic_hits":
            return sum(facts(row).get("cache.wrong", False) for row in rows)
        case "limit_refusals":
            return sum("rate.refused" in facts(row) for row in rows)
        case "retries":
            return sum(facts(row).get("retry.count", 0) for row in rows)
        case "fallbacks":
            return sum(facts(row).get("fallback.index", 0) > 0 for row in rows)
        case "request_bytes":
            return sum(row.request_size for row in rows)
        case "response_bytes":
            return sum(row.response_size for row in rows)
        case _:
            return known_sum([getattr(row, name) for row in rows])


def dimension(name: str, row: RequestRow, where: tzinfo) -> Any:
    """The value of a row; None where it is not set."""
    if name.startswith("property."):
        return row.properties.get(name.removeprefix("property.").lower()) or None
    match name:
        case "user":
            return row.user_id or None
        case "failed":
            return failed(row)
        case "status_class":
            return f"{row.status // 100}xx" if row.status else None
        case "hour_of_day":
            return local(row.start, where).hour
        case "weekday":
            return local(row.start, where).isoweekday()
        case _:
            value = getattr(row, name)
            return None if value == "" else value


def bucket_start(row: RequestRow, width: str, where: tzinfo) -> int:
    """When the bucket of a row begins, in microseconds, by the clock of the zone."""
    at = local(row.start, where)
    wall = at.replace(second=0, microsecond=0)
    midnight = wall.replace(hour=0, minute=0, fold=0)
    if width.endswith("mo"):
        months = int(width[:-2])
        wall = midnight.replace(month=(at.month - 1) // months * months + 1, day=1)
    elif width.endswith(("m", "h")):
        minutes = int(width[:-1]) * (60 if width.endswith("h") else 1)
        minute = (at.hour * 60 + at.minute) // minutes * minutes
        wall = midnight.replace(hour=minute // 60, minute=minute % 60, fold=at.fold if minutes <= 60 else 0)
    elif width == "1d":
        wall = midnight
    elif width == "1w":
        wall = midnight.replace(tzinfo=None) - timedelta(days=at.weekday())
    else:
        wall = midnight.replace(month=1, day=1)
    return (wall.replace(tzinfo=where) - EPOCH) // timedelta(microseconds=1)


def equal(found: Any, expected: Any, error: float = 0.0) -> bool:
    if found is None or expected is None or (isinstance(expected, int) and not error):
        return bool(found == expected)
    # Below a thousandth of a millisecond a sketch is 3 % off.
    return math.isclose(found, expected, rel_tol=error + 1e-9, abs_tol=2.1e-5 if error else 1e-12)


def count_by(rows: Rows, dimensions: Sequence[str], where: tzinfo) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(dimension(name, row, where) for name in dimensions) for row in rows)
