"""Policies, one per unit: what a call reserves (`admit`) and what it used (`settle`).

All policies of a call are taken from together, all or none, so a policy is arithmetic and knows no store. Imports core,
kv.base and _speedups. One more: one class, one line below.
"""

from typing import Final

from proxy.policies.base import Estimate, Policy, Spent
from proxy.policies.budget import Cents, Tokens
from proxy.policies.rate import Concurrent, Requests

__all__ = ["POLICIES", "Estimate", "Policy", "Spent"]

POLICIES: Final[dict[str, Policy]] = {
    "request": Requests(),
    "concurrent": Concurrent(),
    "cents": Cents(),
    "tokens": Tokens(),
}
"""By the name of the unit, as it stands behind `u=`."""
