"""Limits of tokens and money: reserve an estimate before the call, settle the usage after it.

The limit can be passed only by what the calls under way use beyond their reservations: by nothing where the body says
`max_tokens` and the estimate of its input holds.
"""

from proxy.core.rules import SCALES
from proxy.policies.base import Estimate, Spent

__all__ = ["Cents", "Tokens"]

_NANOUSD_PER_MICROCENT = 10
"""A cent is 10^7 nano-dollars and 10^6 of our parts."""


class Tokens:
    """Input and output tokens, in thousandths."""

    scale = SCALES["tokens"]
    held = True
    concurrent = False

    def admit(self, estimate: Estimate) -> int:
        return (estimate.input_tokens + estimate.output_tokens) * 1000

    def settle(self, spent: Spent) -> int:
        return spent.tokens * 1000


class Cents:
    """US cents in millionths, so that a call of a thousandth of a cent is counted."""

    scale = SCALES["cents"]
    held = True
    concurrent = False

    def admit(self, estimate: Estimate) -> int:
        return -(-estimate.nanousd // _NANOUSD_PER_MICROCENT)

    def settle(self, spent: Spent) -> int:
        return -(-spent.nanousd // _NANOUSD_PER_MICROCENT)
