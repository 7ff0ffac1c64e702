"""Users: passwords (Argon2) and sessions."""

import secrets
from functools import lru_cache
from typing import Any, Final

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, func, insert, select, update

from proxy.core.clock import now_us, uuid7
from proxy.core.secret import token_hash
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.leases import CLOCKS_US
from proxy.metadata.tables import members, sessions, users

__all__ = [
    "SESSION_S",
    "Session",
    "User",
    "by_email",
    "by_id",
    "close_session",
    "count",
    "create",
    "forget_password",
    "open_session",
    "remove_expired_sessions",
    "session",
    "set_name",
    "set_password",
    "verify",
]

SESSION_S: Final = 14 * 86_400
_DUMMY: Final = "an address that nobody has takes as long as a wrong password"


class User(msgspec.Struct, kw_only=True):
    id: str
    email: str
    name: str
    disabled: bool
    created_us: int
    has_password: bool = False
    """Without one, a link or an identity provider logs them in."""


class Session(msgspec.Struct, kw_only=True):
    user_id: str
    org_id: str
    role: str
    """The role in that organisation now."""
    csrf: str
    expires_us: int


@lru_cache(1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache(1)
def _dummy() -> str:
    return _hasher().hash(_DUMMY)


def count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(users)).scalar_one())


def create(connection: Connection, email: str, name: str = "", password: str = "") -> User:
    """Create a user. Without a password, only a link or an identity provider logs them in."""
    email = email.strip().lower()
    if by_email(connection, email) is not None:
        raise RowConflict(f"a user with the address {email!r} exists already")
    at = now_us()
    user = User(id=uuid7(at), email=email, name=name, disabled=False, created_us=at)
    hashed = _hasher().hash(password) if password else ""
    row = {"id": user.id, "email": email, "name": name, "disabled": False, "created_us": at}
    connection.execute(insert(users).values(**row, password=hashed))
    user.has_password = bool(hashed)
    return user


def by_email(connection: Connection, email: str) -> User | None:
    row = connection.execute(select(users).where(users.c.email == email.strip().lower())).first()
    return _user(row) if row is not None else None


def by_id(connection: Connection, id: str) -> User | None:
    row = connection.execute(select(users).where(users.c.id == id)).first()
    return _user(row) if row is not None else None


def verify(connection: Connection, email: str, password: str) -> User | None:
    """Return the user if the password is right, else None. An unknown address takes as long."""
    row = connection.execute(select(users).where(users.c.email == email.strip().lower())).first()
    hashed = row.password if row is not None and row.password else _dummy()
    try:
        _hasher().verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return None
    if row is None or not row.password or row.disabled:
        return None
    if _hasher().check_needs_rehash(hashed):
        set_password(connection, row.id, password)
    return _user(row)


def set_password(connection: Connection, user_id: str, password: str) -> None:
    done = connection.execute(update(users).where(users.c.id == user_id).values(password=_hasher().hash(password)))
    if not done.rowcount:
        raise RowNotFound("person", user_id)


def forget_password(connection: Connection, user_id: str) -> None:
    """From now on only a link or an identity provider logs the user in."""
    connection.execute(update(users).where(users.c.id == user_id).values(password=""))


def set_name(connection: Connection, user_id: str, name: str) -> None:
    connection.execute(update(users).where(users.c.id == user_id).values(name=name))


def open_session(connection: Connection, pepper: bytes, user_id: str, org_id: str) -> tuple[str, str]:
    """Open a session; return its token, for the cookie, and its CSRF token."""
    token, csrf, at = secrets.token_urlsafe(32), secrets.token_urlsafe(24), now_us()
    row = {"user_id": user_id, "org_id": org_id, "csrf": csrf, "created_us": at}
    expires_us = at + SESSION_S * 1_000_000
    connection.execute(insert(sessions).values(hash=token_hash(pepper, token), expires_us=expires_us, **row))
    return token, csrf


def session(connection: Connection, pepper: bytes, token: str) -> Session | None:
    """Return the session of a cookie; None where it has ended or its user has left the organisation."""
    query = (
        select(sessions.c.user_id, sessions.c.org_id, sessions.c.csrf, sessions.c.expires_us, members.c.role)
        .join(users, users.c.id == sessions.c.user_id)
        .join(members, (members.c.user_id == sessions.c.user_id) & (members.c.org_id == sessions.c.org_id))
        .where(sessions.c.hash == token_hash(pepper, token), ~users.c.disabled)
        # One that ends later than any that begins now was opened before the clock went back: it would last for years.
        .where(sessions.c.expires_us.between(now_us() + 1, now_us() + SESSION_S * 1_000_000 + CLOCKS_US))
    )
    row = connection.execute(query).first()
    return Session(**row._mapping) if row is not None else None


def remove_expired_sessions(connection: Connection) -> None:
    """Delete the expired sessions."""
    connection.execute(delete(sessions).where(sessions.c.expires_us < now_us()))


def close_session(connection: Connection, pepper: bytes, token: str) -> None:
    connection.execute(delete(sessions).where(sessions.c.hash == token_hash(pepper, token)))


def _user(row: Any) -> User:
    return User(
        id=row.id,
        email=row.email,
        name=row.name,
        disabled=bool(row.disabled),
        created_us=row.created_us,
        has_password=bool(row.password),
    )
