"""Stores what came of evaluations: states, history, and notifications in the outbox, in one transaction."""

import logging
from typing import Final

import msgspec

from proxy.alerts.messages import Sender, message
from proxy.alerts.metrics import AlertMetric
from proxy.alerts.notices import Notice, NoticeKey, Told, group_id, labels_of, notices
from proxy.alerts.rule import Rule
from proxy.alerts.silences import Matcher, matches
from proxy.alerts.states import FIRING, WHOLE, GroupKey, GroupState, Outcome, Transition
from proxy.metadata import alert_rules, alert_states, outbox, silences
from proxy.metadata.alert_rules import StoredRule
from proxy.metadata.alert_states import StoredGroup, StoredNotice
from proxy.metadata.db import Connection

__all__ = ["Evaluated", "close_notices", "notice_of", "sender_of", "store_results"]

_MAX_CHANGES: Final = 500
"""Lines of history that one evaluation of one rule adds at most."""
_WORST: Final = ("error", "alerting", "no_data", "recovering", "pending")

_log = logging.getLogger(__name__)


class Evaluated(msgspec.Struct, frozen=True):
    """One rule that was evaluated, and what came of it."""

    stored: StoredRule
    rule: Rule
    metric: AlertMetric
    before: dict[GroupKey, GroupState]
    outcome: Outcome
    problem: str


def store_results(rows: Connection, done: list[Evaluated], at_us: int, now_us: int, base_url: str) -> None:
    """Store them. A rule that somebody else evaluated or changed meanwhile is left as it is."""
    muted: dict[str, list[list[Matcher]]] = {}
    for silence in silences.active(rows, now_us):
        muted.setdefault(silence.org_id, []).append(msgspec.json.decode(silence.matchers, type=list[Matcher]))
    open_notices: dict[str, list[StoredNotice]] = {}
    for notice in alert_states.notices_of(rows, [one.stored.id for one in done]):
        open_notices.setdefault(notice.rule_id, []).append(notice)
    for one in done:
        groups = one.outcome.groups
        state = next((each for each in _WORST if any(group.state == each for group in groups.values())), "normal")
        firing = sum(group.state in FIRING for group in groups.values())
        if not alert_rules.evaluated(rows, one.stored, at_us, state, one.outcome.value, firing, one.problem):
            continue
        _store_groups(rows, one)
        changes = [_change(one.rule, transition) for transition in one.outcome.transitions[:_MAX_CHANGES]]
        alert_states.add_history(rows, one.stored.org_id, one.stored.id, at_us, "state", changes)
        there = open_notices.get(one.stored.id, [])
        if groups or there:
            _tell(rows, one, there, muted.get(one.stored.org_id, []), at_us, now_us, base_url)


def sender_of(stored: StoredRule, base_url: str) -> Sender:
    """Who sends the notifications of a rule."""
    return Sender(stored.org_id, stored.org_name, stored.id, base_url)


def notice_of(stored: StoredNotice) -> tuple[NoticeKey, Notice]:
    """A stored notice, and which it is."""
    key = msgspec.json.decode(stored.key, type=tuple[str, ...] | None)
    return key, Notice(
        told=msgspec.json.decode(stored.told, type=list[str]),
        opened_us=stored.opened_us,
        sent_us=stored.sent_us,
        acknowledged_us=stored.acknowledged_us,
        acknowledged_by=stored.acknowledged_by,
    )


def close_notices(
    rows: Connection, stored: StoredRule, rule: Rule, metric: AlertMetric, now_us: int, base_url: str
) -> None:
    """Tell that the alerts of a rule are over which is switched off, deleted or changed, and forget them."""
    for notice in alert_states.notices_of(rows, [stored.id]):
        key, open_ = notice_of(notice)
        told = Told(key=key, why="closed", firing=[], over=open_.told, notice=None)
        _put(rows, stored, rule, metric, told, {}, {}, now_us, now_us, base_url)
        alert_states.remove_notice(rows, stored.id, notice.id)


def _store_groups(rows: Connection, one: Evaluated) -> None:
    gone = [group_id(key) for key in one.before if key not in one.outcome.groups]
    alert_states.remove_groups(rows, one.stored.id, gone)
    changed = [
        StoredGroup(
            rule_id=one.stored.id, id=group_id(key), org_id=one.stored.org_id, key=msgspec.json.encode(key).decode(),
            **msgspec.structs.asdict(group),
        )
        for key, group in one.outcome.groups.items()
        if one.before.get(key) != group
    ]  # fmt: skip
    alert_states.put_groups(rows, changed)


def _tell(
    rows: Connection,
    one: Evaluated,
    there: list[StoredNotice],
    muted: list[list[Matcher]],
    at_us: int,
    now_us: int,
    base_url: str,
) -> None:
    def is_silenced(key: GroupKey) -> bool:
        labels = labels_of(one.rule, key) | {
            "rule": one.stored.id, "rule_name": one.rule.name, "severity": one.rule.severity, "metric": one.rule.metric,
        }  # fmt: skip
        return any(matches(matchers, labels) for matchers in muted)

    before = dict(map(notice_of, there))
    ended = {**one.before, **{each.key: _ended(each, one.before) for each in one.outcome.transitions}}
    for told in notices(one.rule, one.outcome.groups, before, is_silenced, at_us):
        id = group_id(told.key)
        if told.notice is None:
            alert_states.remove_notice(rows, one.stored.id, id)
        else:
            stored = StoredNotice(
                rule_id=one.stored.id, id=id, org_id=one.stored.org_id, key=msgspec.json.encode(told.key).decode(),
                **{**msgspec.structs.asdict(told.notice), "told": msgspec.json.encode(told.notice.told).decode()},
            )  # fmt: skip
            alert_states.put_notice(rows, stored)
        _put(rows, one.stored, one.rule, one.metric, told, one.outcome.groups, ended, at_us, now_us, base_url)


def _put(
    rows: Connection,
    stored: StoredRule,
    rule: Rule,
    metric: AlertMetric,
    told: Told,
    groups: dict[GroupKey, GroupState],
    before: dict[GroupKey, GroupState],
    at_us: int,
    now_us: int,
    base_url: str,
) -> None:
    sent = message(rule, metric, sender_of(stored, base_url), told, groups, before, at_us, now_us)
    channels = outbox.put(rows, sent, rule.channels or alert_rules.channel_ids(rows, stored.org_id))
    text = sent.title if channels else f"{sent.title}; there is no channel to send it to"
    labels = {} if told.key is WHOLE else dict(zip(rule.notify_by, told.key, strict=False))
    change = (msgspec.json.encode(labels).decode(), "", sent.state, None, text)
    alert_states.add_history(rows, stored.org_id, stored.id, at_us, "sent", [change])
    _log.info("alert rule %s of %s: %s", stored.id, stored.org_id, told.why)


def _ended(transition: Transition, before: dict[GroupKey, GroupState]) -> GroupState:
    """What a group was that is over, with the value that ended it."""
    was = before.get(transition.key)
    active_us = 0 if was is None else was.active_us or was.since_us
    return GroupState(
        state=transition.before, since_us=active_us, active_us=active_us, value=transition.value,
        threshold=transition.text,
    )  # fmt: skip


def _change(rule: Rule, one: Transition) -> tuple[str, str, str, float | None, str]:
    labels = msgspec.json.encode(labels_of(rule, one.key)).decode()
    return labels, one.before, one.after, one.value, one.text
