"""What rules can watch: every measure of the log, that there is no traffic, and how far the log is behind.

`wrong_semantic_hits` is 0 as long as there is no semantic cache that could count one.
"""

import difflib
import math
from typing import Final

import msgspec

from proxy.query.binding import Binder, Context
from proxy.query.errors import FilterError
from proxy.query.measures import MEASURE_FAMILIES, Kind, find_measure, measure_help

__all__ = ["INGEST_LAG", "NO_TRAFFIC", "AlertMetric", "find_metric", "metric_list"]

NO_TRAFFIC: Final = "no_traffic"
INGEST_LAG: Final = "ingest_lag"


class AlertMetric(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that a rule compares."""

    name: str
    unit: str
    help: str
    measure: str
    """The measure that it is read as; empty: it is not read from the log."""
    samples: str = "calls"
    """The measure that says of how many calls it is."""
    low: float = 0.0
    """The lowest value that it can have."""
    high: float = math.inf
    additive: bool = False
    """Whether it is 0 where there is no call."""


_OWN: Final = {
    NO_TRAFFIC: AlertMetric(
        name=NO_TRAFFIC, unit="", high=1.0, measure="calls", additive=True,
        help="1 where the window has no call, though there were some in the day before it; takes no condition",
    ),
    INGEST_LAG: AlertMetric(
        name=INGEST_LAG, unit="s", measure="", samples="",
        help="seconds that the log is behind the calls; of the installation, without filter and groups",
    ),
}  # fmt: skip
_SAMPLES: Final = {"cache_hit_rate": "cache_lookups", "feedback_rate": "feedback", "avg_rating": "feedback"}
_SAMPLES_OF_FAMILY: Final = ("score", "score_rate", "score_min", "score_max")


def metric_list() -> list[tuple[str, str, str]]:
    """Name, unit and help of all metrics; families as `<prefix>.<name>`."""
    own = [(one.name, one.unit, one.help) for one in _OWN.values()]
    return own + [(name, unit, help) for name, _, unit, help in measure_help()]


def find_metric(path: str, name: str) -> AlertMetric:
    """The metric of a name. Raises `FilterError`."""
    if name in _OWN:
        return _OWN[name]
    try:
        measure = find_measure(path, name, Context("", 0, Binder()))
    except FilterError:
        names = [one for one, *_ in metric_list()]
        near = difflib.get_close_matches(name, names, 3, 0.5)
        hint = f" (perhaps {', '.join(near)})" if near else ""
        raise FilterError(path, name, f"a metric: {', '.join(names)}{hint}") from None
    prefix, dot, rest = name.partition(".")
    samples = _SAMPLES.get(name, "calls")
    if dot and prefix in _SAMPLES_OF_FAMILY:
        samples = f"score_count.{rest}"
    low, high = _range(measure.kind, measure.unit)
    help = MEASURE_FAMILIES[prefix][2] if dot and prefix in MEASURE_FAMILIES else measure.help
    return AlertMetric(
        name=name, unit=measure.unit, help=help, measure=name, samples=samples, low=low, high=high,
        additive=measure.additive or measure.kind == "distinct",
    )  # fmt: skip


def _range(kind: Kind, unit: str) -> tuple[float, float]:
    if kind == "ratio":
        return 0.0, 1.0
    if unit == "rating":
        return -1.0, 1.0
    return (-math.inf, math.inf) if unit == "score" else (0.0, math.inf)
