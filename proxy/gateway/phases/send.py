"""The call goes out; the head of its answer comes back."""

import asyncio

from proxy.core.clock import monotonic
from proxy.core.errors import ClientGone, UpstreamError
from proxy.core.record import Attempt
from proxy.gateway.exchange import Exchange
from proxy.gateway.gateway import Gateway
from proxy.gateway.tap import Tap
from proxy.upstream.base import Answer

__all__ = ["send"]


async def send(ex: Exchange, gw: Gateway) -> Answer:
    """The provider's answer, at its head. Sets `ex.found`. Raises `UpstreamError`, or `ClientGone` where the caller
    left first and the setting says to cut."""
    began = monotonic()
    gw.watchdog.add(ex)
    try:
        answer = await gw.upstream.send(ex.call)
    except UpstreamError as error:
        ex.attempts.append(_attempt(ex, began, 0, error.code))
        raise
    except asyncio.CancelledError:
        ex.attempts.append(_attempt(ex, began, 0, "client_left"))
        if ex.client_left:  # the watchdog cancelled us, not a shutdown
            current = asyncio.current_task()
            if current is not None:
                current.uncancel()
            raise ClientGone("the caller left before the answer began") from None
        raise
    finally:
        gw.watchdog.discard(ex)
    ex.attempts.append(_attempt(ex, began, answer.status, ""))
    ex.found = Tap(answer, ex.route.dialect, ex.usage_injected, gw.max_logged_body, ex.route.path)
    return answer


def _attempt(ex: Exchange, began: float, status: int, error: str) -> Attempt:
    start = ex.started
    return Attempt(
        ex.route.provider.name,
        ex.route.host,
        ex.route.model_in_path,
        round((began - start) * 1e6),
        round((monotonic() - start) * 1e6),
        status,
        error,
        0,
    )
