"""Policies, one file each, with `admit()` and `settle()` side by side. `POLICIES` is their order and the only list.

Imports core, kv.base and _speedups. One more: one file, one line below, at its place in the order.
"""

from typing import Any, Protocol

__all__ = ["POLICIES", "Policy"]


class Policy(Protocol):
    """Something that may refuse a call before it is sent."""

    async def admit(self, ex: Any) -> None:
        """Raises `Limited` where the call must not be sent."""

    def settle(self, ex: Any) -> None:
        """Gives back what `admit` took, less what was used."""


POLICIES: tuple[Policy, ...] = ()
