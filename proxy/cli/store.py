"""`store init`: makes the users and the database of a ClickHouse server."""

import secrets
from urllib.parse import urlsplit, urlunsplit

import click

from proxy.cli.options import refuse
from proxy.cli.terminal import echo_lines

__all__ = ["store"]


@click.group()
def store() -> None:
    """A ClickHouse server for the log."""


@store.command()
@click.option(
    "--url",
    required=True,
    metavar="URL",
    help="clickhouse://admin:pw@host:port/database, with a user who may create users.",
)
@click.option("--owner", default="perihelion", show_default=True, help="Name of the user for log.store.")
@click.option("--reader", default="perihelion_reader", show_default=True, help="Name of the user for log.reader.")
@click.option("--print", "only_print", is_flag=True, help="Print the SQL, and run none of it.")
def init(url: str, owner: str, reader: str, only_print: bool) -> None:
    """Create the database, a user that owns it and a user that only reads it. Users of these names are replaced.

    Prints the settings log.store and log.reader, with new passwords.
    """
    from proxy.logstore import StoreError
    from proxy.logstore.address import parse_address
    from proxy.logstore.grants import NewUser, make_users, user_statements

    try:
        address = parse_address(url)
    except StoreError as error:
        refuse(str(error))
    if address.embedded:
        refuse(f"--url is {url!r}; expected clickhouse://admin:pw@host:port/database. (chDB has no users.)")
    users = NewUser(owner, secrets.token_urlsafe(24)), NewUser(reader, secrets.token_urlsafe(24))
    if only_print:
        echo_lines("\n".join(f"{statement};" for statement in user_statements(address, *users)))
    else:
        try:
            make_users(address, *users)
        except StoreError as error:
            refuse(str(error))
    echo_lines("-- Settings of Perihelion:" if only_print else "Settings of Perihelion:")
    for setting, user in zip(("log.store", "log.reader"), users, strict=True):
        echo_lines(f"{'-- ' if only_print else ''}{setting} = {_with_user(url, user.name, user.password)}")


def _with_user(url: str, name: str, password: str) -> str:
    parts = urlsplit(url)
    places = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{name}:{password}@{places}"))
