"""Any of the receivers that apprise knows, by its own addresses: `perihelion[apprise]` installs it.

Apprise makes its own connections, so a host is checked once before apprise resolves it again; who installs it accepts
that. It follows no redirects here, and what acts on this machine (`syslog://`, `dbus://`, …) is refused. Apprise knows
neither acknowledging nor resolving: each notification is a message.
"""

from importlib.util import find_spec
from typing import Annotated, Any, Final

import msgspec

from proxy.channels.base import ChannelKind, Network, Receipt
from proxy.channels.fields import BadConfig, Secret
from proxy.channels.text import alert_line, clipped, heading, labels_text
from proxy.core.notification import Notification
from proxy.net.connect import AddressRefused, checked_addresses

__all__ = ["APPRISE", "AppriseConfig"]

_MAX_ALERTS: Final = 10
_LOCAL: Final = frozenset({"dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})
"""Schemes of apprise that act on this machine."""
_PORTS: Final = {True: 443, False: 80}


class AppriseConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[
        str,
        Secret("In apprise's form: `tgram://token/chat`.", title="Apprise URL", min_length=4, max_length=2000),
    ]


def _unavailable() -> str:
    return "" if find_spec("apprise") else "apprise is not installed: pip install 'perihelion[apprise]'"


def _receiver(url: str) -> Any:
    """What apprise makes of the address; None where it knows no such one."""
    import apprise

    asset = apprise.AppriseAsset(http_redirects=False, async_mode=False)
    return apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


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
    receiver = _receiver(config.url)
    if receiver is None:
        return Receipt(sent=False, error="apprise does not know this address", final=True)
    try:
        for host in {getattr(receiver, "host", ""), getattr(receiver, "smtp_host", "")} - {"", None}:
            if "host" in receiver.template_tokens:
                port = receiver.port or _PORTS[bool(receiver.secure)]
                checked_addresses(host, port, network.trusted)
    except AddressRefused as error:
        return Receipt(sent=False, error=str(error))
    receiver.socket_connect_timeout = receiver.socket_read_timeout = network.timeout_s / 2
    try:
        sent = receiver.notify(
            body=_body(notification), title=clipped(heading(notification), 200), notify_type=_type(notification)
        )
    except Exception as error:  # noqa: BLE001 - 190 plug-ins raise what they like
        return Receipt(sent=False, error=f"apprise: {type(error).__name__}")
    return Receipt(sent=bool(sent), error="" if sent else "apprise could not send it")


def _check(config: AppriseConfig) -> None:
    scheme = config.url.partition("://")[0].lower()
    if scheme in _LOCAL:
        raise BadConfig("url", f"{scheme}://…", "a receiver that is not this machine itself")
    if not _unavailable() and _receiver(config.url) is None:
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
