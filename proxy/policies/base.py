"""What a policy is: how much of its unit a call takes, and how much it turns out to have used."""

from typing import Protocol

import msgspec

__all__ = ["Estimate", "Policy", "Spent"]


class Estimate(msgspec.Struct, frozen=True):
    """What a call may use, before it is sent. Zero where no policy needs it."""

    input_tokens: int = 0
    output_tokens: int = 0
    nanousd: int = 0


class Spent(msgspec.Struct, frozen=True):
    """What a call used."""

    tokens: int = 0
    nanousd: int = 0


class Policy(Protocol):
    """One unit of limits."""

    unit: str
    """Its name after `u=`."""
    noun: str
    """What a message calls many of it."""
    scale: int
    """Parts that one unit is counted in: a power of ten, so that a limit and what remains may have decimals."""
    decimals: bool
    """What remains is shown with its decimals; otherwise rounded down to whole units."""
    needs_price: bool
    """It counts money: a call of a model without a known price cannot be counted."""
    held: bool
    """An admitted call reserves what it takes; the reservation is settled at the end."""
    concurrent: bool
    """Only calls in progress count."""

    def admit(self, estimate: Estimate) -> int:
        """Return what the call takes, in parts of the unit."""

    def settle(self, spent: Spent) -> int:
        """Return what the call used, in parts of the unit."""
