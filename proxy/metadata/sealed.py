"""The registry of all sealed columns, and their sealing with a new secret.

A column of ciphertext is made by `sealed_column` in `tables` and has one row in `SEALED`; a test fails where the row is
missing, so that a rotation of the secret cannot forget a column.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Connection, select, update

from proxy.core.secret import Secret
from proxy.metadata import call_webhooks, channels, credentials, idempotency, tables
from proxy.metadata.tables import meta

__all__ = ["SEALED", "Sealed", "rotate"]


class Sealed(msgspec.Struct, frozen=True):
    """One sealed column. `about` returns the context that the seal of a row is bound to."""

    column: Column[Any]
    about: Callable[[Any], str]


SEALED: Final = (
    Sealed(tables.credentials.c.sealed, lambda row: credentials.about(row.org_id, row.provider)),
    Sealed(tables.idempotency.c.body, lambda row: idempotency.about(row.org_id, row.key)),
    Sealed(tables.channels.c.sealed, lambda row: channels.about(row.id)),
    Sealed(tables.call_webhooks.c.sealed, lambda row: call_webhooks.about(row.id)),
)


def rotate(connection: Connection, old: Secret, new: Secret) -> int:
    """Seal everything with `new`, in the caller's one transaction; returns how many credentials there were. What keys,
    sessions and links are hashed with stays, so they go on working."""
    # First: whoever writes now is waited for, and whoever comes later sees that the secret is another.
    connection.execute(update(meta).where(meta.c.name == "fingerprint").values(value=new.fingerprint))
    pepper = bytes.fromhex(connection.execute(select(meta.c.value).where(meta.c.name == "pepper")).scalar_one())
    sealed = new.seal(old.open(pepper, "pepper"), "pepper").hex()
    connection.execute(update(meta).where(meta.c.name == "pepper").values(value=sealed))
    counts = {one.column.table.name: _seal_again(connection, one, old, new) for one in SEALED}
    return counts[tables.credentials.name]


def _seal_again(connection: Connection, sealed: Sealed, old: Secret, new: Secret) -> int:
    table, name = sealed.column.table, sealed.column.name
    rows = connection.execute(select(table)).all()
    for row in rows:
        about = sealed.about(row)
        place = [column == row._mapping[column.name] for column in table.primary_key.columns]
        plain = old.open(row._mapping[name], about)
        connection.execute(update(table).where(*place).values({name: new.seal(plain, about)}))
    return len(rows)
