"""Who pays."""

from proxy.core.errors import Unauthorized
from proxy.core.identity import Identity
from proxy.core.settings import Settings
from proxy.gateway.exchange import Ask

__all__ = ["identify"]

_OPEN = Identity()


def identify(ask: Ask, settings: Settings) -> Identity:
    """The identity behind the caller's key. Raises `Unauthorized` where keys are required and this is none."""
    if settings["auth.mode"] == "open":
        return _OPEN
    if not ask.key:
        raise Unauthorized("No key: send Helicone-Auth: Bearer sk-perihelion-….", param="Helicone-Auth")
    raise Unauthorized(
        "The key in Helicone-Auth is not known here, or was revoked.", code="unknown_key", param="Helicone-Auth"
    )
