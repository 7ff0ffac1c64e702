"""Providers: where they are, which dialect they speak, and how it is read.

`catalog/<name>.toml` is one provider (one more file is one more provider, nothing to register); `address.resolve`
turns what a caller asked for into a `Route`; `dialects/<name>.py` finds usage, text and errors in bodies and shapes
errors of our own. Imports `proxy.core` only; the gateway and the control plane import it.
"""

from proxy.core.masking import mask_query
from proxy.providers.address import Route, resolve
from proxy.providers.index import Catalog, load
from proxy.providers.provider import Provider

__all__ = ["Catalog", "Provider", "Route", "load", "mask_query", "resolve"]
