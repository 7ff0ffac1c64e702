"""A webhook of your own: the whole notification as JSON, signed as Standard Webhooks says."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from proxy.channels.base import ChannelKind
from proxy.channels.fields import BadConfig, Secret, check_url
from proxy.channels.http import HttpMessage, send_by
from proxy.channels.signing import MAX_SECRET, is_secret, signed_headers
from proxy.channels.text import timestamp
from proxy.core.notification import Notification, event_type

__all__ = ["WEBHOOK", "WebhookConfig"]


class WebhookConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, Meta(title="URL", description="What receives the POST requests.", max_length=2000)]
    secret: Annotated[
        str,
        Secret(
            "What signs the messages: `whsec_` and 24 to 64 bytes as base64. Empty: one is made and shown once.",
            title="Signing secret",
            max_length=MAX_SECRET,
        ),
    ] = ""
    previous_secret: Annotated[str, Meta(extra={"secret": True, "hidden": True})] = ""
    """The one before, which signs too until `previous_until_us`."""
    previous_until_us: Annotated[int, Meta(extra={"hidden": True})] = 0


def _build(notification: Notification, config: WebhookConfig, now_us: int) -> HttpMessage:
    envelope: dict[str, Any] = {
        "type": event_type(notification),
        "timestamp": timestamp(notification.created_us),
        "data": notification,
    }
    content = msgspec.json.encode(envelope)
    secrets = [config.secret, config.previous_secret] if config.previous_until_us > now_us else [config.secret]
    return HttpMessage(
        config.url, content, signed_headers([one for one in secrets if one], notification.id, now_us // 10**6, content)
    )


def _check(config: WebhookConfig) -> None:
    check_url("url", config.url)
    if config.secret and not is_secret(config.secret):
        raise BadConfig("secret", "***", "whsec_ and 24 to 64 bytes as base64")


WEBHOOK: Final = ChannelKind(
    name="webhook",
    title="Webhook",
    help="A program of yours that takes POST requests. It checks the signature with the secret.",
    config=WebhookConfig,
    send=send_by(_build),
    check=_check,
)
