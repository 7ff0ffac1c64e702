"""Phase: fills in a managed prompt, or returns the body unchanged."""

from proxy.gateway.exchange import Exchange
from proxy.gateway.gateway import Gateway

__all__ = ["render"]


def render(ex: Exchange, gw: Gateway) -> bytes:
    """The caller's own bytes, unless the call names a managed prompt or sends variables."""
    return gw.prompts.render(ex, gw.directory.now) if gw.prompts.asked(ex) else ex.body
