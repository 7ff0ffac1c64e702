"""What is to be read of the log for rules. Rules that agree in filter, groups and window share one read, whatever they
measure."""

from collections.abc import Mapping, Sequence

import msgspec

from proxy.alerts.conditions import Reading
from proxy.alerts.metrics import AlertMetric
from proxy.alerts.rule import Rule
from proxy.alerts.states import GroupKey
from proxy.alerts.windows import compared_windows, known_window, needs_known, window_of_rule
from proxy.query.periods import Period

__all__ = ["Answer", "Read", "Wanted", "readings_of", "reads_of", "want"]

Group = tuple[str, ...]


class Read(msgspec.Struct, frozen=True):
    """Measures of the groups of the calls of one organisation that match a filter in one window."""

    org: str
    filter: str
    group_by: tuple[str, ...]
    zone: str
    since_us: int
    until_us: int


class Wanted(msgspec.Struct):
    """What rules want of a read."""

    measures: dict[str, None]
    """In the order of first use."""
    bounds: list[tuple[str, str, float]] | None
    """Measure, `above` or `below`, value: one of them holds for each group that is wanted. None: all groups are."""
    keys: set[Group]
    """Groups that are wanted anyway."""


class Answer(msgspec.Struct):
    """The measures of each group, `calls` among them."""

    groups: dict[Group, dict[str, float | None]]
    complete: bool = True
    """Whether all groups that were wanted are in it."""


def reads_of(rule: Rule, org: str, at_us: int) -> list[Read]:
    """The reads for an evaluation at `at_us`: of the window, of those that it is compared with, and where it matters
    of the day before."""
    window = window_of_rule(rule, at_us)
    periods = [window, *compared_windows(rule, window)]
    if needs_known(rule):
        periods.append(known_window(window))
    return [_read(rule, org, period) for period in periods]


def _read(rule: Rule, org: str, period: Period) -> Read:
    return Read(org, rule.filter, tuple(rule.group_by), rule.zone, period.since_us, period.until_us)


def want(
    wanted: dict[Read, Wanted], rule: Rule, metric: AlertMetric, reads: Sequence[Read], tracked: Sequence[GroupKey]
) -> None:
    """Add what a rule wants of its reads."""
    condition = rule.condition
    sizes = [condition.value] if condition.resolve is None else [condition.value, condition.resolve]
    bounded = condition.kind == "threshold" and not needs_known(rule)
    for read in reads:
        one = wanted.setdefault(read, Wanted({}, [], set()))
        one.measures |= {metric.measure: None, metric.samples: None}
        if one.bounds is None or not bounded:
            one.bounds = None
            continue
        size = min(sizes) if condition.op == "above" else max(sizes)
        one.bounds.append((metric.measure, condition.op, size))
        one.keys |= {key for key in tracked if key is not None}


def readings_of(
    rule: Rule, metric: AlertMetric, answers: Sequence[Answer], tracked: Sequence[GroupKey]
) -> dict[Group, Reading]:
    """The readings of a rule from the answers to `reads_of`, in the same order."""
    window, rest = answers[0], list(answers[1:])
    known = rest.pop() if needs_known(rule) else None
    keys: dict[Group, None] = dict.fromkeys(window.groups)
    if not rule.group_by:
        keys[()] = None
    for answer in (*rest, *((known,) if known is not None else ())):
        if window.complete:  # else it may be missing for want of room
            keys |= dict.fromkeys(answer.groups)
    if known is not None:
        keys |= {key: None for key in tracked if key is not None}
    found: dict[Group, Reading] = {}
    for key in keys:
        figures = window.groups.get(key, {})
        found[key] = Reading(
            value=_value(figures, metric),
            samples=int(figures.get(metric.samples) or 0),
            earlier=tuple(_value(answer.groups.get(key, {}), metric) for answer in rest),
            known=known is None or key in known.groups,
        )
    return found


def _value(figures: Mapping[str, float | None], metric: AlertMetric) -> float | None:
    value = figures.get(metric.measure)
    return 0.0 if value is None and metric.additive else value
