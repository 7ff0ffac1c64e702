"""E-mail, by an SMTP server: text and HTML in one message."""

import html
import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from proxy.channels.base import ChannelKind, Network, Receipt
from proxy.channels.fields import BadConfig, Secret
from proxy.channels.text import alert_line, color_of, heading, labels_text, moment
from proxy.core.notification import Notification, NotifiedAlert
from proxy.net.connect import AddressRefused, Place, open_socket

__all__ = ["EMAIL", "EmailConfig"]

_MAX_TO: Final = 50


class EmailConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: Annotated[str, Meta(title="SMTP server", description="Its host name.", min_length=1, max_length=253)]
    sender: Annotated[str, Meta(title="From", description="The address that it comes from.", max_length=254)]
    to: Annotated[
        list[Annotated[str, Meta(max_length=254)]],
        Meta(title="To", description="The addresses that get it.", min_length=1, max_length=_MAX_TO),
    ]
    port: Annotated[int, Meta(title="Port", ge=1, le=65535)] = 587
    security: Annotated[
        Literal["starttls", "tls", "none"],
        Meta(title="Encryption", description="`starttls` (port 587), `tls` (port 465), or `none`."),
    ] = "starttls"
    username: Annotated[str, Meta(title="User name", description="Empty: no login.", max_length=254)] = ""
    password: Annotated[str, Secret("Of that user.", title="Password", max_length=1024)] = ""


def _message(notification: Notification, config: EmailConfig) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = " ".join(heading(notification).split())[:200]
    message["From"] = config.sender
    message["To"] = ", ".join(config.to)
    message["Date"] = formatdate(notification.created_us / 1e6)
    domain = config.sender.rpartition("@")[2]
    message["Message-ID"] = f"<{notification.id}@{domain}>"
    # Messages of one alert are one conversation.
    thread = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-"
        for letter in notification.dedup_key
    )
    message["References"] = f"<{thread}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Perihelion-Severity"] = notification.severity
    message.set_content(_text(notification))
    message.add_alternative(_html(notification), subtype="html")
    return message


def _alert_text(alert: NotifiedAlert) -> str:
    lines = [f"- {labels_text(alert)}: {alert_line(alert)}", f"  since {moment(alert.since_us)}"]
    return "\n".join([*lines, f"  {alert.url}"] if alert.url else lines)


def _text(notification: Notification) -> str:
    parts = [heading(notification), notification.summary, notification.description]
    parts += ["\n".join(_alert_text(alert) for alert in notification.alerts)]
    links = [("Rule", notification.url), ("Acknowledge", notification.acknowledge_url)]
    parts += ["\n".join(f"{name}: {url}" for name, url in links if url)]
    parts += [f"{notification.severity}, {notification.org_name}, {moment(notification.created_us)}"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _link(url: str, text: str) -> str:
    return f'<a href="{html.escape(url)}">{html.escape(text)}</a>'


def _html(notification: Notification) -> str:
    """Inline styles and a table: what mail programs show."""
    rows = "".join(
        '<tr><td style="padding:4px 12px 4px 0">'
        + (_link(alert.url, labels_text(alert)) if alert.url else html.escape(labels_text(alert)))
        + f'</td><td style="padding:4px 12px 4px 0"><b>{html.escape(alert.value_text)}</b></td>'
        + f'<td style="padding:4px 12px 4px 0">{html.escape(alert.threshold_text)}</td>'
        + f'<td style="padding:4px 0;color:#666">since {moment(alert.since_us)}</td></tr>'
        for alert in notification.alerts
    )
    words = "".join(f"<p>{html.escape(part)}</p>" for part in (notification.summary, notification.description) if part)
    links = [("Open the rule", notification.url), ("Acknowledge", notification.acknowledge_url)]
    buttons = " &nbsp; ".join(_link(url, name) for name, url in links if url)
    about = f"{notification.severity} · {notification.org_name} · {moment(notification.created_us)}"
    return (
        '<!doctype html><html><body style="font-family:sans-serif;font-size:14px;color:#222">'
        f'<h2 style="border-left:6px solid #{color_of(notification):06x};padding-left:10px">'
        f"{html.escape(heading(notification))}</h2>{words}"
        f'<table style="border-collapse:collapse;font-size:14px">{rows}</table>'
        f'<p>{buttons}</p><p style="color:#666;font-size:12px">{html.escape(about)}</p></body></html>\n'
    )


class _Smtp(smtplib.SMTP):
    """Connects to an address that was checked."""

    def __init__(self, trusted: frozenset[Place], timeout: float, context: ssl.SSLContext | None) -> None:
        self._trusted = trusted
        self._context = context
        """Set where TLS begins with the connection."""
        super().__init__(timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        connection = open_socket(host, port, self._trusted, timeout)
        if self._context is None:
            return connection
        return self._context.wrap_socket(connection, server_hostname=host)


def _send(notification: Notification, config: EmailConfig, network: Network, now_us: int) -> Receipt:
    context = ssl.create_default_context() if config.security != "none" else None
    server = _Smtp(network.trusted, network.timeout_s, context if config.security == "tls" else None)
    late = threading.Event()

    def cut() -> None:
        late.set()
        with suppress(OSError, AttributeError):
            server.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]

    # The timeout of a socket is for one read: a server that sends a byte now and then would never reach it.
    timer = threading.Timer(network.timeout_s, cut)
    timer.daemon = True
    timer.start()
    try:
        server._host = config.host  # type: ignore[attr-defined] # what STARTTLS checks the certificate against
        server.connect(config.host, config.port)
        if config.security == "starttls":
            server.starttls(context=context)
        if config.username:
            server.login(config.username, config.password)
        refused = server.send_message(_message(notification, config), config.sender, config.to)
        left_out = "; ".join(f"{to}: {_said(*answer)}" for to, answer in refused.items())
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        return Receipt(sent=True, status=250, error=f"not taken for {left_out}" if left_out else "")
    except smtplib.SMTPRecipientsRefused as error:
        to, answer = next(iter(error.recipients.items()))
        return Receipt(sent=False, status=int(answer[0]), error=f"{to}: {_said(*answer)}")
    except smtplib.SMTPResponseException as error:
        return Receipt(sent=False, status=error.smtp_code, error=_said(error.smtp_code, error.smtp_error))
    except (smtplib.SMTPException, AddressRefused, OSError, ValueError) as error:
        if late.is_set():
            return Receipt(sent=False, error=f"not done within {network.timeout_s:g} seconds")
        return Receipt(sent=False, error=f"{config.host}:{config.port}: {error or type(error).__name__}")
    finally:
        timer.cancel()
        server.close()


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join(f"SMTP {code} {text}".split())[:300]


def _check(config: EmailConfig) -> None:
    for field, addresses in (("sender", [config.sender]), ("to", config.to)):
        for address in addresses:
            try:
                whole = Address(addr_spec=address)
                valid = bool(whole.username and whole.domain) and address.isascii() and address.isprintable()
            except (ValueError, IndexError):
                valid = False
            if not valid or " " in address:
                raise BadConfig(field, address[:120], "an e-mail address in ASCII")
    if not config.host.isascii() or not config.host.isprintable() or set(config.host) & set(" /@"):
        raise BadConfig("host", config.host[:120], "a host name")
    if config.password and not config.username:
        raise BadConfig("username", "", "a user name, where there is a password")


EMAIL: Final = ChannelKind(
    name="email",
    title="E-mail",
    help="Any SMTP server that lets you send.",
    config=EmailConfig,
    send=_send,
    check=_check,
)
