"""Sealed columns of the database, and sealing them again with a new secret."""

from sqlalchemy import Connection, select, update

from proxy.core.secret import Secret
from proxy.metadata import credentials
from proxy.metadata.tables import credentials as stored
from proxy.metadata.tables import idempotency, meta

__all__ = ["about_answer", "rotate"]


def about_answer(org_id: str, key: str) -> str:
    """What the seal of an answer kept for its Idempotency-Key says it is."""
    return f"idempotency {org_id} {key}"


def rotate(connection: Connection, old: Secret, new: Secret) -> int:
    """Seals everything anew, in the caller's one transaction; how many credentials there were. What keys, sessions and
    links are hashed with stays, so they go on working."""
    # First: whoever writes now is waited for, and whoever comes later sees that the secret is another.
    connection.execute(update(meta).where(meta.c.name == "fingerprint").values(value=new.fingerprint))
    pepper = bytes.fromhex(connection.execute(select(meta.c.value).where(meta.c.name == "pepper")).scalar_one())
    sealed = new.seal(old.open(pepper, "pepper"), "pepper").hex()
    connection.execute(update(meta).where(meta.c.name == "pepper").values(value=sealed))
    rows = connection.execute(select(stored)).all()
    for row in rows:
        about = credentials.about(row.org_id, row.provider)
        place = (stored.c.org_id == row.org_id, stored.c.provider == row.provider)
        connection.execute(update(stored).where(*place).values(sealed=new.seal(old.open(row.sealed, about), about)))
    for row in connection.execute(select(idempotency)).all():
        about = about_answer(row.org_id, row.key)
        answer = (idempotency.c.org_id == row.org_id, idempotency.c.key == row.key)
        connection.execute(update(idempotency).where(*answer).values(body=new.seal(old.open(row.body, about), about)))
    return len(rows)
