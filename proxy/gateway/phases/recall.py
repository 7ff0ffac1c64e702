"""The cache: an answer kept from before, of the same type as a sent one."""

from proxy.gateway.exchange import Exchange
from proxy.upstream.base import Answer

__all__ = ["recall"]


async def recall(ex: Exchange) -> Answer | None:
    """None: nothing is kept. (Cache headers are refused in `directives` until there is a cache.)"""
    return None
