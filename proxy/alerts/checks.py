"""Checks a rule: that its metric, filter and groups are there, its window is possible, and its condition can hold and
end. An error names the field, what was found, and what would be right."""

import math
from typing import Final

from proxy.alerts.conditions import LEAST_WEEKS
from proxy.alerts.durations import DAY_US, MINUTE_US, duration_us
from proxy.alerts.metrics import INGEST_LAG, NO_TRAFFIC, AlertMetric, find_metric
from proxy.alerts.rule import Condition, Rule
from proxy.alerts.units import shown_value
from proxy.alerts.windows import MONTH, compared_windows, window_of_rule
from proxy.query import find_column, parse_filter, zone_of
from proxy.query.binding import Binder, Context
from proxy.query.dimensions import find_dimension
from proxy.query.errors import FilterError
from proxy.query.periods import Period
from proxy.query.tree import And, Leaf, Node, Not, Or

__all__ = ["check_rule"]

_MAX_GROUP_BY: Final = 4
_MAX_CHANNELS: Final = 50
_MAX_WEEKS: Final = 8
_TIMES: Final = ("hour_of_day", "weekday")
_NOW_US: Final = 1_800_000_000_000_000
"""Some moment: windows are measured at it."""


def check_rule(rule: Rule, max_window_days: int = 400) -> AlertMetric:
    """The rule's metric. Raises `FilterError` with the path to the fault."""
    _check_text("name", rule.name, 1, 120)
    if len(rule.description) > 4000:
        raise FilterError("description", f"{len(rule.description)} characters", "at most 4000")
    zone_of("zone", rule.zone)
    metric = find_metric("metric", rule.metric)
    _check_numbers(rule)
    _check_groups(rule)
    for leaf in _leaves(parse_filter(rule.filter)):
        if find_column("filter", leaf.column).kind == "time":
            raise FilterError("filter", leaf.column, "a filter without times: `window` says which calls are looked at")
    _check_window(rule, max_window_days)
    if rule.metric == NO_TRAFFIC:
        _check_no_traffic(rule)
    else:
        if rule.metric == INGEST_LAG:
            _check_ingest_lag(rule)
        _check_condition(rule, metric)
    return metric


def _check_text(path: str, text: str, least: int, most: int) -> None:
    if not least <= len(text.strip()) <= most or not text.isprintable():
        raise FilterError(path, text[:60], f"{least} to {most} printable characters")


def _check_numbers(rule: Rule) -> None:
    duration_us("for", rule.for_)
    duration_us("keep_firing_for", rule.keep_firing_for)
    update_us = duration_us("update_interval", rule.update_interval, MINUTE_US, 7 * DAY_US)
    if rule.repeat_interval:
        try:
            duration_us("repeat_interval", rule.repeat_interval, update_us)
        except FilterError as error:
            raise FilterError(error.parameter, error.found, f"empty (never), or {error.accepted}") from None
    if not 0 <= rule.min_samples <= 1_000_000_000:
        raise FilterError("min_samples", rule.min_samples, "0 to 1,000,000,000")
    if len(rule.channels) > _MAX_CHANNELS:
        raise FilterError("channels", f"{len(rule.channels)} channels", f"at most {_MAX_CHANNELS}")


def _check_groups(rule: Rule) -> None:
    if len(rule.group_by) > _MAX_GROUP_BY:
        raise FilterError("group_by", f"{len(rule.group_by)} dimensions", f"at most {_MAX_GROUP_BY}")
    for at, name in enumerate(rule.group_by):
        path = f"group_by[{at}]"
        if name in _TIMES:
            raise FilterError(path, name, "a dimension of the call, not of its time")
        if name in rule.group_by[:at]:
            raise FilterError(path, name, "each dimension once")
        find_dimension(path, name, Period(0, _NOW_US), Context("", 0, Binder()))
    for at, name in enumerate(rule.notify_by):
        if name not in rule.group_by or name in rule.notify_by[:at]:
            raise FilterError(f"notify_by[{at}]", name, "some of group_by, each once: " + ", ".join(rule.group_by))
    if rule.group_by and rule.on_no_data == "alerting":
        raise FilterError("on_no_data", "alerting", "show, notify or keep for a rule with group_by")


def _leaves(node: Node) -> list[Leaf]:
    match node:
        case And(nodes) | Or(nodes):
            return [leaf for each in nodes for leaf in _leaves(each)]
        case Not(inner):
            return _leaves(inner)
        case Leaf():
            return [node]


