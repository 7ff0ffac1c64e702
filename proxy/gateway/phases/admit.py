"""Policies: limits and budgets, all or none."""

from proxy.gateway.exchange import Exchange
from proxy.policies import POLICIES

__all__ = ["admit"]


async def admit(ex: Exchange) -> None:
    """Asks each policy in its order; the first that refuses raises `Limited`."""
    for policy in POLICIES:
        await policy.admit(ex)
