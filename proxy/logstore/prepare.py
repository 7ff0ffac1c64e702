"""Prepares a store before it is opened: database and tables, and in a cluster the tables over those of its shards."""

from typing import Any

from clickhouse_connect.driver.binding import quote_identifier

from proxy.logstore.address import StoreAddress
from proxy.logstore.connections import connect, hosts_of
from proxy.logstore.limits import StoreError
from proxy.logstore.migrate import migrate, set_retention, set_text_index
from proxy.logstore.sql import query

__all__ = ["prepare"]


def prepare(address: StoreAddress, *, ttl_days: int, body_ttl_days: int, text_chars: int) -> tuple[Any, int]:
    """Brings the store at `address` up to date. Returns a connection that owns it, and how many characters of a call
    are indexed for search.

    In a cluster this is done on every host: a shard keeps its rows in tables of its own, in a database `<name>_local`,
    and the tables of the same names in `<name>` are Distributed over them. Raises `StoreError`, and what the driver
    raises.
    """
    hosts = hosts_of(address) if address.cluster else [address]
    for host in hosts:
        owner = connect(host, "default")
        owner.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", parameters={"name": address.tables})
        owner.database = address.tables
        migrate(owner)
        set_retention(owner, "requests", ttl_days)
        set_retention(owner, "bodies", body_ttl_days or ttl_days)
        set_retention(owner, "annotations", ttl_days, "at")
        set_retention(owner, "repriced", ttl_days)
        set_retention(owner, "span_links", ttl_days, "call_start")
        for table in ("hourly", "hourly_fills", "hourly_changes"):
            set_retention(owner, table, ttl_days, "hour")
        text_chars = set_text_index(owner, text_chars)
        if address.cluster:
            _check_cluster(owner, address)
            _distribute(owner, address)
            owner.close()
    return connect(address) if address.cluster else owner, text_chars


def _check_cluster(owner: Any, address: StoreAddress) -> None:
    """Its tables are not replicated, so the address must have every host of the cluster: else some have no tables."""
    replicas = owner.query(query("cluster_hosts"), parameters={"cluster": address.cluster}).result_rows[0][0]
    if replicas != len(address.hosts):
        raise StoreError(
            f"log store {address}: it has {len(address.hosts)} hosts, and cluster {address.cluster!r} has {replicas};"
            " it must name each of them, each a shard of its own"
        )


def _distribute(owner: Any, address: StoreAddress) -> None:
    """Makes or renews the Distributed tables of one host."""
    named = {"name": address.database, "tables": address.tables, "cluster": address.cluster}
    owner.command("CREATE DATABASE IF NOT EXISTS {name:Identifier}", parameters=named)
    for table, engine, outdated, key in owner.query(query("cluster_tables"), parameters=named).result_rows:
        if engine not in ("", "Distributed"):
            raise StoreError(
                f"log store {address}: {address.database}.{table} is a {engine} table, and should be Distributed over"
                f" the shards; to keep its rows as those of this shard: RENAME DATABASE {address.database} TO"
                f" {address.tables}"
            )
        if outdated:
            names = {"database": address.database, **named, "table": table}
            quoted = {name: quote_identifier(each) for name, each in names.items()}
            owner.command(query("cluster_table").format(**quoted, key=key))
