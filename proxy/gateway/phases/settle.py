"""The end of every call, whatever its fate: what was held is given back."""

from proxy.core import log
from proxy.core.clock import monotonic
from proxy.gateway.exchange import Exchange
from proxy.gateway.gateway import Gateway

__all__ = ["settle"]


def settle(ex: Exchange, gw: Gateway) -> None:
    """Limits get their reservation back, the pool its connection, and who waits for this answer is told. Never
    raises: a call must not fail because of what comes after it."""
    ex.settled = True
    ex.ended = monotonic()
    try:
        if ex.hold is not None:
            gw.limits.settle(ex)
    except Exception as error:
        log.swallowed("settle", error)
    try:
        if ex.answer is not None:
            ex.answer.close()
        if ex.inflight is not None and not ex.inflight.status:
            ex.inflight.give_up(ex.failure)
    except Exception as error:
        log.swallowed("settle", error)
