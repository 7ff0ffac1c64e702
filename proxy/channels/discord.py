"""Discord, by a webhook of a channel: one embed.

Limits of Discord: 256 characters in a title and a field's name, 4,096 in a description, 1,024 in a field's value, 25
fields, 6,000 in all.
"""

from typing import Annotated, Any, Final

import msgspec

from proxy.channels.base import ChannelKind, Receipt
from proxy.channels.fields import Secret, check_url
from proxy.channels.http import HttpMessage, read_answer, retry_after, send_by
from proxy.channels.text import alert_line, clipped, color_of, heading, labels_text, moment, timestamp
from proxy.core.notification import Notification, NotifiedAlert
from proxy.net.client import HttpResponse

__all__ = ["DISCORD", "DiscordConfig"]

_MAX_ALERTS: Final = 10
_MAX_LINK: Final = 700


class DiscordConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[
        str,
        Secret(
            "Of a channel's webhook: `https://discord.com/api/webhooks/…`.",
            title="Webhook URL",
            min_length=1,
            max_length=2000,
        ),
    ]


def _escaped(text: str) -> str:
    """Text that Discord shows as it is."""
    return "".join(f"\\{letter}" if letter in "\\*_~`|>[]()#-" else letter for letter in text)


def _field(alert: NotifiedAlert) -> dict[str, Any]:
    value = clipped(_escaped(f"{alert_line(alert)}, since {moment(alert.since_us)}"), 150)
    if alert.url and len(alert.url) <= _MAX_LINK:
        value += f"\n[Show calls]({alert.url})"
    return {"name": clipped(labels_text(alert), 100), "value": value, "inline": False}


def _build(notification: Notification, config: DiscordConfig, now_us: int) -> HttpMessage:
    words = [_escaped(part) for part in (notification.summary, notification.description) if part]
    if (more := len(notification.alerts) - _MAX_ALERTS) > 0:
        words.append(f"{_MAX_ALERTS} of {len(notification.alerts)} alerts are shown, {more} more are firing.")
    if notification.acknowledge_url and notification.state not in ("resolved", "acknowledged"):
        words.append(f"[Acknowledge]({notification.acknowledge_url})")
    fields: list[dict[str, Any]] = []
    embed: dict[str, Any] = {
        "title": clipped(heading(notification), 256),
        "description": clipped("\n".join(words), 1500),
        "color": color_of(notification),
        "timestamp": timestamp(notification.created_us),
        "fields": fields,
        "footer": {"text": clipped(f"{notification.severity} · {notification.org_name}", 200)},
    }
    if notification.url:
        embed["url"] = notification.url
    size = sum(len(embed[name]) for name in ("title", "description")) + 200
    for alert in notification.alerts[:_MAX_ALERTS]:
        field = _field(alert)
        size += len(field["name"]) + len(field["value"])
        if size > 6000:
            break
        fields.append(field)
    content = {"embeds": [embed], "allowed_mentions": {"parse": []}}
    return HttpMessage(config.url, msgspec.json.encode(content))


def _read(answer: HttpResponse) -> Receipt:
    """404: the webhook was deleted. 429 says in its body for how long, and other answers when nothing is left."""
    receipt = read_answer(answer)
    if answer.status == 404:
        return msgspec.structs.replace(receipt, gone=True)
    if answer.status == 400:
        return msgspec.structs.replace(receipt, final=True)
    if receipt.sent and answer.headers.get("x-ratelimit-remaining") == "0":
        return msgspec.structs.replace(
            receipt, retry_after_s=retry_after(answer.headers.get("x-ratelimit-reset-after", ""))
        )
    if answer.status == 429:
        try:
            wait_s = float(msgspec.json.decode(answer.body)["retry_after"])
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            return receipt
        return msgspec.structs.replace(receipt, retry_after_s=retry_after(str(wait_s)))
    return receipt


DISCORD: Final = ChannelKind(
    name="discord",
    title="Discord",
    help="In the channel's settings, under Integrations, create a webhook and copy its URL.",
    config=DiscordConfig,
    send=send_by(_build, _read),
    check=lambda config: check_url("url", config.url, secret=True),
    min_interval_s=0.5,
)
