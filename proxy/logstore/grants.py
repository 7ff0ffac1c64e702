"""Users of a server: one that owns the log and one that reads it, with their rights, as SQL."""

import contextlib
from typing import Final, NamedTuple

from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.exceptions import ClickHouseError

from proxy.logstore.address import StoreAddress
from proxy.logstore.base import SQL_TABLES
from proxy.logstore.connections import connect, hosts_of
from proxy.logstore.limits import StoreError

__all__ = ["ROW_POLICY", "NewUser", "make_users", "owner_grants", "reader_grants", "user_statements"]

ROW_POLICY: Final = "has(['', toString(org)], extract(getSetting('log_comment'), '(?s) org=(.*)$'))"
"""Which rows the reader sees. SQL of users runs with their organisation at the end of `log_comment`, which it cannot
change; reads of ours name the organisation in their conditions."""


class NewUser(NamedTuple):
    name: str
    password: str


def owner_grants(address: StoreAddress) -> list[str]:
    """Rights of the user in `log.store`: all over its own databases, to end queries, and to look things up."""
    grants = [
        f"GRANT SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, SHOW ON {quote_identifier(database)}.*"
        for database in _databases(address)
    ]
    grants += ["GRANT KILL QUERY ON *.*", "GRANT SELECT ON system.*", "GRANT TABLE ENGINE ON *"]
    return [*grants, "GRANT READ, WRITE ON REMOTE"] if address.cluster else grants


def reader_grants(address: StoreAddress) -> list[str]:
    """Rights of the user in `log.reader`: SELECT on the log, and nothing else."""
    return [f"GRANT SELECT ON {quote_identifier(database)}.*" for database in _databases(address)]


def user_statements(address: StoreAddress, owner: NewUser, reader: NewUser) -> list[str]:
    """SQL that makes the databases and both users. Users of these names are replaced."""
    made = [f"CREATE DATABASE IF NOT EXISTS {quote_identifier(database)}" for database in _databases(address)]
    for user, grants in ((owner, owner_grants(address)), (reader, reader_grants(address))):
        name = quote_identifier(user.name)
        made.append(f"CREATE USER OR REPLACE {name} IDENTIFIED WITH sha256_password BY '{user.password}'")
        made += [f"{grant} TO {name}" for grant in grants]
    for database in _databases(address):
        for table in sorted(SQL_TABLES):
            policy = quote_identifier(f"{reader.name}_{table}")
            place = f"{quote_identifier(database)}.{quote_identifier(table)}"
            to = quote_identifier(reader.name)
            made.append(f"CREATE ROW POLICY OR REPLACE {policy} ON {place} USING {ROW_POLICY} TO {to}")
    return made


def make_users(address: StoreAddress, owner: NewUser, reader: NewUser) -> None:
    """Runs these statements on each host, as a user who may. Raises `StoreError`."""
    for host in hosts_of(address):
        try:
            with contextlib.closing(connect(host, "default")) as client:
                for statement in user_statements(address, owner, reader):
                    client.command(statement)
        except (ClickHouseError, OSError) as error:
            raise StoreError(f"{host}: {error}") from error


def _databases(address: StoreAddress) -> list[str]:
    return sorted({address.database, address.tables})
