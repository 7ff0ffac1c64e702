"""Limits: of calls, tokens and money, all or none."""

from proxy.gateway.exchange import Exchange
from proxy.gateway.gateway import Gateway

__all__ = ["admit"]


async def admit(ex: Exchange, gw: Gateway) -> None:
    """Takes what the call may use from every limit that it falls under. Raises `Limited`, nothing being taken."""
    rules = gw.limits.rules(ex.head.fields.rate_policy, ex.identity.policy)
    if rules:
        await gw.limits.admit(ex, rules)
