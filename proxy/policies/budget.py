"""Limits of tokens and of money: an estimate is reserved before the call, and settled with the real usage after it.

The limit can be exceeded only by what the calls in progress use beyond their reservations: by nothing where the body
says `max_tokens` and the estimate of its input holds.
"""

from proxy.policies.base import Estimate, Spent

__all__ = ["Cents", "Tokens"]

_NANOUSD_PER_MICROCENT = 10
"""A cent is 10^7 nano-dollars and 10^6 of our parts."""


class Tokens:
    """Input and output tokens, in thousandths."""

    unit = "tokens"
    noun = "tokens"
    scale = 1_000
    decimals = False
    needs_price = False
    held = True
    concurrent = False

    def admit(self, estimate: Estimate) -> int:
        return (estimate.input_tokens + estimate.output_tokens) * 1000

    def settle(self, spent: Spent) -> int:
        return spent.tokens * 1000


class Cents:
    """US cents in millionths, so that a call that costs a thousandth of a cent is counted."""

    unit = "cents"
    noun = "cents"
    scale = 1_000_000
    decimals = True
    needs_price = True
    held = True
    concurrent = False

    def admit(self, estimate: Estimate) -> int:
        return -(-estimate.nanousd // _NANOUSD_PER_MICROCENT)

    def settle(self, spent: Spent) -> int:
        return -(-spent.nanousd // _NANOUSD_PER_MICROCENT)
