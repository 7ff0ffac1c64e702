"""One-time links: the first owner's, invitations, and new passwords. A link is known by the keyed hash of its token."""

import secrets
from typing import Final

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from proxy.core.clock import now_us
from proxy.core.secret import token_hash
from proxy.metadata.errors import RowNotFound
from proxy.metadata.tables import links

__all__ = ["Link", "make_link", "open_invitations", "remove_old_links", "see_link", "use_link", "withdraw"]

_KEPT_US: Final = 30 * 86_400_000_000
"""So long a link that is over is kept, so that who opens it is told what became of it."""


class Link(msgspec.Struct, kw_only=True):
    id: str
    org_id: str
    email: str
    role: str
    """Empty for a new password."""
    user_id: str
    """Whose new password it sets; empty for the other kinds."""
    created_us: int
    expires_us: int
    used_us: int

    @property
    def kind(self) -> str:
        return "password" if self.user_id else "invitation" if self.email else "setup"

    @property
    def state(self) -> str:
        """`open`, `used` or `expired`."""
        return "used" if self.used_us else "open" if self.expires_us > now_us() else "expired"


def make_link(
    connection: Connection,
    pepper: bytes,
    org_id: str,
    role: str,
    email: str = "",
    hours: float = 24.0,
    user_id: str = "",
) -> str:
    """Create a one-time link and return its token: for the first owner, an invitation to `email`, or, with `user_id`, a
    new password."""
    token, at = secrets.token_urlsafe(32), now_us()
    if user_id:  # only the newest one works
        connection.execute(delete(links).where(links.c.user_id == user_id, links.c.used_us == 0))
    row = {"org_id": org_id, "role": role, "email": email.strip().lower(), "user_id": user_id, "created_us": at}
    expires_us = at + round(hours * 3_600_000_000)
    connection.execute(insert(links).values(hash=token_hash(pepper, token), expires_us=expires_us, **row))
    return token


def see_link(connection: Connection, pepper: bytes, token: str) -> Link | None:
    """Return a link in whatever state it is; None where there is none."""
    row = connection.execute(select(links).where(links.c.hash == token_hash(pepper, token))).first()
    return _link(row) if row is not None else None


def use_link(connection: Connection, pepper: bytes, token: str) -> Link | None:
    """Mark a link as used and return it. None where it is unknown, expired or already used."""
    place = (links.c.hash == token_hash(pepper, token), links.c.used_us == 0, links.c.expires_us > now_us())
    row = connection.execute(select(links).where(*place)).first()
    if row is None or not connection.execute(update(links).where(*place).values(used_us=now_us())).rowcount:
        return None
    return _link(row)


def open_invitations(connection: Connection, org_id: str) -> list[Link]:
    """Return the invitations that nobody has accepted yet, newest first."""
    place = (links.c.org_id == org_id, links.c.email != "", links.c.user_id == "", links.c.used_us == 0)
    query = select(links).where(*place, links.c.expires_us > now_us()).order_by(links.c.created_us.desc()).limit(200)
    return [_link(row) for row in connection.execute(query)]


def withdraw(connection: Connection, org_id: str, id: str) -> None:
    """Delete an open invitation. Raises `RowNotFound`."""
    found = next((one for one in open_invitations(connection, org_id) if one.id == id), None)
    if found is None or not connection.execute(delete(links).where(links.c.hash == bytes.fromhex(id))).rowcount:
        raise RowNotFound("invitation", id[:60])


def remove_old_links(connection: Connection) -> None:
    """Delete links that have been over for long."""
    connection.execute(delete(links).where(links.c.expires_us < now_us() - _KEPT_US))


def _link(row: Row[tuple[object, ...]]) -> Link:
    values = dict(row._mapping)
    return Link(id=values.pop("hash").hex(), **values)
