"""Resolves host names, and refuses private addresses for targets chosen by callers."""

import asyncio
import ipaddress
import socket
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from proxy.core.clock import monotonic
from proxy.core.errors import Forbidden, UpstreamError
from proxy.core.origin import Origin

__all__ = ["Resolver", "is_public"]

_KEPT_S = 30.0
Address = tuple[int, str]
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_CLOSED_V4: Final = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "192.0.0.0/24",  # IETF protocol assignments; 192.0.0.192 is the metadata service of Oracle's cloud
            "192.88.99.0/24",  # relays of 6to4
            "168.63.129.16/32",  # services of Azure for the machine itself
        ),
    )
)
"""IPv4 networks that count as global and are no place for a target."""
_CLOSED_V6: Final = tuple(
    map(
        ipaddress.IPv6Network,
        ("2001::/23", "2001:db8::/32", "3fff::/20"),  # Teredo, ORCHID and other assignments; documentation
    )
)
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})
"""The third quarter of an IPv6 address whose last quarter is an IPv4 address (RFC 5214)."""


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
    """Whether an address is globally routable, also behind the IPv6 forms that carry an IPv4 address.

    Of IPv6 only global unicast (2000::/3) is: all else that a resolver may give leads into this network.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and not _is_in(address, _CLOSED_V4)
    number = int(address)
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(number & 0xFFFF_FFFF)
    if inner is not None:
        return is_public(str(inner))
    if number >> 32 & 0xFFFF_FFFF in _ISATAP and not is_public(str(ipaddress.IPv4Address(number & 0xFFFF_FFFF))):
        return False
    return address in _GLOBAL_UNICAST and address.is_global and not _is_in(address, _CLOSED_V6)


def _is_in(address: IPAddress, networks: Iterable[IPNetwork]) -> bool:
    return any(address in network for network in networks)
