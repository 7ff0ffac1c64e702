"""The demo's traffic: a bookkeeping company that calls models for support, summaries, reviews, search and agents."""

from simulator.demo.history import write_history
from simulator.demo.live import providers, send, trickle
from simulator.demo.team import rate_calls, set_up

__all__ = ["providers", "rate_calls", "send", "set_up", "trickle", "write_history"]
