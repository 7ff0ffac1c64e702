"""The address of a log store: `chdb:///folder`, or `clickhouse[s]://user:password@host:port,host:port/database`."""

from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from proxy.core.masking import mask
from proxy.logstore.limits import StoreError

__all__ = ["DATABASE", "StoreAddress", "parse_address"]

DATABASE: Final = "perihelion"
_PORTS: Final = {"clickhouse": 8123, "clickhouses": 8443}


class StoreAddress(msgspec.Struct, frozen=True):
    """Where the log is, and as whom to log in. A server's `hosts` are tried in order; those of a cluster are its
    shards, in any order."""

    url: str
    hosts: tuple[tuple[str, int], ...] = ()
    user: str = "default"
    password: str = ""
    database: str = DATABASE
    secure: bool = False
    cluster: str = ""
    """Name of a cluster in the servers' `remote_servers`; empty: the tables are on one server."""

    @property
    def embedded(self) -> bool:
        return not self.hosts

    @property
    def tables(self) -> str:
        """The database with the tables themselves. In a cluster, that of `database` are Distributed over them."""
        return f"{self.database}_local" if self.cluster else self.database

    def __str__(self) -> str:
        """The URL without its password."""
        return mask(self.url)


def parse_address(url: str) -> StoreAddress:
    """Raises `StoreError` where it is no address of a store."""
    parts = urlsplit(url)
    if parts.scheme == "chdb":
        return StoreAddress(url)
    login, _, places = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    options = dict(parse_qsl(parts.query))
    cluster = options.pop("cluster", "")
    address = StoreAddress(
        url,
        user=unquote(user) or "default",
        password=unquote(password),
        database=parts.path.strip("/") or DATABASE,
        secure=parts.scheme == "clickhouses",
        cluster=cluster,
    )
    if parts.scheme not in _PORTS or options:
        raise StoreError(f"log store {address}: accepted are {_FORMS}")
    hosts: list[tuple[str, int]] = []
    for place in places.split(","):
        try:
            at = urlsplit(f"//{place}")
            hosts.append((at.hostname or "localhost", at.port or _PORTS[parts.scheme]))
        except ValueError:
            raise StoreError(f"log store {address}: {place!r} is no host:port") from None
    return msgspec.structs.replace(address, hosts=tuple(hosts))


_FORMS: Final = (
    "chdb:///folder and clickhouse[s]://user:password@host:port/database,"
    " with more hosts after commas, and ?cluster=name where these are the shards of a cluster"
)
