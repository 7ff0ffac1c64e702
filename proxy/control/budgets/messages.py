"""What people are told of a budget. Pure."""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from proxy.control.budgets.reader import ValueSpending, filter_text
from proxy.core.calendar import CalendarPeriod
from proxy.core.notification import MAX_NOTIFIED_ALERTS, Notification, NotifiedAlert, Severity
from proxy.metadata.budgets import StoredBudget

__all__ = ["budget_notification", "dollars", "end_notification"]

_EACH: Final = {"key": "key", "user": "user"}


def budget_notification(
    budget: StoredBudget,
    share: int,
    reached: list[ValueSpending],
    period: CalendarPeriod,
    *,
    id: str,
    org_name: str,
    value_names: dict[str, str],
    base_url: str,
    at_us: int,
) -> Notification:
    """Return the notification that those values, or the one that the budget is for, reached a share of it."""
    content = budget.content
    limit = f"{dollars(content.limit_nanousd)} a {content.period}"
    label = "budget" if content.scope == "organisation" else _EACH.get(content.scope, content.property)
    is_each = content.scope != "organisation" and not content.value
    most = reached[0]
    if is_each and len(reached) > 1:
        title = f"Budget {content.name}: {len(reached)} spent {share} % of {limit}"
    elif is_each:
        title = f"Budget {content.name}: {value_names.get(most.value, most.value)} spent {share} % of {limit}"
    else:
        title = f"Budget {content.name}: {share} % of {limit} is spent"
    alerts = [
        NotifiedAlert(
            labels={label: value_names.get(one.value, one.value) or content.name},
            state="alerting",
            value=one.spent_nanousd / 1e9,
            value_text=dollars(one.spent_nanousd),
            threshold_text=f"{share} % of {limit}",
            since_us=at_us,
            url=_explorer_url(filter_text(content, one.value), period, base_url),
        )
        for one in reached[:MAX_NOTIFIED_ALERTS]
    ]
    ends = datetime.fromtimestamp(period.until_us // 1_000_000, UTC).isoformat().removesuffix("+00:00")
    spent = dollars(most.spent_nanousd)
    severity: Severity = "critical" if share >= 100 else "warning" if share >= 80 else "info"
    return Notification(
        id=id,
        org=budget.org_id,
        org_name=org_name,
        kind="budget",
        rule_id=budget.id,
        rule_name=content.name,
        state="alerting",
        severity=severity,
        dedup_key=_dedup_key(budget, period.name),
        title=title,
        summary=f"{spent} of {dollars(content.limit_nanousd)} since {period.name}; the period ends at {ends}Z.",
        description="Above the limit the gateway refuses calls until the period ends." if content.hard else "",
        alerts=alerts,
        url=_budget_url(budget, base_url),
        created_us=at_us,
    )


def end_notification(
    budget: StoredBudget, period: str, *, id: str, org_name: str, base_url: str, at_us: int
) -> Notification:
    """Return the notification that a period (its first day) is over, and with it what was told of it."""
    content = budget.content
    return Notification(
        id=id,
        org=budget.org_id,
        org_name=org_name,
        kind="budget",
        rule_id=budget.id,
        rule_name=content.name,
        state="resolved",
        severity="info",
        dedup_key=_dedup_key(budget, period),
        title=f"Budget {content.name}: the {content.period} is over",
        summary=f"The {content.period} that began on {period} has ended. Spending begins at $0 again.",
        description="",
        alerts=[],
        url=_budget_url(budget, base_url),
        created_us=at_us,
    )


def _dedup_key(budget: StoredBudget, period: str) -> str:
    return f"budget-{budget.id}-{period}"


def _budget_url(budget: StoredBudget, base_url: str) -> str:
    return f"{base_url}/budgets?{urlencode({'id': budget.id})}"


def dollars(nanousd: int) -> str:
    """`$12.40`; of less than a cent as many digits as it has."""
    amount = nanousd / 1e9
    return f"${amount:,.2f}" if amount >= 0.01 or not nanousd else f"${amount:.9f}".rstrip("0")


def _explorer_url(text: str, period: CalendarPeriod, base_url: str) -> str:
    query = {"q": text, "since": _iso(period.since_us), "until": _iso(period.until_us), "zone": "utc"}
    return f"{base_url}/requests?{urlencode({name: value for name, value in query.items() if value})}"


def _iso(at_us: int) -> str:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).isoformat().replace("+00:00", "Z")
