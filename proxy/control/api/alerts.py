"""`/api/alerts`: alert rules, their states and history, and what a rule would have done."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from proxy.alerts.checks import check_rule
from proxy.alerts.messages import acknowledgement
from proxy.alerts.metrics import metric_list
from proxy.alerts.rule import Rule
from proxy.control.alert_preview import Preview, PreviewQuestion, preview
from proxy.control.alert_reader import AlertReader
from proxy.control.alert_results import close_notices, notice_of, sender_of
from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.auth import caller_of, needs
from proxy.control.idempotency import database_of, mutate
from proxy.control.plane import ControlPlane
from proxy.control.queries import run_query
from proxy.core.clock import now_us
from proxy.core.notification import dashboard_url
from proxy.metadata import alert_rules, alert_states, documents, outbox
from proxy.metadata.alert_rules import StoredRule
from proxy.metadata.alert_states import HistoryKind, StoredChange
from proxy.metadata.db import Connection
from proxy.metadata.errors import InvalidValue, RowConflict
from proxy.query.errors import FilterError

__all__ = ["ALERT_ROUTES"]

_OfRule = Annotated[str, QueryParameter(name="rule", description="Only groups of this rule.")]
_BY_PEOPLE: Final = ("acknowledged", "changed")
"""Kinds of history that are what a person did."""


class AlertRule(msgspec.Struct, kw_only=True):
    """A rule and its state."""

    id: str
    rule: Rule
    state: str
    """`normal`, `pending`, `alerting`, `recovering`, `no_data` or `error`: the worst of its groups."""
    state_since_us: int
    value: float | None
    """Of a rule without groups: its value at the last evaluation."""
    firing: int
    """Groups that fire."""
    problem: str
    """Why it could not be evaluated, or what was left out."""
    evaluated_us: int
    """0: never."""
    waits_for_channel: bool
    """A ready-made rule is not evaluated before the organisation has a channel."""
    ready_made: bool
    """Whether it is as it came."""
    acknowledged_us: int
    """When its alerts were acknowledged; 0: they are not, or there are none."""
    acknowledged_by: str
    revision: int
    created_us: int
    created_by: str
    changed_us: int
    changed_by: str


class AlertPage(msgspec.Struct):
    data: list[AlertRule]
    next: str | None


class AlertChange(msgspec.Struct, forbid_unknown_fields=True):
    """A rule in place of the one that was read."""

    revision: int
    """The one that was read: the change is refused where somebody else has made one since."""
    rule: Rule


class AlertGroup(msgspec.Struct, kw_only=True):
    """A group of a rule that is not normal."""

    id: str
    rule_id: str
    rule_name: str
    severity: str
    labels: dict[str, str]
    whole: bool
    """Whether it is the rule as a whole: No Data or Error."""
    state: str
    since_us: int
    active_us: int
    """Since when it has fired; 0: it does not."""
    value: float | None
    threshold: str


class AlertGroupPage(msgspec.Struct):
    data: list[AlertGroup]
    next: str | None


class AlertEvent(msgspec.Struct, kw_only=True):
    """One line of a rule's history."""

    id: str
    rule_id: str
    at_us: int
    kind: HistoryKind
    """A change of state, a notification, or what a person did."""
    labels: dict[str, str]
    before: str
    after: str
    value: float | None
    text: str
    by: str
    by_name: str


class AlertHistory(msgspec.Struct):
    data: list[AlertEvent]
    next: str | None


class MetricHelp(msgspec.Struct, frozen=True):
    """A metric of rules, or `<prefix>.<name>` for all of a kind."""

    name: str
    unit: str
    help: str


@get("/api/alerts", sync_to_thread=True, opt=needs("viewer"), summary="Alert rules", operation_id="listAlerts")
def list_alerts(request: Request[Any, Any, Any], after: After = "", limit: Limit = 50) -> AlertPage:
    """Rules of the organisation with their states, oldest first."""
    check_limit(limit)
    with database_of(request).read() as rows:
        found = alert_rules.listed(rows, caller_of(request).org, after, limit + 1)
        data = _answers(rows, found[:limit])
    return AlertPage(data, found[limit - 1].id if len(found) > limit else None)


