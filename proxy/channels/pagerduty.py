"""PagerDuty, by its Events API v2: an alert triggers, acknowledges and resolves one incident by its dedup key.

Limits of PagerDuty: 1,024 characters in the summary, 255 in the dedup key, 512 KB in all.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from proxy.channels.base import ChannelKind, Receipt
from proxy.channels.fields import Secret, check_url
from proxy.channels.http import HttpMessage, read_answer, send_by
from proxy.channels.text import alert_line, clipped, headline, labels_text, timestamp
from proxy.core.notification import MAX_DEDUP_KEY, Notification, NotificationState
from proxy.net.client import HttpResponse

__all__ = ["PAGERDUTY", "PagerDutyConfig"]

_EVENTS_URL: Final = "https://events.pagerduty.com/v2/enqueue"
_MAX_DETAILS: Final = 50
_MAX_LINKS: Final = 10
_ACTIONS: Final[dict[NotificationState, str]] = {
    "alerting": "trigger",
    "no_data": "trigger",
    "error": "trigger",
    "acknowledged": "acknowledge",
    "resolved": "resolve",
}


class PagerDutyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    routing_key: Annotated[
        str,
        Secret(
            "Integration key of an Events API v2 integration: 32 characters.",
            title="Integration key",
            min_length=1,
            max_length=64,
            pattern="^[A-Za-z0-9_-]+$",
        ),
    ]
    url: Annotated[
        str,
        Meta(
            title="Events URL",
            description="For accounts in the EU: `https://events.eu.pagerduty.com/v2/enqueue`.",
            max_length=2000,
        ),
    ] = _EVENTS_URL


def _build(notification: Notification, config: PagerDutyConfig, now_us: int) -> HttpMessage:
    action = _ACTIONS[notification.state]
    event: dict[str, Any] = {
        "routing_key": config.routing_key,
        "event_action": action,
        "dedup_key": notification.dedup_key[:MAX_DEDUP_KEY],
    }
    if action == "trigger":
        details = {labels_text(alert): alert_line(alert) for alert in notification.alerts[:_MAX_DETAILS]}
        event["payload"] = {
            "summary": clipped(headline(notification), 1024),
            "source": f"perihelion/{notification.org_name}",
            "severity": notification.severity,
            "timestamp": timestamp(notification.created_us),
            "component": notification.rule_name,
            "group": notification.org_name,
            "class": notification.kind,
            "custom_details": {"description": clipped(notification.description, 4000), "alerts": details},
        }
        links = [{"href": notification.url, "text": "Rule"}] if notification.url else []
        links += [
            {"href": alert.url, "text": clipped(f"Calls of {labels_text(alert)}", 200)}
            for alert in notification.alerts[:_MAX_LINKS]
            if alert.url
        ]
        event["links"] = links
        event["client"] = "Perihelion"
        event["client_url"] = notification.url
    return HttpMessage(config.url, msgspec.json.encode(event))


def _read(answer: HttpResponse) -> Receipt:
    """400 says that the event is invalid: sending it again would change nothing."""
    receipt = read_answer(answer)
    return msgspec.structs.replace(receipt, final=True) if answer.status == 400 else receipt


PAGERDUTY: Final = ChannelKind(
    name="pagerduty",
    title="PagerDuty",
    help="Add an Events API v2 integration to a service, and copy its integration key.",
    config=PagerDutyConfig,
    send=send_by(_build, _read),
    check=lambda config: check_url("url", config.url),
)
