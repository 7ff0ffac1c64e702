"""What a rule would have done: its values over the log of the past, and when it would have fired."""

import time
from datetime import UTC, datetime
from typing import Final

import msgspec

from proxy.alerts.checks import check_rule
from proxy.alerts.conditions import judge, limits
from proxy.alerts.durations import MINUTE_US, shown_duration
from proxy.alerts.metrics import INGEST_LAG
from proxy.alerts.notices import labels_of
from proxy.alerts.reads import Answer, Read, readings_of, reads_of
from proxy.alerts.rule import Rule
from proxy.alerts.states import FIRING, WHOLE, GroupKey, GroupState, step
from proxy.alerts.windows import MONTH, window_of_rule
from proxy.control.alert_reader import AlertReader
from proxy.query.errors import FilterError
from proxy.query.metrics import Caps, period_of

__all__ = ["Preview", "PreviewQuestion", "preview"]

_STEPS: Final = tuple(minutes * MINUTE_US for minutes in (1, 2, 5, 10, 15, 30, 60))
_USUAL_POINTS: Final = 500
_MAX_POINTS: Final = 3_000
_MAX_GROUPS: Final = 20
_MAX_FIRINGS: Final = 1_000


class PreviewQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule, stored or not, and a time."""

    rule: Rule
    since: str = "1d"
    """A time, a day, or an age."""
    until: str = "now"


class PreviewSeries(msgspec.Struct, kw_only=True):
    """The values of one group at `Preview.points`."""

    labels: dict[str, str]
    values: list[float | None]
    below: list[float | None]
    """The threshold below which a value is not as it should be; null: there is none."""
    above: list[float | None]


class Firing(msgspec.Struct, kw_only=True):
    """Once that a group would have fired."""

    labels: dict[str, str]
    since: str
    until: str | None
    """null: it still fires at the end."""
    value: float | None
    threshold: str


class Preview(msgspec.Struct, kw_only=True):
    """What the rule would have done."""

    since: str
    until: str
    step: str
    """The distance of the points: a rule is evaluated each minute, a preview of a long time less often."""
    unit: str
    points: list[str]
    """Ends of windows."""
    series: list[PreviewSeries]
    fired: int
    """How often a group would have begun to fire."""
    firings: list[Firing]
    """These times, oldest first; at most 1,000."""
    groups: int
    """How many groups there are; those with most calls are looked at."""
    groups_left_out: int
    ms: float


def preview(reader: AlertReader, org: str, question: PreviewQuestion, now_us: int) -> Preview:
    """Raises `FilterError` with the path to what is wrong, or `StoreError`."""
    began = time.perf_counter()
    rule = question.rule
    try:
        metric = check_rule(rule)
    except FilterError as error:
        raise FilterError(f"rule.{error.parameter}", error.found, error.accepted) from None
    if rule.metric == INGEST_LAG:
        raise FilterError("rule.metric", rule.metric, "a metric of calls: this one has no history to look at")
    period = period_of(question.since, question.until, "UTC", now_us, Caps())
    step_us = _step(rule, period.since_us, period.until_us)
    first = -(-period.since_us // step_us) * step_us
    ends = list(range(first, period.until_us + 1, step_us))
    windows = [reads_of(rule, org, end) for end in ends]
    keys, groups = reader.top_groups(_span([one[0] for one in windows], step_us), _MAX_GROUPS)
    measures = [name for name in dict.fromkeys((metric.measure, metric.samples)) if name]
    by_role: list[list[Answer]] = []
    for role in range(len(windows[0])):
        reads = [one[role] for one in windows]
        bounds = [(_floor(read.since_us, step_us), _floor(read.until_us, step_us)) for read in reads]
        by_role.append(reader.sliding(_span(reads, step_us), measures, keys, step_us, _rising(bounds)))
    series = {key: PreviewSeries(labels=labels_of(rule, key), values=[], below=[], above=[]) for key in keys}
    states: dict[GroupKey, GroupState] = {}
    firings: list[Firing] = []
    open_: dict[GroupKey, Firing] = {}
    fired = 0
    for at, end in enumerate(ends):
        readings = readings_of(rule, metric, [answers[at] for answers in by_role], list(states))
        for key, one in series.items():
            reading = readings.get(key)
            judged = None if reading is None else judge(rule, metric, reading, False)
            one.values.append(None if judged is None else judged.value)
            low, high = limits(rule.condition, () if reading is None else reading.earlier, False)
            one.below.append(low)
            one.above.append(high)
        outcome = step(rule, metric, states, readings, end)
        states = outcome.groups
        for change in outcome.transitions:
            if change.key is WHOLE:
                continue
            if change.after == "alerting" and change.before not in FIRING:
                fired += 1
                open_[change.key] = Firing(
                    labels=labels_of(rule, change.key), since=_iso(end), until=None, value=change.value,
                    threshold=change.text,
                )  # fmt: skip
                if len(firings) < _MAX_FIRINGS:
                    firings.append(open_[change.key])
            elif change.after not in FIRING and change.key in open_:
                open_.pop(change.key).until = _iso(end)
    return Preview(
        since=_iso(period.since_us),
        until=_iso(period.until_us),
        step=shown_duration(step_us),
        unit=metric.unit,
        points=[_iso(end) for end in ends],
        series=list(series.values()),
        fired=fired,
        firings=firings,
        groups=groups,
        groups_left_out=max(0, groups - len(keys)),
        ms=round((time.perf_counter() - began) * 1000, 1),
    )


def _step(rule: Rule, since_us: int, until_us: int) -> int:
    """The distance of points: a part of the window, so that each call is in one."""
    window = window_of_rule(rule, until_us)
    length = 60 * MINUTE_US if rule.window == MONTH else window.until_us - window.since_us
    fitting = [step for step in _STEPS if step <= length and length % step == 0]
    usual = next((step for step in fitting if (until_us - since_us) // step <= _USUAL_POINTS), fitting[-1])
    if (until_us - since_us) // usual > _MAX_POINTS:
        most = shown_duration(_floor(usual * _MAX_POINTS, 60 * MINUTE_US))
        raise FilterError("since", _iso(since_us), f"at most {most} before `until` for a window of {rule.window}")
    return usual


def _span(reads: list[Read], step_us: int) -> Read:
    """All calls that the reads are of."""
    since_us = _floor(min(read.since_us for read in reads), step_us)
    until_us = max(since_us + step_us, *(_floor(read.until_us, step_us) for read in reads))
    return msgspec.structs.replace(reads[0], since_us=since_us, until_us=until_us)


def _rising(bounds: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """With none earlier than the one before: where clocks go back, a window of last week may be."""
    for at in range(1, len(bounds)):
        bounds[at] = (max(bounds[at][0], bounds[at - 1][0]), max(bounds[at][1], bounds[at - 1][1]))
    return bounds


def _floor(at_us: int, step_us: int) -> int:
    return at_us // step_us * step_us


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat().replace("+00:00", "Z")
