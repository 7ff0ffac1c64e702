"""Detects clients that disconnect while a provider is silent.

Most calls are answered at once and cost only a dict entry. A call that has waited for `_PATIENCE_S` gets a watcher on
its connection.
"""

import asyncio

from proxy.core.clock import monotonic
from proxy.core.errors import ClientDisconnected
from proxy.gateway.exchange import Exchange, Outcome

__all__ = ["Watchdog", "raise_if_client_left"]

_PATIENCE_S = 1.0


class Watchdog:
    """The watchdog of one event loop. A call whose client disconnected is cancelled after `drain_s`, the time in which
    its answer may still begin. A call added with `cut` is cancelled at once: between two attempts there is none."""

    def __init__(self, drain_s: float) -> None:
        self._waiting: dict[Exchange, bool] = {}
        """Each call that waits, and whether it is cancelled at once."""
        self._watched: set[Exchange] = set()
        self._drain_s = drain_s
        self._timer: asyncio.TimerHandle | None = None

    def add(self, ex: Exchange, cut: bool = False) -> None:
        self._waiting[ex] = cut
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE_S, self._sweep)

    def discard(self, ex: Exchange) -> None:
        self._waiting.pop(ex, None)
        if self._watched:
            self._watched.discard(ex)

    def _sweep(self) -> None:
        now = monotonic()
        self._timer = None
        for ex in list(self._waiting):
            if ex not in self._watched and now - ex.started > _PATIENCE_S:
                self._watched.add(ex)
                ex.wire.watch(lambda ex=ex: self._left(ex))  # type: ignore[misc]
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE_S, self._sweep)

    def _left(self, ex: Exchange) -> None:
        if ex not in self._waiting:
            return  # it has gone on since then, and its next step notices
        left = ex.outcome.client_left = ex.wire.left_at or monotonic()
        delay_s = 0.0 if self._waiting[ex] else left + self._drain_s - monotonic()
        if delay_s > 0:
            asyncio.get_running_loop().call_later(delay_s, self._cancel, ex)
        else:
            self._cancel(ex)

    def _cancel(self, ex: Exchange) -> None:
        if ex in self._waiting:
            ex.wire.task.cancel()


def raise_if_client_left(outcome: Outcome) -> None:
    """Raise `ClientDisconnected` where it was the watchdog that cancelled this task, and not a shutdown."""
    current = asyncio.current_task()
    if outcome.client_left and current is not None:
        current.uncancel()
        raise ClientDisconnected("the client disconnected before the response began") from None
