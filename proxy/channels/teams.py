"""Microsoft Teams, by a workflow ("Post to a channel when a webhook request is received"): one adaptive card.

Limits of Teams: 28 KB a message, four messages a second.
"""

from typing import Annotated, Any, Final

import msgspec

from proxy.channels.base import ChannelKind
from proxy.channels.fields import Secret, check_url
from proxy.channels.http import HttpMessage, send_by
from proxy.channels.text import alert_line, clipped, heading, labels_text, moment
from proxy.core.notification import Notification, NotifiedAlert

__all__ = ["TEAMS", "TeamsConfig"]

_MAX_BYTES: Final = 28_000
_MAX_ALERTS: Final = 10
_MAX_ACTIONS: Final = 4
_MAX_URL: Final = 2000


class TeamsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[
        str,
        Secret("What the workflow shows as its HTTP POST URL.", title="Workflow URL", min_length=1, max_length=2000),
    ]


def _escaped(text: str) -> str:
    """Text that an adaptive card shows as it is: it reads Markdown."""
    return "".join(f"\\{letter}" if letter in "\\*_[]()`#" else letter for letter in text)


def _text(text: str, most: int, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": _escaped(clipped(text, most)), "wrap": True, **more}


def _open(title: str, url: str) -> dict[str, Any]:
    return {"type": "Action.OpenUrl", "title": clipped(title, 60), "url": url}


def _fact(alert: NotifiedAlert) -> dict[str, str]:
    value = f"{alert_line(alert)}, since {moment(alert.since_us)}"
    return {"title": clipped(labels_text(alert), 100), "value": _escaped(clipped(value, 200))}


def _content(notification: Notification, shown: int) -> bytes:
    style = "good" if notification.state == "resolved" else "attention"
    body = [_text(heading(notification), 200, size="Large", weight="Bolder", color=style)]
    body += [_text(part, 1500) for part in (notification.summary, notification.description) if part]
    alerts = notification.alerts[:shown]
    if alerts:
        facts = [_fact(alert) for alert in alerts]
        body.append({"type": "FactSet", "facts": facts})
    if (more := len(notification.alerts) - len(alerts)) > 0:
        body.append(_text(f"and {more} more", 100, isSubtle=True))
    about = f"{notification.severity} · {notification.org_name} · {moment(notification.created_us)}"
    body.append(_text(about, 200, isSubtle=True, size="Small"))
    actions = [_open("Open", notification.url)] if notification.url else []
    if notification.acknowledge_url and notification.state not in ("resolved", "acknowledged"):
        actions.append(_open("Acknowledge", notification.acknowledge_url))
    actions += [
        _open(f"Calls of {labels_text(one)}", one.url) for one in alerts[:_MAX_ACTIONS] if 0 < len(one.url) <= _MAX_URL
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": actions[:_MAX_ACTIONS],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return msgspec.json.encode({"type": "message", "attachments": [attachment]})


def _build(notification: Notification, config: TeamsConfig, now_us: int) -> HttpMessage:
    shown = _MAX_ALERTS
    while len(content := _content(notification, shown)) > _MAX_BYTES and shown:
        shown -= 1
    return HttpMessage(config.url, content)


TEAMS: Final = ChannelKind(
    name="teams",
    title="Microsoft Teams",
    help='In the Workflows app: "Post to a channel when a webhook request is received"; copy its URL.',
    config=TeamsConfig,
    send=send_by(_build),
    check=lambda config: check_url("url", config.url, secret=True),
    min_interval_s=0.25,
)
