"""Phase: gives back at the end of a call what it held."""

from proxy.core import log
from proxy.core.clock import monotonic
from proxy.gateway.exchange import Exchange
from proxy.gateway.limits import Limits

__all__ = ["settle"]


def settle(ex: Exchange, limits: Limits) -> None:
    """Settle reservations, close the answer, and tell those who joined where no answer will come.

    Never raises: a call must not fail because of what comes after it.
    """
    held = ex.held
    ex.outcome.ended = monotonic()
    try:
        if held.limits is not None:
            limits.settle(ex, held.limits)
    except Exception as error:
        log.swallowed("settle", error)
    try:
        if held.answer is not None:
            held.answer.close()
        if held.inflight is not None and not held.inflight.status:
            held.inflight.give_up(ex.outcome.upstream_error)
    except Exception as error:
        log.swallowed("settle", error)
