"""The states of a rule's groups, as Grafana has them, and how they follow each other.

    Normal --holds--> Pending --for--> Alerting --holds no more--> Recovering --keep_firing_for--> Normal
       ^_____holds no more___|            ^_____________holds again______|

No Data and Error are states of the rule beside those of its groups: a rule that cannot be evaluated says nothing of
them. Times are moments of the grid, so that a restart or a late evaluation changes nothing.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from proxy.alerts.conditions import Reading, Verdict, judge
from proxy.alerts.durations import duration_us
from proxy.alerts.metrics import AlertMetric
from proxy.alerts.rule import Rule

__all__ = [
    "FIRING",
    "MAX_TRACKED",
    "WHOLE",
    "Failure",
    "GroupKey",
    "GroupState",
    "Outcome",
    "State",
    "Transition",
    "step",
]

State = Literal["normal", "pending", "alerting", "recovering", "no_data", "error"]
GroupKey = tuple[str, ...] | None
"""The texts of a group's dimensions, `()` without any; None is the rule as a whole: No Data and Error."""
WHOLE: Final = None
FIRING: Final[tuple[State, ...]] = ("alerting", "recovering")
MAX_TRACKED: Final = 10_000
"""Groups of one rule that are not normal. Those that came first stay."""


class GroupState(msgspec.Struct, frozen=True, kw_only=True):
    """A group that is not normal."""

    state: State
    since_us: int
    """Since when it has been in this state."""
    active_us: int = 0
    """Since when it has fired; 0 where it does not."""
    value: float | None = None
    threshold: str = ""


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a group's state."""

    key: GroupKey
    before: State
    after: State
    value: float | None
    text: str
    """The condition in words, or why the rule has no value."""


class Failure(msgspec.Struct, frozen=True):
    """Why the readings could not be had."""

    reason: str


class Outcome(msgspec.Struct, frozen=True):
    """What one evaluation of a rule leads to."""

    groups: dict[GroupKey, GroupState]
    transitions: list[Transition]
    value: float | None = None
    """Of a rule without groups: its value."""
    left_out: int = 0
    """Groups that would not be normal, but are more than can be tracked."""


def step(
    rule: Rule,
    metric: AlertMetric,
    before: Mapping[GroupKey, GroupState],
    readings: Mapping[tuple[str, ...], Reading] | Failure,
    at_us: int,
) -> Outcome:
    """The states after an evaluation at `at_us`. `readings` has every group that may not be normal; a group that is
    missing has no call."""
    before = {key: _not_later(state, at_us) for key, state in before.items()}
    groups: dict[GroupKey, GroupState] = {}
    transitions: list[Transition] = []
    if isinstance(readings, Failure):
        groups = {key: state for key, state in before.items() if key is not WHOLE}
        _move(groups, transitions, WHOLE, before.get(WHOLE), "error", Verdict(None, None, readings.reason), at_us)
        return Outcome(groups, transitions)
    value: float | None = None
    empty = not readings if rule.group_by and not metric.additive else False
    keys: list[tuple[str, ...]] = [key for key in before if key is not WHOLE]
    keys += [key for key in (readings or ({} if rule.group_by else {(): _ABSENT})) if key not in before]
    left_out = 0
    for key in keys:
        current = before.get(key)
        firing = current is not None and current.state in FIRING
        reading = readings.get(key, _ABSENT)
        verdict = judge(rule, metric, reading, firing)
        if not rule.group_by:
            value = verdict.value
            empty = verdict.holds is None
        holds = verdict.holds
        if holds is None:
            if rule.on_no_data == "keep" and current is not None:
                groups[key] = current
                continue
            holds = rule.on_no_data == "alerting" and not rule.group_by
        after = _next(rule, current, holds, at_us)
        if after != "normal" and current is None and len(groups) >= MAX_TRACKED:
            left_out += 1
            continue
        _move(groups, transitions, key, current, after, verdict, at_us)
    nothing = Verdict(None, None, "no calls to compute it from")
    health: State = "no_data" if empty and rule.on_no_data != "alerting" else "normal"
    _move(groups, transitions, WHOLE, before.get(WHOLE), health, nothing, at_us)
    return Outcome(groups, transitions, value, left_out)


_ABSENT: Final = Reading(None, 0)


def _next(rule: Rule, current: GroupState | None, holds: bool, at_us: int) -> State:
    state = "normal" if current is None else current.state
    since_us = at_us if current is None else current.since_us
    if state in FIRING:
        if holds:
            return "alerting"
        keep_us = duration_us("keep_firing_for", rule.keep_firing_for)
        if state == "alerting":
            return "recovering" if keep_us else "normal"
        return "normal" if at_us - since_us >= keep_us else "recovering"
    if not holds:
        return "normal"
    wait_us = duration_us("for", rule.for_)
    return "alerting" if at_us - since_us >= wait_us else "pending"


def _move(
    groups: dict[GroupKey, GroupState],
    transitions: list[Transition],
    key: GroupKey,
    current: GroupState | None,
    after: State,
    verdict: Verdict,
    at_us: int,
) -> None:
    """Note the state that a group is in now, and the change where it is one."""
    was: State = "normal" if current is None else current.state
    if was != after:
        transitions.append(Transition(key=key, before=was, after=after, value=verdict.value, text=verdict.threshold))
    if after == "normal":
        return
    since_us = current.since_us if current is not None and was == after else at_us
    active_us = 0
    if after in FIRING:
        active_us = current.active_us if current is not None and current.active_us else at_us
    groups[key] = GroupState(
        state=after, since_us=since_us, active_us=active_us, value=verdict.value, threshold=verdict.threshold
    )


def _not_later(state: GroupState, at_us: int) -> GroupState:
    """The clock went back: what lies ahead of it is now."""
    if state.since_us <= at_us and state.active_us <= at_us:
        return state
    since_us, active_us = min(state.since_us, at_us), min(state.active_us, at_us)
    return msgspec.structs.replace(state, since_us=since_us, active_us=active_us)
