"""Limits of calls, tokens and money: `rules` (which rules a call falls under), `admission` (takes what a call may use
and settles what it used), `headers` (headers of the answer, refusals)."""

from proxy.gateway.limits.admission import Limits

__all__ = ["Limits"]
