"""Connects the control plane to hosts that somebody else may have named: every address is checked before it is used.

A host is resolved once and connected to by the address that was checked, so a name server cannot give another one in
between. Private, loopback and link-local addresses are refused, except of origins that the operator configured.
"""

import socket
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from proxy.core.errors import PerihelionError
from proxy.net.guard import is_public

__all__ = ["AddressRefused", "Place", "checked_addresses", "open_socket", "place_of", "places_of"]

Place = tuple[str, int]
"""Host, in lower case, and port."""

_PORTS: Final = {"http": 80, "https": 443, "smtp": 25, "smtps": 465}


class AddressRefused(PerihelionError):
    """A host has no address, or one that is not public."""


def place_of(url: str, schemes: tuple[str, ...] = ("http", "https")) -> Place:
    """Host and port of an address. Raises `AddressRefused` where it has none, or another scheme."""
    try:
        parts = urlsplit(url)
        if parts.scheme in schemes and parts.hostname:
            return parts.hostname.lower(), parts.port or _PORTS[parts.scheme]
    except ValueError:
        pass
    raise AddressRefused(f"{url!r} is no address of " + " or ".join(f"{scheme}://" for scheme in schemes))


def places_of(origins: Iterable[str]) -> frozenset[Place]:
    """The places of origins that the operator configured. Raises `AddressRefused`."""
    return frozenset(place_of(origin, tuple(_PORTS)) for origin in origins)


def checked_addresses(host: str, port: int, trusted: frozenset[Place]) -> list[str]:
    """The addresses of a host. Raises `AddressRefused` where one is not public and the place is not a trusted one."""
    addresses = _resolve(host, port)
    if (host.lower(), port) not in trusted:
        for address in addresses:
            if not is_public(address):
                raise AddressRefused(f"{host} resolves to {address}, which is not a public address")
    return addresses


def open_socket(host: str, port: int, trusted: frozenset[Place], timeout_s: float) -> socket.socket:
    """A connection to the first address that answers. Raises `AddressRefused` or `OSError`."""
    error: OSError = OSError(f"{host} has no address")
    for address in checked_addresses(host, port, trusted):
        try:
            return socket.create_connection((address, port), timeout_s)
        except OSError as failure:
            error = failure
    raise error


def _resolve(host: str, port: int) -> list[str]:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise AddressRefused(f"{host} has no address ({reason})") from None
    return list(dict.fromkeys(str(row[4][0]) for row in rows))
