"""The offer of HTTP/2 in a request of HTTP/1.1, which is passed over."""

import re
from typing import Final

__all__ = ["without_offer"]

_OFFER: Final = re.compile(rb"\r\nupgrade:[ \t]*h2c[ \t]*(?=\r\n|$)", re.IGNORECASE)


def without_offer(data: bytes) -> bytes:
    """Returns the request without the offer to upgrade to HTTP/2 that Java's HTTP client makes where there is no TLS.

    A server may ignore the offer; llhttp would take what follows the head for another protocol."""
    head, end, rest = data.partition(b"\r\n\r\n")
    return _OFFER.sub(b"", head, 1) + end + rest if end else data
