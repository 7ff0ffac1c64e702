"""Circuit breakers: a target that keeps failing is skipped for a while."""

from collections import OrderedDict
from typing import Final

__all__ = ["Breakers"]

_MAX_BREAKERS: Final = 4096
_MAX_OPEN_S: Final = 60.0


class _Breaker:
    __slots__ = ("failures", "open_s", "until")

    def __init__(self, open_s: float) -> None:
        self.failures = 0
        self.open_s = open_s
        self.until = 0.0


class Breakers:
    """Circuit breakers by key. A key is remembered only while it has failures. `now` is monotonic seconds."""

    def __init__(self, failures: int = 5, open_s: float = 10.0) -> None:
        self._max_failures = failures
        self._open_s = open_s
        self._known: OrderedDict[str, _Breaker] = OrderedDict()

    def is_open(self, key: str, now: float) -> bool:
        """Return whether the target must be skipped.

        Once the time is over one caller gets False and is the probe. Where the probe does not report, the next one is
        let through after the same time again.
        """
        breaker = self._known.get(key)
        if breaker is None or breaker.failures < self._max_failures:
            return False
        if now < breaker.until:
            return True
        breaker.until = now + breaker.open_s
        return False

    def report(self, key: str, failed: bool, now: float) -> None:
        """Note how an attempt ended. Failed: no answer, or a status of 500 and above."""
        breaker = self._known.get(key)
        if not failed:
            if breaker is not None:
                del self._known[key]
            return
        if breaker is None:
            breaker = self._known[key] = _Breaker(self._open_s)
            if len(self._known) > _MAX_BREAKERS:
                self._known.popitem(last=False)
        breaker.failures += 1
        if breaker.failures == self._max_failures:
            breaker.until = now + breaker.open_s
        elif breaker.failures > self._max_failures:
            breaker.open_s = min(breaker.open_s * 2, max(_MAX_OPEN_S, self._open_s))
            breaker.until = now + breaker.open_s
