"""The body that goes out: a managed prompt filled in, or the body as it came."""

from proxy.gateway.exchange import Exchange

__all__ = ["render"]


def render(ex: Exchange) -> bytes:
    """The caller's own bytes. (Managed prompts are refused in `directives` until they are built.)"""
    return ex.body
