"""Limits of calls: how many in a window (`request`), and how many at once (`concurrent`)."""

from proxy.policies.base import Estimate, Spent

__all__ = ["Concurrent", "Requests"]


class Requests:
    """Every admitted call counts one, whatever its outcome; a cache hit too."""

    unit = "request"
    noun = "requests"
    scale = 1_000
    decimals = False
    needs_price = False
    held = False
    concurrent = False

    def admit(self, estimate: Estimate) -> int:
        return 1000

    def settle(self, spent: Spent) -> int:
        return 1000


class Concurrent:
    """A call holds its place until it ends, and for no longer than the policy's window."""

    unit = "concurrent"
    noun = "calls at once"
    scale = 1_000
    decimals = False
    needs_price = False
    held = True
    concurrent = True

    def admit(self, estimate: Estimate) -> int:
        return 1000

    def settle(self, spent: Spent) -> int:
        return 0
