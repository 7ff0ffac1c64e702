"""Prices: what a call cost, in integer nano-dollars, from the data of `genai-prices` and the operator's own files.

May be imported by the control plane only (the data takes tens of megabytes); imports `core` only. `book` answers
"what did this usage cost"; `rate` is one model's prices made ready to multiply; `counts` turns a `Usage` into what
prices are per; `own` reads price files. One more kind of token: one row in `counts`.
"""

from proxy.prices.book import Price, PriceBook
from proxy.prices.counts import context, count

__all__ = ["Price", "PriceBook", "context", "count"]
