"""Clients that carry a call to a provider: `direct` (own sockets) and `httpx` (outbound proxies,
HTTP/2).

May be imported by the gateway; imports `core` only. One more transport: one file that satisfies `base.Upstream`,
one line in `TRANSPORTS`, and the contract suite in tests/contract runs over it.
"""

from collections.abc import Callable

from proxy.upstream.base import TransportLimits, Upstream

__all__ = ["TRANSPORTS", "open_upstream"]


def _direct(limits: TransportLimits, proxy: str, http2: bool, ca_file: str) -> Upstream:
    from proxy.upstream.direct import DirectUpstream

    return DirectUpstream(limits, ca_file=ca_file)


def _httpx(limits: TransportLimits, proxy: str, http2: bool, ca_file: str) -> Upstream:
    from proxy.upstream.httpx import HttpxUpstream

    return HttpxUpstream(limits, proxy=proxy, http2=http2, ca_file=ca_file)


TRANSPORTS: dict[str, Callable[[TransportLimits, str, bool, str], Upstream]] = {"direct": _direct, "httpx": _httpx}
"""By the word in the setting `upstream.transport`. A transport's module is imported only when it is chosen."""


def open_upstream(
    name: str, limits: TransportLimits, *, proxy: str = "", http2: bool = False, ca_file: str = ""
) -> Upstream:
    """The transport of that name. Call it inside the event loop that will use it."""
    return TRANSPORTS[name](limits, proxy, http2, ca_file)
