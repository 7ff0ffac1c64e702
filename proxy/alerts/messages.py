"""Words of a notification: title, summary, the groups with their values, and the links to them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final
from urllib.parse import urlencode

import msgspec

from proxy.alerts.metrics import AlertMetric
from proxy.alerts.notices import NoticeKey, Told, group_id, labels_of
from proxy.alerts.rule import Rule
from proxy.alerts.states import WHOLE, GroupKey, GroupState
from proxy.alerts.units import shown_value
from proxy.alerts.windows import window_of_rule
from proxy.core.clock import uuid7
from proxy.core.notification import MAX_NOTIFIED_ALERTS, Notification, NotificationState, NotifiedAlert
from proxy.query import EVERYTHING, both, parse_filter, to_text
from proxy.query.dimensions import DIMENSIONS
from proxy.query.tree import Leaf, Node, Not

__all__ = ["Sender", "acknowledgement", "dedup_key", "explorer_url", "message"]

_STATES: Final[tuple[NotificationState, ...]] = ("alerting", "error", "no_data")
_WORDS: Final = {"alerting": "is firing", "error": "cannot be evaluated", "no_data": "has no data"}


class Sender(msgspec.Struct, frozen=True):
    """Whose rule it is, and where its pages are."""

    org: str
    org_name: str
    rule_id: str
    base_url: str

    @property
    def rule_url(self) -> str:
        return f"{self.base_url}/alerts/{self.rule_id}"


def dedup_key(rule_id: str, key: NoticeKey) -> str:
    """The same for all notifications of a notice, as long as its rule lives."""
    return f"{rule_id}-{blake2b(msgspec.json.encode(key), digest_size=8).hexdigest()}"


def message(
    rule: Rule,
    metric: AlertMetric,
    sender: Sender,
    told: Told,
    groups: Mapping[GroupKey, GroupState],
    before: Mapping[GroupKey, GroupState],
    at_us: int,
    now_us: int,
) -> Notification:
    """The notification of a notice. `before` has what groups that are over were; `at_us` is the end of the window."""
    over_keys = {group_id(key): key for key in before}
    over = [over_keys[each] for each in told.over if each in over_keys]
    alerts = [_alert(rule, metric, sender, key, groups[key], at_us) for key in told.firing[:MAX_NOTIFIED_ALERTS]]
    for key in over[: MAX_NOTIFIED_ALERTS - len(alerts)]:
        alerts.append(_alert(rule, metric, sender, key, before[key], at_us, "resolved"))
    states = {alert.state for alert in alerts}
    state: NotificationState = next((one for one in _STATES if one in states), "resolved")
    return Notification(
        id=uuid7(now_us),
        org=sender.org,
        org_name=sender.org_name,
        kind="alert",
        rule_id=sender.rule_id,
        rule_name=rule.name,
        state=state,
        severity=rule.severity,
        dedup_key=dedup_key(sender.rule_id, told.key),
        title=_title(rule, state, told),
        summary=_summary(rule, metric, state, told, alerts),
        description=rule.description,
        alerts=alerts,
        url=sender.rule_url,
        created_us=now_us,
        acknowledge_url="" if state == "resolved" else f"{sender.rule_url}?acknowledge=1",
    )


def acknowledgement(rule: Rule, sender: Sender, key: NoticeKey, by: str, now_us: int) -> Notification:
    """The notification that somebody looks after an alert."""
    who = by or "somebody"
    return Notification(
        id=uuid7(now_us),
        org=sender.org,
        org_name=sender.org_name,
        kind="alert",
        rule_id=sender.rule_id,
        rule_name=rule.name,
        state="acknowledged",
        severity=rule.severity,
        dedup_key=dedup_key(sender.rule_id, key),
        title=f"{rule.name} is acknowledged",
        summary=f"{who} looks after it.",
        description=rule.description,
        alerts=[],
        url=sender.rule_url,
        created_us=now_us,
    )


def explorer_url(rule: Rule, base_url: str, key: GroupKey, at_us: int) -> str:
    """The explorer with the calls that the value of a group is of."""
    window = window_of_rule(rule, at_us)
    nodes = [parse_filter(rule.filter), *(_equals(name, text) for name, text in labels_of(rule, key).items())]
    wanted = both(*(node for node in nodes if node != EVERYTHING))
    query = {"q": to_text(wanted), "since": _iso(window.since_us), "until": _iso(window.until_us), "zone": "utc"}
    return f"{base_url}/requests?{urlencode({name: text for name, text in query.items() if text})}"


def _equals(name: str, text: str) -> Node:
    dimension = DIMENSIONS.get(name)
    if dimension is not None and dimension.value == "bool":
        return Leaf(name, "eq", text == "true") if text else Not(Leaf(name, "exists"))
    if dimension is not None and dimension.value == "number":
        return Leaf(name, "eq", int(text))
    return Leaf(name, "eq", text) if text else Not(Leaf(name, "exists"))


def _alert(
    rule: Rule,
    metric: AlertMetric,
    sender: Sender,
    key: GroupKey,
    group: GroupState,
    at_us: int,
    state: NotificationState = "alerting",
) -> NotifiedAlert:
    if state != "resolved" and key is WHOLE:
        state = "error" if group.state == "error" else "no_data"
    return NotifiedAlert(
        labels=labels_of(rule, key),
        state=state,
        value=group.value,
        value_text=shown_value(group.value, metric.unit) if group.value is not None else "no value",
        threshold_text=group.threshold,
        since_us=group.active_us or group.since_us,
        url=explorer_url(rule, sender.base_url, key, at_us),
    )


def _title(rule: Rule, state: NotificationState, told: Told) -> str:
    shown = ", ".join(f"{name} {text or 'not set'}" for name, text in zip(rule.notify_by, told.key or (), strict=False))
    name = f"{rule.name} ({shown})" if shown else rule.name
    if state == "resolved":
        return f"{name} is over"
    return f"{name} {'still ' if told.why == 'repeated' else ''}{_WORDS[state]}"


def _summary(rule: Rule, metric: AlertMetric, state: NotificationState, told: Told, alerts: list[NotifiedAlert]) -> str:
    if state == "resolved":
        return f"{metric.name} over {rule.window} is as it should be again."
    first = alerts[0]
    if state == "error":
        return f"The rule cannot be evaluated: {first.threshold_text}."
    if state == "no_data":
        return f"{metric.name} over {rule.window} has no value: {first.threshold_text}."
    shown = ", ".join(f"{name} {text or 'not set'}" for name, text in first.labels.items())
    of = f" of {shown}" if shown else ""
    if metric.unit:
        text = f"{metric.name}{of} over {rule.window} is {first.value_text}, {first.threshold_text}."
    else:
        text = f"{first.threshold_text}{of} for {rule.window}."
        text = text[0].upper() + text[1:]
    more = len(told.firing) - 1
    return text + (f" {more:,} more {'groups' if more > 1 else 'group'} besides." if more else "")


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).isoformat().removesuffix("+00:00") + "Z"
