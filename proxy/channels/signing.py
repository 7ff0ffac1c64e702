"""Signatures of webhooks: Standard Webhooks 1.0 (headers `webhook-id`, `webhook-timestamp`, `webhook-signature`)."""

import base64
import binascii
import hmac
import os
from collections.abc import Sequence
from typing import Final

__all__ = ["MAX_SECRET", "helicone_signature", "is_secret", "make_secret", "signed_headers"]

_PREFIX: Final = "whsec_"
_BYTES: Final = 32
MAX_SECRET: Final = 100
"""Characters of a secret: 64 bytes as base64, and the prefix."""


def make_secret() -> str:
    """A new secret: `whsec_` and 32 random bytes as base64."""
    return _PREFIX + base64.b64encode(os.urandom(_BYTES)).decode()


def helicone_signature(secret: str, content: bytes) -> str:
    """The value of `Helicone-Signature`: the text of the secret is the key."""
    return hmac.digest(secret.encode(), content, "sha256").hex()


def is_secret(text: str) -> bool:
    """Whether that is `whsec_` and 24 to 64 bytes as base64."""
    try:
        return text.startswith(_PREFIX) and 24 <= len(_key(text)) <= 64
    except (binascii.Error, ValueError):
        return False


def signed_headers(secrets: Sequence[str], id: str, timestamp_s: int, content: bytes) -> dict[str, str]:
    """The headers of one message. While a secret is rotated there are two, and a signature by each. A secret without
    `whsec_` is used as it is."""
    signed = b"%b.%d.%b" % (id.encode(), timestamp_s, content)
    signatures = (base64.b64encode(hmac.digest(_key(secret), signed, "sha256")).decode() for secret in secrets)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
