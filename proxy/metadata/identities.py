"""Identities at an OpenID provider: issuer and subject, never an e-mail alone."""

from sqlalchemy import Connection, insert, select, update

from proxy.core.clock import now_us
from proxy.metadata import organisations, people
from proxy.metadata.errors import RowConflict
from proxy.metadata.people import User
from proxy.metadata.tables import identities, links

__all__ = ["accept_invitations", "by_subject", "is_proved", "link"]


def by_subject(connection: Connection, issuer: str, subject: str) -> User | None:
    """Return the user that this subject is linked to."""
    place = (identities.c.issuer == issuer, identities.c.subject == subject)
    user_id = connection.execute(select(identities.c.user_id).where(*place)).scalar_one_or_none()
    return people.by_id(connection, user_id) if user_id is not None else None


def is_proved(connection: Connection, user_id: str) -> bool:
    """Return whether a provider has vouched for this user's address before."""
    place = identities.c.user_id == user_id
    return connection.execute(select(identities.c.subject).where(place)).first() is not None


def link(connection: Connection, issuer: str, subject: str, user_id: str) -> None:
    """Link a user to a subject permanently. One subject per user and issuer: an address may change hands."""
    place = (identities.c.issuer == issuer, identities.c.user_id == user_id)
    if connection.execute(select(identities.c.subject).where(*place)).first() is not None:
        raise RowConflict("the user with this address is linked to another login of this provider")
    row = {"issuer": issuer, "subject": subject, "user_id": user_id, "created_us": now_us()}
    connection.execute(insert(identities).values(**row))


def accept_invitations(connection: Connection, user_id: str, email: str) -> int:
    """Use every invitation to this address: add the user to its organisation. Returns the number of invitations."""
    unused = (links.c.used_us == 0, links.c.expires_us > now_us())
    place = (links.c.email == email, links.c.user_id == "", *unused)
    rows = connection.execute(select(links).where(*place)).all()
    for row in rows:
        known = {one.id: role for one, role in organisations.of_user(connection, user_id)}
        role = max(known.get(row.org_id, "viewer"), row.role, key=organisations.ROLES.index)
        organisations.add(connection, row.org_id, user_id, role)
    connection.execute(update(links).where(*place).values(used_us=now_us()))
    return len(rows)
