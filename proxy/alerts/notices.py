"""Which notifications are due: one for each rule and value of `notify_by`, at most.

An open notice is what people were told last: it is opened by the first group that fires, updated when others begin to
fire, repeated until it is acknowledged, and closed when the last group is over.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from proxy.alerts.durations import MINUTE_US, duration_us
from proxy.alerts.rule import Rule
from proxy.alerts.states import FIRING, WHOLE, GroupKey, GroupState

__all__ = ["ERROR_PATIENCE_US", "Notice", "NoticeKey", "Told", "group_id", "labels_of", "notice_key", "notices"]

NoticeKey = GroupKey
"""The values of `notify_by`; None is the rule as a whole."""
Why = Literal["opened", "updated", "repeated", "closed"]

ERROR_PATIENCE_US: Final = 2 * MINUTE_US
"""An error is told once it has lasted so long: three evaluations, as Grafana tries three times."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What people were told of a notice that is open."""

    told: list[str]
    """`group_id` of the groups that were told to be firing."""
    opened_us: int
    sent_us: int
    acknowledged_us: int = 0
    acknowledged_by: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that is to be sent."""

    key: NoticeKey
    why: Why
    firing: list[GroupKey]
    """Groups that fire, and are not silenced."""
    over: list[str]
    """`group_id` of those that were told to fire and no longer do."""
    notice: Notice | None
    """What is open from now on; None where it is closed."""


def group_id(key: GroupKey) -> str:
    """A short name for a group, of 32 hexadecimal digits."""
    return blake2b(msgspec.json.encode(key), digest_size=16).hexdigest()


def labels_of(rule: Rule, key: GroupKey) -> dict[str, str]:
    """The labels of a group."""
    return {} if key is WHOLE else dict(zip(rule.group_by, key, strict=True))


def notice_key(rule: Rule, key: GroupKey) -> NoticeKey:
    """Which notice a group belongs to."""
    if key is WHOLE:
        return WHOLE if rule.group_by else ()
    labels = labels_of(rule, key)
    return tuple(labels[name] for name in rule.notify_by)


def notices(
    rule: Rule,
    groups: Mapping[GroupKey, GroupState],
    before: Mapping[NoticeKey, Notice],
    is_silenced: Callable[[GroupKey], bool],
    at_us: int,
) -> list[Told]:
    """What is to be sent after an evaluation at `at_us`."""
    told: list[Told] = []
    firing: dict[NoticeKey, list[GroupKey]] = {}
    for key, group in groups.items():
        if _is_told(rule, key, group, at_us):
            firing.setdefault(notice_key(rule, key), []).append(key)
    update_us = duration_us("update_interval", rule.update_interval)
    repeat_us = duration_us("repeat_interval", rule.repeat_interval) if rule.repeat_interval else 0
    for key in {**before, **firing}:
        fire = firing.get(key, [])
        loud = [each for each in fire if not is_silenced(each)]
        open_ = before.get(key)
        if open_ is None:
            if loud:
                told.append(_send(key, "opened", loud, [], Notice(told=[], opened_us=at_us, sent_us=at_us), at_us))
            continue
        if not fire:
            told.append(Told(key=key, why="closed", firing=[], over=open_.told, notice=None))
            continue
        if not loud:
            continue  # all of them are silenced: what is open stays open
        ids = {group_id(each) for each in fire}
        over = [id for id in open_.told if id not in ids]
        is_new = any(group_id(each) not in open_.told for each in loud)
        waited_us = at_us - open_.sent_us
        if is_new and not 0 <= waited_us < update_us:
            told.append(_send(key, "updated", loud, over, open_, at_us))
        elif repeat_us and not open_.acknowledged_us and not 0 <= waited_us < repeat_us:
            told.append(_send(key, "repeated", loud, over, open_, at_us))
    return told


def _send(key: NoticeKey, why: Why, loud: list[GroupKey], over: list[str], notice: Notice, at_us: int) -> Told:
    after = msgspec.structs.replace(notice, told=[group_id(each) for each in loud], sent_us=at_us)
    return Told(key=key, why=why, firing=loud, over=over, notice=after)


def _is_told(rule: Rule, key: GroupKey, group: GroupState, at_us: int) -> bool:
    if key is not WHOLE:
        return group.state in FIRING
    if group.state == "error":
        return rule.on_error == "notify" and at_us - group.since_us >= ERROR_PATIENCE_US
    return rule.on_no_data == "notify" and at_us - group.since_us >= duration_us("for", rule.for_)