def _check_window(rule: Rule, max_window_days: int) -> None:
    condition = rule.condition
    try:
        window = window_of_rule(rule, _NOW_US)
    except FilterError as error:
        if error.parameter != "window":
            raise
        raise FilterError("window", rule.window, f"{error.accepted}; or `month`") from None
    if condition.kind == "change" and condition.against == "last_week" and rule.window == MONTH:
        raise FilterError("condition.against", "last_week", "previous for a window of a month")
    if condition.kind == "band":
        if rule.window == MONTH or window.until_us - window.since_us > 7 * DAY_US:
            raise FilterError("window", rule.window, "1m to 7d for a band: it is compared with earlier weeks")
        if not LEAST_WEEKS <= condition.weeks <= _MAX_WEEKS:
            raise FilterError("condition.weeks", condition.weeks, f"{LEAST_WEEKS} to {_MAX_WEEKS}")
    earliest = min(one.since_us for one in (window, *compared_windows(rule, window)))
    if _NOW_US - earliest > max_window_days * DAY_US:
        raise FilterError("window", rule.window, f"windows within the last {max_window_days} days")


def _check_no_traffic(rule: Rule) -> None:
    if rule.condition != Condition():
        raise FilterError("condition", rule.condition.kind, f"no condition for {NO_TRAFFIC}: it holds without calls")
    if rule.min_samples:
        raise FilterError("min_samples", rule.min_samples, f"0 for {NO_TRAFFIC}")
    if rule.window == MONTH or duration_us("window", rule.window) > DAY_US:
        raise FilterError("window", rule.window, f"1m to 1d for {NO_TRAFFIC}")


def _check_ingest_lag(rule: Rule) -> None:
    if rule.filter:
        raise FilterError("filter", rule.filter[:60], f"no filter for {INGEST_LAG}: it is one number of the whole log")
    if rule.group_by:
        raise FilterError("group_by", rule.group_by[0], f"no groups for {INGEST_LAG}")
    if rule.min_samples:
        raise FilterError("min_samples", rule.min_samples, f"0 for {INGEST_LAG}")
    if rule.condition.kind != "threshold":
        raise FilterError("condition.kind", rule.condition.kind, f"threshold for {INGEST_LAG}: it has no history")


def _check_condition(rule: Rule, metric: AlertMetric) -> None:
    condition = rule.condition
    for path, number in (("condition.value", condition.value), ("condition.resolve", condition.resolve)):
        if number is not None and not math.isfinite(number):
            raise FilterError(path, number, "a number")
    if condition.kind == "threshold":
        _check_threshold(rule, metric)
        return
    unit = "percent" if condition.kind == "change" else "standard deviations"
    most = 1_000_000.0 if condition.kind == "change" else 100.0
    if not 0 < condition.value <= most:
        raise FilterError("condition.value", condition.value, f"above 0, up to {most:,.0f}: {unit}")
    if condition.kind == "change" and condition.op == "below" and condition.value >= 100 and metric.low >= 0:
        raise FilterError("condition.value", condition.value, f"below 100: {metric.name} cannot fall by more")
    if condition.resolve is not None and not 0 <= condition.resolve <= condition.value:
        raise FilterError("condition.resolve", condition.resolve, f"0 to {condition.value:g}, the value it fires at")


def _check_threshold(rule: Rule, metric: AlertMetric) -> None:
    condition, low, high = rule.condition, metric.low, metric.high
    value, resolve = condition.value, condition.value if condition.resolve is None else condition.resolve
    if condition.op == "outside":
        raise FilterError("condition.op", "outside", "above or below for a threshold")
    said = f"{metric.name} is {shown_value(low, metric.unit)} at least" if math.isfinite(low) else metric.name
    if math.isfinite(high):
        said += f" and {shown_value(high, metric.unit)} at most" + (
            ", as a number 0 to 1" if high == 1 and not low else ""
        )
    if condition.op == "above":
        if value >= high:
            raise FilterError("condition.value", value, f"below {high:g}: {said}, so this can never hold")
        if value < low:
            raise FilterError("condition.value", value, f"{low:g} or more: {said}, so this would always hold")
        if not low <= resolve <= value:
            raise FilterError("condition.resolve", resolve, f"{low:g} to {value:g}: at or below the value it fires at")
        return
    if value <= low:
        raise FilterError("condition.value", value, f"above {low:g}: {said}, so this can never hold")
    if value > high:
        raise FilterError("condition.value", value, f"{high:g} or less: {said}, so this would always hold")
    if not value <= resolve <= high:
        raise FilterError("condition.resolve", resolve, f"{value:g} or more: at or above the value it fires at")
    if metric.measure == "calls" and value <= rule.min_samples:
        raise FilterError(
            "min_samples", rule.min_samples, f"less than {value:g}: fewer calls than that are what the rule waits for"
        )
