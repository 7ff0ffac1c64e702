"""Any of the receivers that apprise knows, by its own addresses: `perihelion[apprise]` installs it.

Apprise makes its own connections, in a process that refuses those which are not allowed (`apprise_process`). It follows
no redirects here, and what acts on this machine (`syslog://`, `dbus://`, …) is refused. Apprise knows neither
acknowledging nor resolving: each notification is a message.
"""

from importlib.util import find_spec
from typing import Annotated, Final

import msgspec

from proxy.channels.apprise_process import AppriseMessage, run
from proxy.channels.base import ChannelKind, Network, Receipt
from proxy.channels.fields import BadConfig, Secret
from proxy.channels.text import alert_line, clipped, heading, labels_text
from proxy.core.notification import Notification

__all__ = ["APPRISE", "AppriseConfig"]

_MAX_ALERTS: Final = 10
_LOCAL: Final = frozenset({"dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})
"""Schemes of apprise that act on this machine."""


class AppriseConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[
        str,
        Secret("In apprise's form: `tgram://token/chat`.", title="Apprise URL", min_length=4, max_length=2000),
    ]


def _unavailable() -> str:
    return "" if find_spec("apprise") else "apprise is not installed: pip install 'perihelion[apprise]'"


def _is_known(url: str) -> bool:
    """Whether apprise can make something of the address."""
    import apprise

    return apprise.Apprise.instantiate(url, suppress_exceptions=True) is not None


def _body(notification: Notification) -> str:
    lines = [part for part in (notification.summary, notification.description) if part]
    lines += [
        " ".join(part for part in (f"{labels_text(alert)}: {alert_line(alert)}", alert.url) if part)
        for alert in notification.alerts[:_MAX_ALERTS]
    ]
    if (more := len(notification.alerts) - _MAX_ALERTS) > 0:
        lines.append(f"and {more} more")
    links = (notification.url, notification.acknowledge_url)
    return clipped("\n".join([*lines, *(link for link in links if link)]), 3500)


def _type(notification: Notification) -> str:
    if notification.state == "resolved":
        return "success"
    return {"critical": "failure", "error": "failure", "warning": "warning", "info": "info"}[notification.severity]


def _send(notification: Notification, config: AppriseConfig, network: Network, now_us: int) -> Receipt:
    if missing := _unavailable():
        return Receipt(sent=False, error=missing)
    done = run(
        AppriseMessage(
            url=config.url,
            title=clipped(heading(notification), 200),
            body=_body(notification),
            type=_type(notification),
            trusted=sorted(network.trusted),
            timeout_s=network.timeout_s,
        )
    )
    return Receipt(sent=done.sent, error=done.error, final=done.final)


def _check(config: AppriseConfig) -> None:
    scheme = config.url.partition("://")[0].lower()
    if scheme in _LOCAL:
        raise BadConfig("url", f"{scheme}://…", "a receiver that is not this machine itself")
    if not _unavailable() and not _is_known(config.url):
        raise BadConfig("url", "***", "an address that apprise knows")


APPRISE: Final = ChannelKind(
    name="apprise",
    title="Apprise",
    help="Receivers without a kind of their own (Telegram, Matrix, ntfy, …), as apprise's documentation writes them.",
    config=AppriseConfig,
    send=_send,
    check=_check,
    unavailable=_unavailable,
)
