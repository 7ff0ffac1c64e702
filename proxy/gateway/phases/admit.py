"""Phase: takes from the limits of calls, tokens and money: all or none."""

from proxy.gateway.exchange import Exchange
from proxy.gateway.limits import Limits
from proxy.gateway.request import Request

__all__ = ["admit"]


async def admit(ex: Exchange, request: Request, limits: Limits) -> None:
    """Take what the call may use from every limit it falls under. Raises `Limited`; then nothing was taken."""
    identity = request.identity
    rules = limits.rules.find(request.head.fields.rate_policy, identity.policy, identity.org_policy)
    if rules.rules:
        await limits.admit(ex, request, rules)
