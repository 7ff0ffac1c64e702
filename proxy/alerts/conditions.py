"""Whether a condition holds for a value."""

import math
import statistics
from typing import Final

import msgspec

from proxy.alerts.metrics import NO_TRAFFIC, AlertMetric
from proxy.alerts.rule import Condition, Rule
from proxy.alerts.units import shown_value

__all__ = ["LEAST_WEEKS", "Reading", "Verdict", "judge", "limits"]

LEAST_WEEKS: Final = 3
"""A band needs so many weeks with a value."""
_LEAST_SPREAD: Final = 0.05
"""The standard deviation of a band is at least this share of its mean: values that never differ would make a band
without width."""


class Reading(msgspec.Struct, frozen=True):
    """What the log says of one group at one moment."""

    value: float | None
    """None: there is nothing to compute it from."""
    samples: int
    earlier: tuple[float | None, ...] = ()
    """The values in the windows that it is compared with."""
    known: bool = True
    """Whether the group had calls in the day before."""


class Verdict(msgspec.Struct, frozen=True):
    """What follows from a reading."""

    holds: bool | None
    """None: there is no value."""
    value: float | None
    threshold: str
    """The condition in words: `above $10`."""


def judge(rule: Rule, metric: AlertMetric, reading: Reading, firing: bool) -> Verdict:
    """Compare. A group that fires is compared with the value of hysteresis."""
    if rule.metric == NO_TRAFFIC:
        if reading.samples:
            return Verdict(False, 0.0, "no calls")
        return Verdict(True if firing or reading.known else None, 1.0, "no calls")
    value = reading.value if reading.value is not None or not metric.additive else 0.0
    low, high = limits(rule.condition, reading.earlier, firing)
    threshold = _words(metric, low, high)
    if value is None:
        return Verdict(None, None, threshold)
    if reading.samples < rule.min_samples:
        return Verdict(False, value, f"{threshold}, of at least {rule.min_samples} calls")
    return Verdict((low is not None and value < low) or (high is not None and value > high), value, threshold)


def limits(condition: Condition, earlier: tuple[float | None, ...], firing: bool) -> tuple[float | None, float | None]:
    """(below which, above which) a value is not as it should be; None: no value is."""
    size = condition.value if condition.resolve is None or not firing else condition.resolve
    if condition.kind == "threshold":
        low = high = size
    elif condition.kind == "change":
        base = earlier[0] if earlier else None
        if not base:  # a change from nothing has no size
            return None, None
        low, high = base - abs(base) * size / 100, base + abs(base) * size / 100
    else:
        known = [value for value in earlier if value is not None]
        if len(known) < LEAST_WEEKS or not any(known):  # as with a change: from nothing it has no size
            return None, None
        mean = statistics.fmean(known)
        spread = max(statistics.pstdev(known), _LEAST_SPREAD * abs(mean))
        low, high = mean - size * spread, mean + size * spread
    return (low if condition.op != "above" else None), (high if condition.op != "below" else None)


def _words(metric: AlertMetric, low: float | None, high: float | None) -> str:
    parts = [
        f"{word} {shown_value(bound, metric.unit)}"
        for word, bound in (("below", low), ("above", high))
        if bound is not None and math.isfinite(bound)
    ]
    return " or ".join(parts) or "nothing to compare with"
