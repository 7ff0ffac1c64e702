"""Detects clients that disconnect while a provider is silent.

Most calls are answered at once and cost only a dict entry. A call that has waited for `_PATIENCE_S` gets a watcher on
its connection.
"""

import asyncio
from typing import Any

from proxy.core.clock import monotonic
from proxy.core.errors import ClientDisconnected
from proxy.gateway.exchange import Exchange, Outcome

__all__ = ["Watchdog", "raise_if_client_left"]

_PATIENCE_S = 1.0


class Watchdog:
    """The watchdog of one event loop. A call whose client disconnected is cancelled; with `drains` its answer is read
    to the end instead. A call added with `cut` is always cancelled: between two attempts there is no answer to read."""

    def __init__(self, drains: bool) -> None:
        self._waiting: dict[Exchange, asyncio.Task[Any] | None] = {}
        self._watched: set[Exchange] = set()
        self._drains = drains
        self._timer: asyncio.TimerHandle | None = None

    def add(self, ex: Exchange, cut: bool = False) -> None:
        self._waiting[ex] = None if self._drains and not cut else asyncio.current_task()
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
        ex.outcome.client_left = monotonic()
        task = self._waiting.get(ex)
        if task is not None:
            task.cancel()


def raise_if_client_left(outcome: Outcome) -> None:
    """Raise `ClientDisconnected` where it was the watchdog that cancelled this task, and not a shutdown."""
    current = asyncio.current_task()
    if outcome.client_left and current is not None:
        current.uncancel()
        raise ClientDisconnected("the client disconnected before the response began") from None