@post("/api/alerts", sync_to_thread=True, opt=needs("admin"), status_code=201, summary="Create an alert rule",
      operation_id="createAlert")  # fmt: skip
def create_alert(request: Request[Any, Any, Any], data: JSONBody[Rule]) -> Response[AlertRule]:
    """It is evaluated from the next minute on."""
    caller = caller_of(request)
    _check(request, data)

    def make(rows: Connection) -> AlertRule:
        _check_channels(rows, caller.org, data)
        made = alert_rules.create(rows, caller.org, _content(data), data.enabled, caller.name)
        return _answers(rows, [made])[0]

    return mutate(request, data, make, 201, publish=False)


@get("/api/alerts/metrics", sync_to_thread=False, opt=needs("viewer"), summary="What alert rules can watch",
     operation_id="listAlertMetrics")  # fmt: skip
def list_alert_metrics() -> list[MetricHelp]:
    """Every measure of the log, and a few more."""
    return [MetricHelp(*row) for row in metric_list()]


@get("/api/alerts/states", sync_to_thread=True, opt=needs("viewer"), summary="Groups that are not normal",
     operation_id="listAlertStates")  # fmt: skip
def list_alert_states(
    request: Request[Any, Any, Any], only: _OfRule = "", after: After = "", limit: Limit = 50
) -> AlertGroupPage:
    """Of all rules or one: which users, models, … fire, wait or recover; and rules without data or with an error."""
    check_limit(limit)
    org = caller_of(request).org
    rule_id, _, id = after.partition(":")
    states = ("alerting", "recovering", "pending", "no_data", "error")
    with database_of(request).read() as rows:
        found = alert_states.groups_of_organisation(rows, org, states, (rule_id, id), limit + 1, only)
        rules = {
            each: msgspec.json.decode(alert_rules.shown(rows, org, each).content, type=Rule)
            for each in {one.rule_id for one in found}
        }
    data = []
    for one in found[:limit]:
        rule, key = rules[one.rule_id], msgspec.json.decode(one.key)
        data.append(
            AlertGroup(
                id=one.id, rule_id=one.rule_id, rule_name=rule.name, severity=rule.severity,
                labels=dict(zip(rule.group_by, key or (), strict=False)), whole=key is None, state=one.state,
                since_us=one.since_us, active_us=one.active_us, value=one.value, threshold=one.threshold,
            )
        )  # fmt: skip
    more = len(found) > limit
    return AlertGroupPage(data, f"{found[limit - 1].rule_id}:{found[limit - 1].id}" if more else None)


@get("/api/alerts/history", sync_to_thread=True, opt=needs("viewer"), summary="History of all rules",
     operation_id="listAlertHistory")  # fmt: skip
def list_alert_history(request: Request[Any, Any, Any], after: After = "", limit: Limit = 50) -> AlertHistory:
    """Changes of state, notifications, and what people did, newest first."""
    check_limit(limit)
    org = caller_of(request).org
    with database_of(request).read() as rows:
        return _history_page(rows, org, alert_states.history_of_organisation(rows, org, after, limit + 1), limit)


@post("/api/alerts/preview", opt=needs("viewer"), status_code=200, summary="What a rule would have done",
      operation_id="previewAlert")  # fmt: skip
async def preview_alert(request: Request[Any, Any, Any], data: JSONBody[PreviewQuestion]) -> Preview:
    """Its values over the log of the past, and when it would have fired."""
    plane: ControlPlane = request.app.state.plane
    org = caller_of(request).org
    reader = AlertReader(plane.log.store, plane.settings)
    return await run_query(request, lambda: preview(reader, org, data, now_us()))


