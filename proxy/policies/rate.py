"""Limits of calls: per window (`request`), and open at the same time (`concurrent`)."""

from proxy.core.rules import SCALES
from proxy.policies.base import Estimate, Spent

__all__ = ["Concurrent", "Requests"]


class Requests:
    """Every call that is let in counts one, whatever becomes of it; a hit of the cache too."""

    scale = SCALES["request"]
    held = False
    concurrent = False

    def admit(self, estimate: Estimate) -> int:
        return 1000

    def settle(self, spent: Spent) -> int:
        return 1000


class Concurrent:
    """A call holds its place until it ends, and for as long as the policy's window at most."""

    scale = SCALES["concurrent"]
    held = True
    concurrent = True

    def admit(self, estimate: Estimate) -> int:
        return 1000

    def settle(self, spent: Spent) -> int:
        return 0
