"""Phase: fills in a managed prompt, or returns the body unchanged."""

from proxy.gateway.directory import Directory
from proxy.gateway.exchange import Exchange
from proxy.gateway.prompting import Prompts

__all__ = ["render"]


def render(ex: Exchange, prompts: Prompts, directory: Directory) -> bytes:
    """Return the caller's own bytes, unless the call names a managed prompt or sends variables."""
    return prompts.render(ex, directory.current) if prompts.may_apply(ex.head.fields, ex.body) else ex.body
