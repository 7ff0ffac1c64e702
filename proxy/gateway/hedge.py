"""Hedging: a second attempt for a slow call that is marked as safe to send twice (`Helicone-Hedge-Enabled`).

It leaves once the first is later than 95 of 100 were; the first answer wins and the other is cut. No more than
`hedge.percent` of the calls so marked are sent twice, so that a slow hour is not made a slower one.
"""

import asyncio
from collections import OrderedDict, deque
from typing import Final

from proxy.core.clock import monotonic
from proxy.core.errors import UpstreamError
from proxy.upstream.base import Answer, Upstream, UpstreamRequest

__all__ = ["Hedge", "Race"]

_MAX_SAMPLES: Final = 256
_MIN_SAMPLES: Final = 20
"""With fewer samples no call counts as late."""
_MAX_KEYS: Final = 4096


class Race:
    """What became of a call that was raced: when the second left and which one won (0 or 1)."""

    def __init__(self) -> None:
        self.second_at = 0.0
        self.winner = 0


class Hedge:
    """One worker's knowledge of how long answers take to begin, by provider, operation and model."""

    def __init__(self, percent: float) -> None:
        self._share = percent / 100
        self._took: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()
        self.calls = 0
        self.raced = 0

    def late_after(self, key: tuple[str, ...]) -> float | None:
        """Return the seconds after which a call is later than 95 of 100; None while that is not known."""
        took = self._took.get(key)
        if took is None or len(took) < _MIN_SAMPLES:
            return None
        return sorted(took)[len(took) * 95 // 100]

    def learn(self, key: tuple[str, ...], seconds: float) -> None:
        took = self._took.get(key)
        if took is None:
            took = self._took[key] = deque(maxlen=_MAX_SAMPLES)
            if len(self._took) > _MAX_KEYS:
                self._took.popitem(last=False)
        took.append(seconds)

    async def send(self, upstream: Upstream, call: UpstreamRequest, key: tuple[str, ...], race: Race) -> Answer:
        """Return the first answer of at most two attempts. Raises the last one's `UpstreamError` where both fail."""
        self.calls += 1
        began = monotonic()
        late_s = self.late_after(key)
        if late_s is None or self.raced + 1 > self.calls * self._share:
            answer = await upstream.send(call)
        else:
            answer = await self._race(upstream, call, late_s, race)
        self.learn(key, monotonic() - began)
        return answer

    async def _race(self, upstream: Upstream, call: UpstreamRequest, late_s: float, race: Race) -> Answer:
        tasks = [asyncio.ensure_future(upstream.send(call))]
        won: asyncio.Task[Answer] | None = None
        try:
            done, _ = await asyncio.wait(tasks, timeout=late_s)
            if not done:
                self.raced += 1
                race.second_at = monotonic()
                tasks.append(asyncio.ensure_future(upstream.send(call)))
            error: UpstreamError | None = None
            failed_answer: asyncio.Task[Answer] | None = None
            open_ones = set(tasks)
            while open_ones:
                done, open_ones = await asyncio.wait(open_ones, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    try:
                        answer = task.result()
                    except UpstreamError as failed:
                        error = failed
                        continue
                    if answer.status < 500:
                        race.winner, won = tasks.index(task), task
                        return answer
                    failed_answer = failed_answer or task
            if failed_answer is not None:  # a provider's answer, even a 5xx, says more than our own error
                race.winner, won = tasks.index(failed_answer), failed_answer
                return failed_answer.result()
            assert error is not None
            raise error
        finally:
            for task in tasks:
                _cut(task, won)


def _cut(task: "asyncio.Future[Answer]", winner: "asyncio.Future[Answer] | None") -> None:
    """End the attempt that lost: cancel it, or close its answer where both came in the same tick."""
    if not task.done():
        task.cancel()
    elif task is not winner and not task.cancelled() and task.exception() is None:
        task.result().close()
