"""Managed prompts: immutable versions, and labels (environments) that move between them."""

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from proxy.core.clock import now_us
from proxy.metadata.db import insert_or_keep
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.tables import prompt_labels, prompt_versions, prompts

__all__ = [
    "Prompt",
    "Version",
    "add_version",
    "archive",
    "create",
    "label",
    "listed",
    "shown",
    "unlabel",
    "version",
    "versions",
]


class Prompt(msgspec.Struct, kw_only=True):
    id: str
    name: str
    created_us: int
    archived_us: int
    newest: int
    """Number of its newest version."""
    labels: dict[str, int]
    """Environment to version."""


class Version(msgspec.Struct, kw_only=True):
    version: int
    body: dict[str, Any]
    """The template of the request body: messages, model, parameters, with `{{name}}` in its strings."""
    variables: list[dict[str, Any]]
    note: str
    created_us: int
    created_by: str


def create(connection: Connection, org_id: str, id: str, name: str) -> None:
    """Create a prompt, without versions."""
    if not insert_or_keep(connection, prompts, org_id=org_id, id=id, name=name, created_us=now_us()):
        raise RowConflict(f"a prompt {id!r} exists already")


def add_version(
    connection: Connection,
    org_id: str,
    id: str,
    body: dict[str, Any],
    variables: list[dict[str, Any]],
    note: str = "",
    created_by: str = "",
) -> Version:
    """Create the next version and return it. A version is immutable."""
    _exists(connection, org_id, id)
    place = (prompt_versions.c.org_id == org_id, prompt_versions.c.prompt_id == id)
    newest = connection.execute(select(func.max(prompt_versions.c.version)).where(*place)).scalar_one() or 0
    row: dict[str, Any] = {"version": newest + 1, "note": note, "created_us": now_us(), "created_by": created_by}
    texts = {"body": _json(body), "variables": _json(variables)}
    connection.execute(insert(prompt_versions).values(org_id=org_id, prompt_id=id, **texts, **row))
    return Version(body=body, variables=variables, **row)


def listed(
    connection: Connection, org_id: str, after: str = "", limit: int = 50, archived: bool = False
) -> list[Prompt]:
    """Return prompts by id, from the one after `after` on."""
    query = select(prompts.c.id).where(prompts.c.org_id == org_id, prompts.c.id > after)
    query = query.where(prompts.c.archived_us > 0 if archived else prompts.c.archived_us == 0)
    ids = connection.execute(query.order_by(prompts.c.id).limit(limit)).scalars().all()
    return [shown(connection, org_id, id) for id in ids]


def shown(connection: Connection, org_id: str, id: str) -> Prompt:
    row = connection.execute(select(prompts).where(prompts.c.org_id == org_id, prompts.c.id == id)).first()
    if row is None:
        raise RowNotFound("prompt", id)
    place = (prompt_versions.c.org_id == org_id, prompt_versions.c.prompt_id == id)
    newest = connection.execute(select(func.max(prompt_versions.c.version)).where(*place)).scalar_one() or 0
    labels = connection.execute(
        select(prompt_labels.c.label, prompt_labels.c.version)
        .where(prompt_labels.c.org_id == org_id, prompt_labels.c.prompt_id == id)
        .order_by(prompt_labels.c.label)
    )
    return Prompt(
        id=row.id,
        name=row.name,
        created_us=row.created_us,
        archived_us=row.archived_us,
        newest=newest,
        labels={label.label: label.version for label in labels},
    )


def versions(connection: Connection, org_id: str, id: str, before: int = 0, limit: int = 50) -> list[Version]:
    """Return versions, newest first, from the one before `before` on."""
    _exists(connection, org_id, id)
    query = select(prompt_versions).where(prompt_versions.c.org_id == org_id, prompt_versions.c.prompt_id == id)
    if before:
        query = query.where(prompt_versions.c.version < before)
    return [_version(row) for row in connection.execute(query.order_by(prompt_versions.c.version.desc()).limit(limit))]


def version(connection: Connection, org_id: str, id: str, number: int) -> Version:
    row = connection.execute(
        select(prompt_versions).where(
            prompt_versions.c.org_id == org_id, prompt_versions.c.prompt_id == id, prompt_versions.c.version == number
        )
    ).first()
    if row is None:
        raise RowNotFound("version", f"{id} {number}")
    return _version(row)


def label(connection: Connection, org_id: str, id: str, name: str, number: int) -> Prompt:
    """Point an environment to a version: a newer one to release, an older one to roll back."""
    version(connection, org_id, id, number)
    changed = {"version": number, "changed_us": now_us()}
    if not insert_or_keep(connection, prompt_labels, org_id=org_id, prompt_id=id, label=name, **changed):
        place = (
            prompt_labels.c.org_id == org_id, prompt_labels.c.prompt_id == id, prompt_labels.c.label == name,
        )  # fmt: skip
        connection.execute(update(prompt_labels).where(*place).values(**changed))
    return shown(connection, org_id, id)


def unlabel(connection: Connection, org_id: str, id: str, name: str) -> Prompt:
    place = (prompt_labels.c.org_id == org_id, prompt_labels.c.prompt_id == id, prompt_labels.c.label == name)
    if not connection.execute(delete(prompt_labels).where(*place)).rowcount:
        raise RowNotFound("environment", name)
    return shown(connection, org_id, id)


def archive(connection: Connection, org_id: str, id: str, archived: bool = True) -> Prompt:
    """Archive a prompt, so that calls cannot use it; it can be restored."""
    _exists(connection, org_id, id)
    place = (prompts.c.org_id == org_id, prompts.c.id == id)
    connection.execute(update(prompts).where(*place).values(archived_us=now_us() if archived else 0))
    return shown(connection, org_id, id)


def _exists(connection: Connection, org_id: str, id: str) -> None:
    if connection.execute(select(prompts.c.id).where(prompts.c.org_id == org_id, prompts.c.id == id)).first() is None:
        raise RowNotFound("prompt", id)


def _version(row: Any) -> Version:
    return Version(
        version=row.version,
        body=msgspec.json.decode(row.body),
        variables=msgspec.json.decode(row.variables),
        note=row.note,
        created_us=row.created_us,
        created_by=row.created_by,
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
