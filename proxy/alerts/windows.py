"""Which calls a rule looks at: the window that ends at a moment, and the earlier ones that it is compared with."""

from datetime import timedelta
from typing import Final

from proxy.alerts.durations import DAY_US, MINUTE_US, duration_us
from proxy.alerts.metrics import NO_TRAFFIC, find_metric
from proxy.alerts.rule import Rule
from proxy.query.periods import Period, period_before
from proxy.query.times import zone_of

__all__ = ["MONTH", "compared_windows", "known_window", "needs_known", "window_of_rule"]

MONTH: Final = "month"


def window_of_rule(rule: Rule, end_us: int) -> Period:
    """The window that ends at `end_us`. Raises `FilterError`."""
    zone = zone_of("zone", rule.zone)
    if rule.window != MONTH:
        length = duration_us("window", rule.window, MINUTE_US, 31 * DAY_US)
        return Period(max(0, end_us - length), end_us, zone)
    period = Period(0, end_us, zone)
    # The moment before: at midnight of the first, the month that ends is looked at.
    first = period.wall(end_us - 1).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Period(period.instant(first), end_us, zone)


def compared_windows(rule: Rule, window: Period) -> list[Period]:
    """The earlier windows, latest first; none for a threshold."""
    condition = rule.condition
    if condition.kind == "change":
        if condition.against == "last_week":
            return [period_before("condition.against", window, "7d")]
        if rule.window == MONTH:
            return [_month_before(window)]
        length = window.until_us - window.since_us
        return [Period(window.since_us - length, window.since_us, window.zone)]
    if condition.kind == "band":
        return [period_before("condition.weeks", window, f"{7 * week}d") for week in range(1, condition.weeks + 1)]
    return []


def _month_before(window: Period) -> Period:
    """The same part of the month before, or all of it where that is shorter."""
    first = window.wall(window.since_us)
    since = period_before("condition.against", window, "1mo").since_us
    until = window.instant((first - timedelta(days=1)).replace(day=1) + (window.wall(window.until_us) - first))
    return Period(since, min(until, window.since_us), window.zone)


def needs_known(rule: Rule) -> bool:
    """Whether groups without a call in the window matter: then those of the day before are looked up."""
    if rule.metric == NO_TRAFFIC:
        return True
    falls = rule.condition.kind == "threshold" and rule.condition.op == "below"
    return falls and bool(rule.group_by) and find_metric("metric", rule.metric).additive


def known_window(window: Period) -> Period:
    """The day before a window."""
    return Period(max(0, window.since_us - DAY_US), window.since_us, window.zone)
