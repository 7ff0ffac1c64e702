"""Fast parts of a proxy for LLM calls, importable with nothing else of the project. Anyone may import it.

`headers` reads a request's headers in one pass, `sse` scans a stream cut anywhere, `cachekey` makes a key of a
request, `bucket` does the arithmetic of rate limits, `http1` reads a complete message. Each is compiled, with a
twin of the same names in plain Python under `_pure` that takes over where no compiler was at hand or where the
environment says SPEEDUPS_PURE=1. `IMPLEMENTATION` says which is in use: "cython" or "python"; all five are of one kind.
To add one: write the twin and its tests, then the `.pyx`, then its row in `benchmarks/micro.py` that shows the gain.
"""

import os
from typing import TYPE_CHECKING

from ._accepted import ANY
from ._names import CREDENTIALS, HEADERS, HOP_BY_HOP, OURS, Header
from ._pure.bucket import Decision, scaled
from ._pure.cachekey import Key

__all__ = [
    "ANY",
    "CREDENTIALS",
    "HEADERS",
    "HOP_BY_HOP",
    "IMPLEMENTATION",
    "OURS",
    "OWNER",
    "Decision",
    "Head",
    "Header",
    "Key",
    "Scanner",
    "cache_key",
    "canonical_json",
    "forward_without",
    "gcra",
    "gcra_settle",
    "parse",
    "read_request",
    "read_response",
    "scaled",
    "window",
    "window_packed",
    "window_settle",
    "window_settle_packed",
    "write_headers",
]

OWNER = "perihelion"
"""Tells this package from another of the same import name."""
IMPLEMENTATION = "python"

if not TYPE_CHECKING and os.environ.get("SPEEDUPS_PURE") != "1":
    try:
        from .bucket import gcra, gcra_settle, window, window_packed, window_settle, window_settle_packed
        from .cachekey import cache_key, canonical_json
        from .headers import Head, forward_without, parse
        from .http1 import read_request, read_response, write_headers
        from .sse import Scanner

        IMPLEMENTATION = "cython"
    except ImportError:
        pass  # said by IMPLEMENTATION; a build that should have compiled them has a red test

if TYPE_CHECKING or IMPLEMENTATION == "python":
    from ._pure.bucket import gcra, gcra_settle, window, window_packed, window_settle, window_settle_packed
    from ._pure.cachekey import cache_key, canonical_json
    from ._pure.headers import Head, forward_without, parse
    from ._pure.http1 import read_request, read_response, write_headers
    from ._pure.sse import Scanner