@get("/api/alerts/{id:str}", sync_to_thread=True, opt=needs("viewer"), summary="One alert rule",
     operation_id="getAlert")  # fmt: skip
def show_alert(request: Request[Any, Any, Any], id: FromPath[str]) -> AlertRule:
    """With its state."""
    with database_of(request).read() as rows:
        return _answers(rows, [alert_rules.shown(rows, caller_of(request).org, id)])[0]


@patch("/api/alerts/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="Change an alert rule",
       operation_id="editAlert")  # fmt: skip
def edit_alert(request: Request[Any, Any, Any], id: FromPath[str], data: JSONBody[AlertChange]) -> Response[AlertRule]:
    """Replaces the rule. Its groups keep their states unless what is measured or how it is grouped changes; alerts of a
    rule that is switched off are over. 409 where somebody else changed it since it was read."""
    caller = caller_of(request)
    try:
        _check(request, data.rule)
    except FilterError as error:
        raise FilterError(f"rule.{error.parameter}", error.found, error.accepted) from None
    if not 1 <= data.revision < 1 << 31:
        raise InvalidValue("revision", str(data.revision), "the revision of the rule that was read")

    def change(rows: Connection) -> AlertRule:
        before = alert_rules.shown(rows, caller.org, id)
        _check_channels(rows, caller.org, data.rule, "rule.")
        was = msgspec.json.decode(before.content, type=Rule)
        values = {"content": _content(data.rule), "enabled": data.rule.enabled}
        after = alert_rules.edit(rows, caller.org, id, data.revision, caller.name, **values)
        if not data.rule.enabled or _is_other(was, data.rule):
            _close(request, rows, before, was)
            alert_rules.reset(rows, id)
            after = alert_rules.shown(rows, caller.org, id)
        line = ("{}", "", "", None, "changed" if data.rule.enabled else "switched off")
        alert_states.add_history(rows, caller.org, id, now_us(), "changed", [line], caller.name)
        return _answers(rows, [after])[0]

    return mutate(request, data, change, publish=False)


@delete("/api/alerts/{id:str}", sync_to_thread=True, opt=needs("admin"), summary="Delete an alert rule",
        status_code=204, operation_id="deleteAlert")  # fmt: skip
def delete_alert(request: Request[Any, Any, Any], id: FromPath[str]) -> None:
    """With its states and history. Its alerts are over."""
    org = caller_of(request).org
    with database_of(request).write(publish=False) as rows:
        stored = alert_rules.shown(rows, org, id)
        _close(request, rows, stored, msgspec.json.decode(stored.content, type=Rule))
        alert_rules.remove(rows, org, id)


@get("/api/alerts/{id:str}/history", sync_to_thread=True, opt=needs("viewer"), summary="History of a rule",
     operation_id="getAlertHistory")  # fmt: skip
def show_alert_history(
    request: Request[Any, Any, Any], id: FromPath[str], after: After = "", limit: Limit = 50
) -> AlertHistory:
    """Changes of state, notifications, and what people did, newest first."""
    check_limit(limit)
    org = caller_of(request).org
    with database_of(request).read() as rows:
        alert_rules.shown(rows, org, id)
        return _history_page(rows, org, alert_states.history(rows, id, after, limit + 1), limit)


@post("/api/alerts/{id:str}/acknowledge", sync_to_thread=True, opt=needs("member"), status_code=200,
      summary="Acknowledge the alerts of a rule", operation_id="acknowledgeAlert")  # fmt: skip
