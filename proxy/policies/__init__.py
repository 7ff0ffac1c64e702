"""Limits, one unit each: what a call takes before it is sent (`admit`) and what it used (`settle`). `rules` parses.

All policies of a call take together, all or none, so a policy is arithmetic and knows no store. Imports core and
_speedups. One more unit: one class, one line below.
"""

from typing import Final

from proxy.policies.base import Estimate, Policy, Spent
from proxy.policies.budget import Cents, Tokens
from proxy.policies.rate import Concurrent, Requests

__all__ = ["POLICIES", "Estimate", "Policy", "Spent"]

POLICIES: Final[dict[str, Policy]] = {
    policy.unit: policy
    for policy in (
        Requests(),
        Cents(),
        Tokens(),
        Concurrent(),
    )
}
"""By unit, in the order in which messages list them."""
