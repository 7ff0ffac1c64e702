"""Remembers which properties an organisation changed after its calls: those alone cost a look into the annotations."""

import threading
from collections.abc import Callable
from typing import Final

from proxy.core.clock import monotonic

__all__ = ["PropertyUpdates"]

_MAX_AGE_S: Final = 5.0
"""After this time it is read again: other control planes of a server write, too."""
_MAX_ORGS: Final = 10_000


class PropertyUpdates:
    """The names by organisation, as `read` finds them, for a few seconds."""

    def __init__(self, read: Callable[[str], frozenset[str]], clock: Callable[[], float] = monotonic) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, frozenset[str]]] = {}
        self._writes = 0

    def names(self, org: str) -> frozenset[str]:
        """Names of properties in lower case."""
        now = self._clock()
        known = self._known.get(org)
        if known is not None and now - known[0] < _MAX_AGE_S:
            return known[1]
        writes = self._writes
        names = self._read(org)
        with self._lock:
            if writes == self._writes:  # else what was read may be older than what was written meanwhile
                if len(self._known) >= _MAX_ORGS:
                    self._known.clear()
                self._known[org] = (now, names)
        return names

    def forget(self) -> None:
        """After a write of this process."""
        with self._lock:
            self._writes += 1
            self._known.clear()
