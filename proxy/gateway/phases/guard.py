"""Phase: the guards that the call asks for look at its text.

Before the cache is asked: a stored answer may come from a call that asked for no guard, and whether a text is refused
must not depend on what is stored. After the limits: they protect the services that the guards ask.
"""

import asyncio

from proxy.gateway.exchange import Exchange
from proxy.gateway.guards import Guards
from proxy.gateway.request import Request
from proxy.gateway.watchdog import Watchdog, raise_if_client_left

__all__ = ["guard"]


async def guard(ex: Exchange, request: Request, guards: Guards, watchdog: Watchdog) -> None:
    """Raises `BadRequest` for a text that a guard flags, what `Guards.check` says of checks that failed, and
    `ClientDisconnected` where the caller left first."""
    watchdog.add(ex, cut=True)
    try:
        await guards.check(ex, request, ex.guards)
    except asyncio.CancelledError:
        raise_if_client_left(ex.outcome)
        raise
    finally:
        watchdog.discard(ex)
