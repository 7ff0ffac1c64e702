"""The period and the buckets of a question of Helicone's API about figures of calls."""

from typing import Any, Final, Literal

import msgspec
from litestar import Request

from proxy.control.api.helicone.filters import parse_tree
from proxy.control.auth import caller_of
from proxy.control.metrics_reader import MetricsReader
from proxy.control.plane import ControlPlane
from proxy.core.clock import now_us
from proxy.query import And, FilterError, Node, to_json
from proxy.query.metrics import MetricsQuestion, Top
from proxy.query.series import MetricsAnswer

__all__ = ["Increment", "TimeFilter", "ask_metrics", "bucket_of"]

Increment = Literal["min", "hour", "day", "week", "month", "year"]
_WIDTHS: Final = {"min": "1m", "hour": "1h", "day": "1d", "week": "1w", "month": "1mo", "year": "1y"}
_DAY_MINUTES: Final = 24 * 60


class TimeFilter(msgspec.Struct, forbid_unknown_fields=True):
    """ISO times, or days."""

    start: str
    end: str


def bucket_of(increment: Increment) -> str:
    """The width of buckets."""
    return _WIDTHS[increment]


def ask_metrics(
    request: Request[Any, Any, Any],
    measures: list[str],
    tree: Any,
    time: TimeFilter,
    *,
    dimensions: list[str] | None = None,
    bucket: str | None = None,
    minutes_west: float = 0,
    top: Top | None = None,
    limit: int = 100,
    more: tuple[Node, ...] = (),
    path: str = "filter",
) -> MetricsAnswer:
    """Figures of the calls that match a tree and `more`. `minutes_west` is JavaScript's `getTimezoneOffset()`. Raises
    `FilterError` or `StoreError`."""
    plane: ControlPlane = request.app.state.plane
    question = MetricsQuestion(
        measures=measures,
        dimensions=dimensions or [],
        filter=to_json(And((parse_tree(tree, path), *more))),
        since=time.start,
        until=time.end,
        zone=_zone(minutes_west),
        bucket=bucket,
        top=top,
        limit=limit,
    )
    return MetricsReader(plane.log.store, plane.settings).answer(caller_of(request).org, question, now_us())


def _zone(minutes_west: float) -> str:
    if minutes_west != int(minutes_west) or abs(minutes_west) >= _DAY_MINUTES:
        raise FilterError("timeZoneDifference", minutes_west, "whole minutes, less than a day")
    hours, minutes = divmod(abs(int(minutes_west)), 60)
    return f"{'-' if minutes_west > 0 else '+'}{hours:02}:{minutes:02}"
