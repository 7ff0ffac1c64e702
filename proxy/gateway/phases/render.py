"""Phase: fills in a managed prompt, or returns the body unchanged."""

import asyncio
from typing import Final

from proxy.gateway.directory import Directory
from proxy.gateway.exchange import Exchange
from proxy.gateway.prompting import Prompts

__all__ = ["render"]

_MAX_INLINE: Final = 16 << 10
"""Bytes of a body and its variables that are filled in on the event loop; more is filled in by a thread."""


async def render(ex: Exchange, prompts: Prompts, directory: Directory) -> bytes:
    """Return the caller's own bytes, unless the call names a managed prompt or sends variables."""
    fields = ex.head.fields
    if not prompts.may_apply(fields, ex.body):
        return ex.body
    if len(ex.body) + len(fields.directives.get("prompt-variables", "")) <= _MAX_INLINE:
        return prompts.render(ex, directory.current)
    return await asyncio.to_thread(prompts.render, ex, directory.current)
