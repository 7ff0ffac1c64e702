"""Organisations and their members."""

from typing import Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from proxy.core.clock import now_us, uuid7
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.tables import members, organisations, users

__all__ = [
    "ROLES",
    "Member",
    "Organisation",
    "add",
    "create",
    "edit",
    "listed",
    "member",
    "members_of",
    "of_user",
    "remove",
    "shown",
]

ROLES: Final = ("viewer", "member", "admin", "owner")
"""Each may what those before it may: read; change prompts; members, keys and credentials; the organisation."""


class Organisation(msgspec.Struct, kw_only=True):
    id: str
    name: str
    policy: str
    """Rate limits for every call, as in Helicone-RateLimit-Policy."""
    created_us: int


class Member(msgspec.Struct, kw_only=True):
    user_id: str
    email: str
    name: str
    role: str
    created_us: int


def create(connection: Connection, name: str, policy: str = "") -> Organisation:
    if connection.execute(select(organisations.c.id).where(organisations.c.name == name)).first() is not None:
        raise RowConflict(f"an organisation {name!r} exists already")
    at = now_us()
    row = Organisation(id=uuid7(at), name=name, policy=policy, created_us=at)
    connection.execute(insert(organisations).values(**msgspec.structs.asdict(row)))
    return row


def listed(connection: Connection, after: str = "", limit: int = 50) -> list[Organisation]:
    query = select(organisations).where(organisations.c.id > after).order_by(organisations.c.id).limit(limit)
    return [Organisation(**row._mapping) for row in connection.execute(query)]


def of_user(connection: Connection, user_id: str) -> list[tuple[Organisation, str]]:
    """Those that a person belongs to, with the role there."""
    query = (
        select(organisations, members.c.role)
        .join(members, members.c.org_id == organisations.c.id)
        .where(members.c.user_id == user_id)
        .order_by(organisations.c.id)
    )
    return [
        (Organisation(id=row.id, name=row.name, policy=row.policy, created_us=row.created_us), row.role)
        for row in connection.execute(query)
    ]


def shown(connection: Connection, id: str) -> Organisation:
    row = connection.execute(select(organisations).where(organisations.c.id == id)).first()
    if row is None:
        raise RowNotFound("organisation", id)
    return Organisation(**row._mapping)


def edit(connection: Connection, id: str, **changed: str) -> Organisation:
    shown(connection, id)
    name = changed.get("name")
    taken = select(organisations.c.id).where(organisations.c.name == name, organisations.c.id != id)
    if name is not None and connection.execute(taken).first() is not None:
        raise RowConflict(f"an organisation {name!r} exists already")
    if changed:
        connection.execute(update(organisations).where(organisations.c.id == id).values(**changed))
    return shown(connection, id)


def members_of(connection: Connection, org_id: str, after: str = "", limit: int = 50) -> list[Member]:
    query = (
        select(members.c.user_id, users.c.email, users.c.name, members.c.role, members.c.created_us)
        .join(users, users.c.id == members.c.user_id)
        .where(members.c.org_id == org_id, members.c.user_id > after)
        .order_by(members.c.user_id)
        .limit(limit)
    )
    return [Member(**row._mapping) for row in connection.execute(query)]


def member(connection: Connection, org_id: str, user_id: str) -> Member:
    query = (
        select(members.c.user_id, users.c.email, users.c.name, members.c.role, members.c.created_us)
        .join(users, users.c.id == members.c.user_id)
        .where(members.c.org_id == org_id, members.c.user_id == user_id)
    )
    row = connection.execute(query).first()
    if row is None:
        raise RowNotFound("member", user_id)
    return Member(**row._mapping)


def add(connection: Connection, org_id: str, user_id: str, role: str) -> None:
    """Puts a person into an organisation, or gives another role. The last owner stays one."""
    place = (members.c.org_id == org_id, members.c.user_id == user_id)
    before = connection.execute(select(members.c.role).where(*place)).scalar_one_or_none()
    if before is None:
        connection.execute(insert(members).values(org_id=org_id, user_id=user_id, role=role, created_us=now_us()))
    elif before != role:
        if before == "owner":
            _not_the_last(connection, org_id)
        connection.execute(update(members).where(*place).values(role=role))


def remove(connection: Connection, org_id: str, user_id: str) -> None:
    place = (members.c.org_id == org_id, members.c.user_id == user_id)
    role = connection.execute(select(members.c.role).where(*place)).scalar_one_or_none()
    if role is None:
        raise RowNotFound("member", user_id)
    if role == "owner":
        _not_the_last(connection, org_id)
    connection.execute(delete(members).where(*place))


def _not_the_last(connection: Connection, org_id: str) -> None:
    owners = select(func.count()).select_from(members).where(members.c.org_id == org_id, members.c.role == "owner")
    if connection.execute(owners).scalar_one() < 2:
        raise RowConflict("the last owner of an organisation stays its owner")
