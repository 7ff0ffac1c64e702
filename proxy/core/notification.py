"""What people and other systems are told: that an alert fires or is over, that a budget is used up, that a test works.

The rules make notifications, `metadata/outbox` stores them, and channels write them in the form of each receiver. The
signed webhook sends the JSON of `Notification` as it is.
"""

from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from proxy.core.clock import uuid7
from proxy.core.settings import Settings

__all__ = [
    "MAX_DEDUP_KEY",
    "MAX_NOTIFIED_ALERTS",
    "Notification",
    "NotificationKind",
    "NotificationState",
    "NotifiedAlert",
    "Severity",
    "dashboard_url",
    "event_type",
    "sample_notification",
]

NotificationKind = Literal["alert", "budget", "test"]
NotificationState = Literal["alerting", "acknowledged", "resolved", "no_data", "error"]
Severity = Literal["critical", "error", "warning", "info"]

MAX_DEDUP_KEY: Final = 255
"""Characters; what PagerDuty accepts."""
MAX_NOTIFIED_ALERTS: Final = 100
"""Alerts in one notification; the summary says how many there are in all."""

_TYPES: Final[dict[NotificationState, str]] = {
    "alerting": "firing",
    "acknowledged": "acknowledged",
    "resolved": "resolved",
    "no_data": "no_data",
    "error": "error",
}


class NotifiedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One group of a rule: one user, one model, or all calls."""

    labels: dict[str, str]
    state: NotificationState
    value: float | None
    value_text: str
    """The value with its unit: `$12.40`, `3.1 s`."""
    threshold_text: str
    """The condition in words: `above $10`."""
    since_us: int
    url: str
    """The explorer, filtered to the calls that the value is of."""


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One message. Times are microseconds since the epoch."""

    id: str
    """UUID of version 7; the `webhook-id` of the signed webhook. The same whenever it is sent again."""
    org: str
    org_name: str
    kind: NotificationKind
    rule_id: str
    rule_name: str
    state: NotificationState
    severity: Severity
    dedup_key: str
    """One for each rule and group of notifications, from its first alert to its end."""
    title: str
    summary: str
    description: str
    alerts: list[NotifiedAlert]
    url: str
    """The rule's page."""
    created_us: int
    acknowledge_url: str = ""
    """The page where a person says that somebody looks after it; empty where there is none."""


def event_type(notification: Notification) -> str:
    """The type of the event in the signed webhook: `alert.firing`, `alert.resolved`, `budget.firing`, `test`."""
    return "test" if notification.kind == "test" else f"{notification.kind}.{_TYPES[notification.state]}"


def dashboard_url(settings: Settings) -> str:
    """Where people reach the dashboard, without a slash at its end."""
    if named := settings.get_str("dashboard.url").rstrip("/"):
        return named
    host = settings.get_str("control.host")
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{host}:{settings.get_int('control.port')}"


def sample_notification(org: str, org_name: str, channel_name: str, base_url: str, at_us: int) -> Notification:
    """The notification of a channel's test button."""
    at = datetime.fromtimestamp(at_us // 1_000_000, UTC).isoformat().removesuffix("+00:00")
    return Notification(
        id=uuid7(at_us),
        org=org,
        org_name=org_name,
        kind="test",
        rule_id="",
        rule_name="Test",
        state="alerting",
        severity="info",
        dedup_key=f"test-{uuid7(at_us)}",
        title=f"Test of the channel {channel_name}",
        summary="Perihelion can reach this channel. Nothing is wrong.",
        description=f"Somebody pressed the test button at {at}Z.",
        alerts=[
            NotifiedAlert(
                labels={"model": "example"}, state="alerting", value=12.4, value_text="$12.40",
                threshold_text="above $10", since_us=at_us, url=f"{base_url}/requests",
            )
        ],
        url=f"{base_url}/channels",
        created_us=at_us,
    )  # fmt: skip
