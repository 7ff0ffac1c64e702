"""Prices: what a call cost, in integer nano-dollars and as lines that add up, from the data of `genai-prices` and the
operator's own files.

The data takes tens of megabytes, so a gateway imports it only with the first call under a limit in cents. `book`
computes a cost; `rate` holds one model's prices as integers; `usage_keys` has a row for every key of a usage object;
`conditions` lists what else a price depends on; `own` reads price files.
"""

from proxy.prices.book import PriceBook
from proxy.prices.usage_keys import read_quantities

__all__ = ["PriceBook", "read_quantities"]
