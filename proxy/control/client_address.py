"""Whose request it is: the address of the connection, or what trusted proxies before us say."""

import ipaddress
from collections.abc import Sequence
from typing import Final

__all__ = ["Network", "client_address", "parse_networks", "throttled_name"]

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_IPV6_PREFIX: Final = 64
"""What one customer of an IPv6 network has for themselves."""


def parse_networks(text: str) -> tuple[Network, ...]:
    """The networks of a comma-separated list. Raises `ValueError` for what is no network or address."""
    return tuple(ipaddress.ip_network(one.strip(), strict=False) for one in text.split(",") if one.strip())


def client_address(peer: str, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address of the client of a request that came from `peer` with these `X-Forwarded-For` headers.

    Each proxy appends whom it got the request from, so the list is read from the right, and only while its proxies
    are trusted: what stands before them, anybody may have written."""
    address = peer
    if not trusted:
        return address
    hops = [hop.strip() for header in forwarded_for for hop in header.split(",")]
    while hops and _is_within(address, trusted):
        found = _parsed(hops.pop())
        if found is None:
            break
        address = str(found)
    return address


def throttled_name(address: str) -> str:
    """What guesses from an address are counted under: the address, or its network where a client has a whole one."""
    found = _parsed(address)
    if found is None or found.version == 4:
        return f"address {address}"
    return f"address {ipaddress.ip_network((found, _IPV6_PREFIX), strict=False)}"


def _is_within(address: str, networks: Sequence[Network]) -> bool:
    found = _parsed(address)
    return found is not None and any(found in network for network in networks if network.version == found.version)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address in a hop, which may have brackets and a port; None where it has none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
