"""Throttles failed logins by address and by e-mail: after a few failures each further one doubles the wait."""

from collections import OrderedDict
from typing import Final

from proxy.core.clock import monotonic

__all__ = ["Throttle"]

_FREE: Final = 5
_FIRST_S: Final = 1.0
_LONGEST_S: Final = 900.0
_FORGET_S: Final = 3600.0
_MOST: Final = 10_000


class Throttle:
    """In memory, of one control plane."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, *names: str) -> float:
        """How long to wait until the next try; 0: now."""
        now = monotonic()
        return max((self._wait(name, now) for name in names), default=0.0)

    def failed(self, *names: str) -> None:
        now = monotonic()
        for name in names:
            count, at = self._failures.pop(name, (0, now))
            self._failures[name] = (1 if now - at > _FORGET_S else count + 1, now)
            if len(self._failures) > _MOST:
                self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forget the failures of a name that has proved itself."""
        self._failures.pop(name, None)

    def taken_back(self, name: str) -> None:
        """Forget one failure, which was none, and keep those before it."""
        count, at = self._failures.get(name, (0, 0.0))
        if count > 1:
            self._failures[name] = (count - 1, at)
        else:
            self._failures.pop(name, None)

    def _wait(self, name: str, now: float) -> float:
        count, at = self._failures.get(name, (0, 0.0))
        if count < _FREE:
            return 0.0
        pause_s = min(_FIRST_S * 2.0 ** min(count - _FREE, 20), _LONGEST_S)
        return max(0.0, at + pause_s - now)
