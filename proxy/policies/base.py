"""The contract of a policy: what a call reserves of its unit, and what it used."""

from typing import Protocol

import msgspec

__all__ = ["Estimate", "Policy", "Spent"]


class Estimate(msgspec.Struct, frozen=True):
    """What a call may use, before it is sent. Zero where no policy asks for it."""

    input_tokens: int = 0
    output_tokens: int = 0
    nanousd: int = 0


class Spent(msgspec.Struct, frozen=True):
    """What a call used."""

    tokens: int = 0
    nanousd: int = 0


class Policy(Protocol):
    """One unit of limits."""

    scale: int
    """Parts of a unit that are counted: a power of ten."""
    held: bool
    """What is admitted is a reservation, settled at the end."""
    concurrent: bool
    """Only calls under way count."""

    def admit(self, estimate: Estimate) -> int:
        """What the call takes, in parts of the unit."""

    def settle(self, spent: Spent) -> int:
        """What it used, in parts of the unit."""
