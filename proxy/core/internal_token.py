"""Tokens with which the control plane calls the gateway for an organisation: no key of anybody, and valid for a minute.

They are sealed with the secret of the installation, which only its control plane and its gateways have.
"""

import base64
import binascii
from typing import Final

import msgspec

from proxy.core.secret import Secret, SecretError

__all__ = ["issue_token", "looks_internal", "org_of_token"]

_PREFIX: Final = "perihelion-internal."
_ABOUT: Final = "internal token"
_VALID_US: Final = 60_000_000


class _Grant(msgspec.Struct, frozen=True):
    org: str
    expires_us: int


def issue_token(secret: Secret, org: str, now_us: int) -> str:
    """A token for calls of `org`, to send as `Helicone-Auth: Bearer <token>`."""
    grant = msgspec.json.encode(_Grant(org, now_us + _VALID_US))
    return _PREFIX + base64.urlsafe_b64encode(secret.seal(grant, _ABOUT)).decode("ascii")


def looks_internal(token: str) -> bool:
    """Whether `token` has the form of one; says nothing of its validity."""
    return token.startswith(_PREFIX)


def org_of_token(secret: Secret, token: str, now_us: int) -> str:
    """The organisation of a token; empty where it was not issued with this secret, or has expired."""
    try:
        sealed = base64.urlsafe_b64decode(token.removeprefix(_PREFIX).encode("ascii"))
        grant = msgspec.json.decode(secret.open(sealed, _ABOUT), type=_Grant)
    except (UnicodeEncodeError, binascii.Error, SecretError, msgspec.MsgspecError):
        return ""
    # One that ends later than any that is issued now is of before the clock went back. Clocks differ by a little.
    return grant.org if now_us < grant.expires_us <= now_us + 2 * _VALID_US else ""
