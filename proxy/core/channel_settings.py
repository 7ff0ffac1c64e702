"""Settings of channels, webhooks and the links in what they send."""

from typing import Final

from proxy.core.setting import SECONDS, SECONDS_LIST, Setting

__all__ = ["CHANNEL_SETTINGS"]

CHANNEL_SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "dashboard.url",
        "",
        "URL of the dashboard in messages to people. Empty: made of control.host and control.port.",
    ),
    Setting(
        "channels.allow",
        "",
        "Origins inside your network that channels and webhooks may call, comma-separated: `http://10.0.0.5:9000`, "
        "`smtp://mail.internal:25`.",
    ),
    Setting("channels.timeout_s", 20.0, "Timeout of one attempt to send a notification or a webhook.", *SECONDS),
    Setting(
        "channels.retry_s",
        "5,30,120,600,1800,7200,18000,36000,50400,72000,86400",
        "Seconds before each further attempt to send a notification; after the last one it is given up.",
        *SECONDS_LIST,
    ),
)
