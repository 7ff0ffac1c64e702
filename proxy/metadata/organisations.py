"""Organisations and their members."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from proxy.core.clock import now_us, uuid7
from proxy.core.org_settings import OrgSettings
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
    "read_settings",
    "remove",
    "shown",
]

ROLES: Final = ("viewer", "member", "admin", "owner")
"""Each role includes those before it: read; change prompts; members, keys and credentials; the organisation."""


class Organisation(msgspec.Struct, kw_only=True):
    id: str
    name: str
    policy: str
    """Rate limits for every call, as in Helicone-RateLimit-Policy."""
    zone: str
    """Name of the zone whose days and months budgets have; empty: UTC."""
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
    made = Organisation(id=uuid7(at), name=name, policy=policy, zone="", created_us=at)
    settings = _encode(OrgSettings(policy=policy))
    connection.execute(insert(organisations).values(id=made.id, name=name, settings=settings, created_us=at))
    return made


def listed(connection: Connection, after: str = "", limit: int = 50) -> list[Organisation]:
    query = select(organisations).where(organisations.c.id > after).order_by(organisations.c.id).limit(limit)
    return [_organisation(row) for row in connection.execute(query)]


def of_user(connection: Connection, user_id: str) -> list[tuple[Organisation, str]]:
    """Return the organisations that a user belongs to, with the role in each."""
    query = (
        select(organisations, members.c.role)
        .join(members, members.c.org_id == organisations.c.id)
        .where(members.c.user_id == user_id)
        .order_by(organisations.c.id)
    )
    return [(_organisation(row), row.role) for row in connection.execute(query)]


def shown(connection: Connection, id: str) -> Organisation:
    row = connection.execute(select(organisations).where(organisations.c.id == id)).first()
    if row is None:
        raise RowNotFound("organisation", id)
    return _organisation(row)


def edit(connection: Connection, id: str, **changed: str) -> Organisation:
    """Change the name, or a setting by its name in `OrgSettings`."""
    row = connection.execute(select(organisations.c.settings).where(organisations.c.id == id)).first()
    if row is None:
        raise RowNotFound("organisation", id)
    name = changed.pop("name", None)
    values = {} if name is None else {"name": name}
    taken = select(organisations.c.id).where(organisations.c.name == name, organisations.c.id != id)
    if name is not None and connection.execute(taken).first() is not None:
        raise RowConflict(f"an organisation {name!r} exists already")
    if changed:
        values["settings"] = _encode(msgspec.structs.replace(read_settings(row.settings), **changed))
    if values:
        connection.execute(update(organisations).where(organisations.c.id == id).values(**values))
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
    """Add a user to an organisation, or change the role. The last owner cannot get another."""
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


def read_settings(text: str) -> OrgSettings:
    """Return the settings of an organisation from the column `settings`."""
    return msgspec.json.decode(text, type=OrgSettings)


def _encode(settings: OrgSettings) -> str:
    return msgspec.json.encode(settings).decode()


def _organisation(row: Any) -> Organisation:
    settings = read_settings(row.settings)
    return Organisation(id=row.id, name=row.name, policy=settings.policy, zone=settings.zone, created_us=row.created_us)
