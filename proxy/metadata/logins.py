"""The open sessions of a user, as their owner sees and ends them. A session is known by the keyed hash of its token."""

from typing import Final

import msgspec
from sqlalchemy import Connection, delete, select, update

from proxy.core.clock import now_us
from proxy.core.secret import token_hash
from proxy.metadata.errors import RowNotFound
from proxy.metadata.tables import organisations, sessions

__all__ = ["OpenLogin", "end_all", "end_one", "logins_of", "note_use"]

_NOTED_US: Final = 60_000_000
"""The last use of a session is noted once in so long."""


class OpenLogin(msgspec.Struct, kw_only=True):
    id: str
    organisation: str
    """Its name."""
    agent: str
    """The browser's User-Agent."""
    address: str
    """Where it was used last."""
    created_us: int
    seen_us: int
    """Last use, within a minute; 0: not noted."""
    expires_us: int
    current: bool
    """Whether this request came in it."""


def logins_of(connection: Connection, pepper: bytes, user_id: str, token: str) -> list[OpenLogin]:
    """Return the open sessions of a user, newest use first; `token` is the asking one's."""
    own = token_hash(pepper, token)
    query = (
        select(sessions, organisations.c.name)
        .join(organisations, organisations.c.id == sessions.c.org_id)
        .where(sessions.c.user_id == user_id, sessions.c.expires_us > now_us())
        .order_by(sessions.c.seen_us.desc(), sessions.c.created_us.desc())
        .limit(200)
    )
    return [
        OpenLogin(
            id=row.hash.hex(),
            organisation=row.name,
            agent=row.agent,
            address=row.address,
            created_us=row.created_us,
            seen_us=row.seen_us,
            expires_us=row.expires_us,
            current=row.hash == own,
        )
        for row in connection.execute(query)
    ]


def note_use(connection: Connection, pepper: bytes, token: str, agent: str, address: str) -> None:
    """Keep when, from where and with which browser a session was used."""
    place = sessions.c.hash == token_hash(pepper, token)
    connection.execute(
        update(sessions)
        .where(place, sessions.c.seen_us < now_us() - _NOTED_US)
        .values(seen_us=now_us(), agent=agent[:300], address=address[:64])
    )


def end_one(connection: Connection, user_id: str, id: str) -> None:
    """End a session of the user. Raises `RowNotFound`."""
    try:
        place = sessions.c.hash == bytes.fromhex(id)
    except ValueError:
        raise RowNotFound("session", id[:60]) from None
    if not connection.execute(delete(sessions).where(place, sessions.c.user_id == user_id)).rowcount:
        raise RowNotFound("session", id[:60])


def end_all(connection: Connection, pepper: bytes, user_id: str, except_token: str = "") -> int:
    """End the sessions of a user, but for the one of `except_token`; return how many there were."""
    place = [sessions.c.user_id == user_id]
    if except_token:
        place.append(sessions.c.hash != token_hash(pepper, except_token))
    return connection.execute(delete(sessions).where(*place)).rowcount