def acknowledge_alert(request: Request[Any, Any, Any], id: FromPath[str]) -> AlertRule:
    """Somebody looks after them: they are not sent again until they are over. 409 where nothing fires."""
    caller, at = caller_of(request), now_us()
    with database_of(request).write(publish=False) as rows:
        stored = alert_rules.shown(rows, caller.org, id)
        rule = msgspec.json.decode(stored.content, type=Rule)
        notices = alert_states.acknowledge(rows, id, caller.name, at)
        if not notices and not alert_states.notices_of(rows, [id]):
            raise RowConflict("no alert of this rule was sent that is not over: there is nothing to acknowledge")
        who = documents.names_of(rows, caller.org, {caller.name}).get(caller.name, "")
        for notice in notices:
            key, _ = notice_of(notice)
            sender = sender_of(stored, _base_url(request))
            sent = acknowledgement(rule, sender, key, who, at)
            outbox.put(rows, sent, rule.channels or alert_rules.channel_ids(rows, caller.org))
        if notices:
            line = ("{}", "", "", None, "acknowledged")
            alert_states.add_history(rows, caller.org, id, at, "acknowledged", [line], caller.name)
        return _answers(rows, [alert_rules.shown(rows, caller.org, id)])[0]


def _check(request: Request[Any, Any, Any], rule: Rule) -> None:
    plane: ControlPlane = request.app.state.plane
    check_rule(rule, plane.settings.get_int("metrics.max_window_days"))


def _check_channels(rows: Connection, org: str, rule: Rule, path: str = "") -> None:
    known = set(alert_rules.channel_ids(rows, org, enabled_only=False))
    for at, id in enumerate(rule.channels):
        if id not in known:
            raise InvalidValue(f"{path}channels[{at}]", id[:60], "the id of a channel of this organisation")


def _content(rule: Rule) -> str:
    return msgspec.json.encode(rule).decode()


def _is_other(before: Rule, after: Rule) -> bool:
    """Whether the states of groups mean something else now."""
    parts = ("metric", "filter", "group_by", "notify_by", "window", "zone")
    return any(getattr(before, part) != getattr(after, part) for part in parts)


def _close(request: Request[Any, Any, Any], rows: Connection, stored: StoredRule, rule: Rule) -> None:
    close_notices(rows, stored, rule, check_rule(rule), now_us(), _base_url(request))


def _base_url(request: Request[Any, Any, Any]) -> str:
    plane: ControlPlane = request.app.state.plane
    return dashboard_url(plane.settings)


def _history_page(rows: Connection, org: str, found: list[StoredChange], limit: int) -> AlertHistory:
    names = documents.names_of(rows, org, {one.by for one in found if one.kind in _BY_PEOPLE})
    data = [
        AlertEvent(
            id=one.id, rule_id=one.rule_id, at_us=one.at_us, kind=one.kind, labels=msgspec.json.decode(one.labels),
            before=one.before, after=one.after, value=one.value, text=one.text, by=one.by,
            by_name=names.get(one.by, "") if one.kind in _BY_PEOPLE else "",
        )
        for one in found[:limit]
    ]  # fmt: skip
    return AlertHistory(data, found[limit - 1].id if len(found) > limit else None)


def _answers(rows: Connection, found: list[StoredRule]) -> list[AlertRule]:
    notices = {one.rule_id: one for one in alert_states.notices_of(rows, [each.id for each in found if each.firing])}
    return [
        AlertRule(
            id=one.id,
            rule=msgspec.json.decode(one.content, type=Rule),
            state=one.state,
            state_since_us=one.state_since_us,
            value=one.value,
            firing=one.firing,
            problem=one.problem,
            evaluated_us=one.evaluated_us,
            waits_for_channel=one.needs_channel and not one.has_channel,
            ready_made=one.needs_channel,
            acknowledged_us=notices[one.id].acknowledged_us if one.id in notices else 0,
            acknowledged_by=notices[one.id].acknowledged_by if one.id in notices else "",
            revision=one.revision,
            created_us=one.created_us,
            created_by=one.created_by,
            changed_us=one.changed_us,
            changed_by=one.changed_by,
        )
        for one in found
    ]


ALERT_ROUTES: list[Any] = [
    list_alerts, create_alert, list_alert_metrics, list_alert_states, list_alert_history, preview_alert, show_alert,
    edit_alert, delete_alert, show_alert_history, acknowledge_alert,
]  # fmt: skip
