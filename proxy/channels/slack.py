"""Slack, by an incoming webhook: blocks, and buttons that open the explorer.

Limits of Slack: 50 blocks, 150 characters in a header, 3,000 in a section, 2,000 in a field and ten fields, 75 on a
button, 3,000 in its address; about one message a second.
"""

from typing import Annotated, Any, Final

import msgspec

from proxy.channels.base import ChannelKind
from proxy.channels.fields import Secret, check_url
from proxy.channels.http import HttpMessage, send_by
from proxy.channels.text import alert_line, clipped, heading, headline, labels_text, moment
from proxy.core.notification import Notification, NotifiedAlert

__all__ = ["SLACK", "SlackConfig"]

_MAX_ALERTS: Final = 10
_MAX_URL: Final = 3000


class SlackConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[
        str,
        Secret(
            "Of an incoming webhook: `https://hooks.slack.com/services/…`.",
            title="Webhook URL",
            min_length=1,
            max_length=2000,
        ),
    ]


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": clipped(text, most), "emoji": False}


def _markdown(text: str, most: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": clipped(text, most)}


def _escaped(text: str) -> str:
    """Slack's three special characters: a label must not mention a channel or make a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _button(text: str, url: str, id: str, style: str = "") -> dict[str, Any]:
    button = {"type": "button", "text": _plain(text, 75), "url": url, "action_id": id}
    return {**button, "style": style} if style else button


def _alert(alert: NotifiedAlert, number: int) -> dict[str, Any]:
    text = (
        f"*{_escaped(clipped(labels_text(alert), 300))}*\n{_escaped(alert_line(alert))}, since {moment(alert.since_us)}"
    )
    section: dict[str, Any] = {"type": "section", "text": _markdown(text, 3000)}
    if alert.url and len(alert.url) <= _MAX_URL:
        section["accessory"] = _button("Show calls", alert.url, f"calls-{number}")
    return section


def _build(notification: Notification, config: SlackConfig, now_us: int) -> HttpMessage:
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(heading(notification), 150)}]
    if words := "\n".join(part for part in (notification.summary, notification.description) if part):
        blocks.append({"type": "section", "text": _markdown(_escaped(clipped(words, 2000)), 3000)})
    blocks += [_alert(alert, number) for number, alert in enumerate(notification.alerts[:_MAX_ALERTS])]
    if (more := len(notification.alerts) - _MAX_ALERTS) > 0:
        blocks.append({"type": "context", "elements": [_markdown(f"and {more} more", 3000)]})
    buttons = []
    if notification.url and len(notification.url) <= _MAX_URL:
        buttons.append(_button("Open", notification.url, "open", "primary"))
    if notification.acknowledge_url and notification.state not in ("resolved", "acknowledged"):
        buttons.append(_button("Acknowledge", notification.acknowledge_url, "acknowledge"))
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    about = f"{notification.severity} · {notification.org_name} · {moment(notification.created_us)}"
    blocks.append({"type": "context", "elements": [_markdown(_escaped(about), 3000)]})
    content = {"text": _escaped(clipped(headline(notification), 1000)), "blocks": blocks}
    return HttpMessage(config.url, msgspec.json.encode(content))


SLACK: Final = ChannelKind(
    name="slack",
    title="Slack",
    help="Create a Slack app with an incoming webhook for the channel, and copy the webhook's URL.",
    config=SlackConfig,
    send=send_by(_build),
    check=lambda config: check_url("url", config.url, secret=True),
    min_interval_s=1.0,
)
