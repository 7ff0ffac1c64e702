"""Words of a notification that several channels share."""

from datetime import UTC, datetime
from typing import Final

from proxy.core.notification import Notification, NotificationState, NotifiedAlert, Severity

__all__ = ["alert_line", "clipped", "color_of", "heading", "headline", "labels_text", "moment", "timestamp"]

_STATE_WORDS: Final[dict[NotificationState, str]] = {
    "alerting": "Firing",
    "acknowledged": "Acknowledged",
    "resolved": "Resolved",
    "no_data": "No data",
    "error": "Error",
}

_COLORS: Final[dict[Severity, int]] = {
    "critical": 0xC62828,
    "error": 0xD84315,
    "warning": 0xF9A825,
    "info": 0x1565C0,
}
_RESOLVED_COLOR: Final = 0x2E7D32


def color_of(notification: Notification) -> int:
    """24 bits: green for what is over, else by severity."""
    return _RESOLVED_COLOR if notification.state == "resolved" else _COLORS[notification.severity]


def heading(notification: Notification) -> str:
    """`[Firing] Daily spend`; of a test the title alone."""
    if notification.kind == "test":
        return notification.title
    return f"[{_STATE_WORDS[notification.state]}] {notification.title}"


def labels_text(alert: NotifiedAlert) -> str:
    """`model=gpt-4o, user=ada`; `all calls` where the rule has no groups."""
    return ", ".join(f"{name}={value}" for name, value in alert.labels.items()) or "all calls"


def alert_line(alert: NotifiedAlert) -> str:
    """`$12.40, above $10`."""
    return ", ".join(part for part in (alert.value_text, alert.threshold_text) if part) or _STATE_WORDS[alert.state]


def headline(notification: Notification) -> str:
    """One line for a lock screen."""
    return f"{heading(notification)}: {notification.summary}" if notification.summary else heading(notification)


def clipped(text: str, most: int) -> str:
    """At most that many characters; what is longer ends with `…`."""
    return text if len(text) <= most else text[: most - 1] + "…"


def timestamp(at_us: int) -> str:
    """RFC 3339, UTC, to the millisecond."""
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(at_us: int) -> str:
    """`2026-01-31 12:00 UTC`."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")
