"""Who pays."""

from proxy.core.errors import Unauthorized
from proxy.core.identity import Identity
from proxy.gateway.exchange import RequestHead
from proxy.gateway.gateway import Gateway

__all__ = ["identify"]

_OPEN = Identity()


def identify(head: RequestHead, gw: Gateway) -> Identity:
    """The identity behind the caller's key; without keys required the default one. Raises `Unauthorized`."""
    directory = gw.directory
    row = directory.key(head.key) if head.key else None
    if row is not None:
        policies = directory.now.policies
        standing = policies.get(row.org, "") if policies else ""
        return Identity(row.org, row.id, f"{row.policy}\n{standing}" if standing else row.policy)
    if not gw.requires_keys:
        standing = directory.now.policies.get(_OPEN.org, "")
        return Identity(policy="\n" + standing) if standing else _OPEN
    if not head.key:
        raise Unauthorized("A key is required: send Helicone-Auth: Bearer sk-perihelion-….", param="Helicone-Auth")
    raise Unauthorized(
        "The key in Helicone-Auth is unknown, expired or revoked.",
        code="unknown_key",
        param="Helicone-Auth",
    )
