"""Sends what a channel builds as one HTTP request, and reads what the answer means."""

import email.utils
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from proxy.channels.base import Network, Receipt
from proxy.core.masking import mask
from proxy.core.notification import Notification
from proxy.net.client import HttpError, HttpResponse

__all__ = ["HttpMessage", "post", "read_answer", "retry_after", "send_by"]

_MAX_RETRY_AFTER_S: Final = 86_400.0
_USER_AGENT: Final = "Perihelion"
_ERROR_CHARS: Final = 300


class HttpMessage(msgspec.Struct, frozen=True):
    """One POST."""

    url: str
    content: bytes
    headers: dict[str, str] = {}


def send_by(
    build: Callable[[Notification, Any, int], HttpMessage],
    read: Callable[[HttpResponse], Receipt] | None = None,
) -> Callable[[Notification, Any, Network, int], Receipt]:
    """What a kind of channel does whose notifications are one POST each."""

    def send(notification: Notification, config: Any, network: Network, now_us: int) -> Receipt:
        return post(build(notification, config, now_us), network, read or read_answer)

    return send


def post(message: HttpMessage, network: Network, read: Callable[[HttpResponse], Receipt] | None = None) -> Receipt:
    """Send one message. Never raises for what the receiver does."""
    headers = {"Content-Type": "application/json", "User-Agent": _USER_AGENT, **message.headers}
    try:
        answer = network.http.request("POST", message.url, headers=headers, content=message.content, cut_body=True)
    except HttpError as error:
        # The address itself may be a secret.
        return Receipt(sent=False, error=str(error).replace(message.url + ": ", ""))
    receipt = (read or read_answer)(answer)
    # A receiver may quote what it was sent, its key with it.
    return msgspec.structs.replace(receipt, error=mask(receipt.error)) if receipt.error else receipt


def read_answer(answer: HttpResponse) -> Receipt:
    """2xx is taken; 410 is gone; of a redirect the address is named; anything else is tried again."""
    if 200 <= answer.status < 300:
        return Receipt(sent=True, status=answer.status)
    text = " ".join(answer.body[: 4 * _ERROR_CHARS].decode("utf-8", "replace").split())[:_ERROR_CHARS]
    error = f"HTTP {answer.status}" + (f": {text}" if text and text.isprintable() else "")
    if 300 <= answer.status < 400:
        error = f"HTTP {answer.status}: it redirects, and redirects are not followed; set the final address"
    return Receipt(
        sent=False,
        status=answer.status,
        error=error,
        gone=answer.status == 410,
        retry_after_s=retry_after(answer.headers.get("retry-after", "")),
    )


def retry_after(text: str) -> float | None:
    """Seconds of a `Retry-After`: a number, or a date of HTTP; at most a day. None where there is none."""
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
    return min(max(0.0, seconds), _MAX_RETRY_AFTER_S) if seconds == seconds else None
