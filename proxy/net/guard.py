"""Resolves host names, and refuses private addresses for targets chosen by callers."""

import asyncio
import ipaddress
import socket
from collections import OrderedDict

from proxy.core.clock import monotonic
from proxy.core.errors import Forbidden, UpstreamError
from proxy.core.origin import Origin

__all__ = ["Resolver", "is_public"]

_KEPT_S = 30.0
Address = tuple[int, str]


class Resolver:
    """(family, address) pairs of an origin, kept for a short time."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Origin, tuple[float, list[Address]]] = OrderedDict()
        """The oldest first."""

    async def addresses(self, origin: Origin) -> list[Address]:
        """Raises `UpstreamError` (phase `resolve`), and `Forbidden` where a guarded origin has an address that is not
        public: any of them, because the next connection could be given another one."""
        kept = self._kept.get(origin)
        if kept is not None and monotonic() - kept[0] < _KEPT_S:
            return kept[1]
        try:
            rows = await asyncio.get_running_loop().getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise UpstreamError(
                f"{origin.host} has no address ({error}).", code="upstream_unresolved", phase="resolve"
            ) from None
        found: list[Address] = list(dict.fromkeys((row[0], str(row[4][0])) for row in rows))
        if origin.guarded:
            for _, address in found:
                if not is_public(address):
                    raise Forbidden(f"{origin.host} resolves to {address}, which is not a public address.")
        now = monotonic()
        while self._kept and now - next(iter(self._kept.values()))[0] >= _KEPT_S:
            self._kept.popitem(last=False)  # callers can name as many origins as they like
        self._kept[origin] = now, found
        self._kept.move_to_end(origin)
        return found


def is_public(text: str) -> bool:
    """Whether an address is globally routable, also behind the IPv6 forms that carry an IPv4 address."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast
