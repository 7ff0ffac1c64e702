"""Saved documents of an organisation: views of the explorer, SQL queries, boards. Each is its owner's or shared."""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from proxy.core.clock import now_us, uuid7
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.tables import api_keys, documents, users

__all__ = [
    "MAX_OF_ORGANISATION",
    "MAX_OF_OWNER",
    "Kind",
    "StoredDocument",
    "create",
    "edit",
    "listed",
    "names_of",
    "remove",
    "shown",
]

Kind = Literal["view", "query", "board"]
MAX_OF_OWNER = 400
MAX_OF_ORGANISATION = 4000


class StoredDocument(msgspec.Struct, kw_only=True):
    id: str
    kind: Kind
    name: str
    content: str
    """JSON; empty in a list."""
    owner: str
    """A user or key; empty: this machine's token."""
    shared: bool
    """Whether all of the organisation see it."""
    revision: int
    """1, and one more with each change."""
    created_us: int
    changed_us: int
    changed_by: str


def create(
    connection: Connection, org_id: str, kind: Kind, name: str, content: str, owner: str, shared: bool
) -> StoredDocument:
    """Create a document and return it. Raises `RowConflict` where there are too many."""
    _has_room(connection, org_id, owner)
    at = now_us()
    made = StoredDocument(
        id=uuid7(at), kind=kind, name=name, content=content, owner=owner, shared=shared, revision=1, created_us=at,
        changed_us=at, changed_by=owner,
    )  # fmt: skip
    connection.execute(insert(documents).values(org_id=org_id, **msgspec.structs.asdict(made)))
    return made


def listed(
    connection: Connection,
    org_id: str,
    reader: str,
    kind: Kind | None = None,
    after: str = "",
    limit: int = 50,
    content: bool = False,
) -> list[StoredDocument]:
    """Return what `reader` owns and what is shared, oldest first, from the one after `after` on."""
    columns = [column for column in documents.c if column.name != "org_id" and (content or column.name != "content")]
    query = select(*columns).where(documents.c.org_id == org_id, documents.c.id > after, _visible(reader))
    if kind is not None:
        query = query.where(documents.c.kind == kind)
    without: dict[str, Any] = {} if content else {"content": ""}
    rows = connection.execute(query.order_by(documents.c.id).limit(limit))
    return [StoredDocument(**row._mapping, **without) for row in rows]


def shown(connection: Connection, org_id: str, id: str, reader: str) -> StoredDocument:
    """Return a document that `reader` owns or that is shared. Raises `RowNotFound` where there is none."""
    columns = [column for column in documents.c if column.name != "org_id"]
    place = and_(documents.c.org_id == org_id, documents.c.id == id, _visible(reader))
    row = connection.execute(select(*columns).where(place)).first()
    if row is None:
        raise RowNotFound("document", id)
    return StoredDocument(**row._mapping)


def edit(connection: Connection, org_id: str, id: str, revision: int, by: str, **changed: Any) -> StoredDocument:
    """Change a document and return it. Raises `RowConflict`, with who changed it, where it is not at `revision`."""
    values = {**changed, "revision": revision + 1, "changed_us": now_us(), "changed_by": by}
    place = and_(documents.c.org_id == org_id, documents.c.id == id)
    at_revision = documents.c.revision == revision
    columns = [column for column in documents.c if column.name != "org_id"]
    row = connection.execute(update(documents).where(place, at_revision).values(**values).returning(*columns)).first()
    if row is not None:
        return StoredDocument(**row._mapping)
    found = connection.execute(select(*columns).where(place)).first()
    if found is None:
        raise RowNotFound("document", id)
    who = names_of(connection, org_id, {found.changed_by})[found.changed_by] or "somebody who is gone"
    when = datetime.fromtimestamp(found.changed_us // 1_000_000, UTC).isoformat().removesuffix("+00:00")
    raise RowConflict(
        f"{who} changed it at {when}Z: it is at revision {found.revision}, and this change was made to {revision}; "
        "read it again"
    )


def remove(connection: Connection, org_id: str, id: str) -> None:
    if not connection.execute(delete(documents).where(documents.c.org_id == org_id, documents.c.id == id)).rowcount:
        raise RowNotFound("document", id)


def names_of(connection: Connection, org_id: str, ids: set[str]) -> dict[str, str]:
    """Return what people call those users and keys; empty where there is no such one any more."""
    found = dict.fromkeys(ids, "")
    if "" in ids:
        found[""] = "this machine's token"
    for user in connection.execute(select(users.c.id, users.c.name, users.c.email).where(users.c.id.in_(ids))):
        found[user.id] = user.name or user.email
    own_keys = (api_keys.c.org_id == org_id, api_keys.c.id.in_(ids))
    for key in connection.execute(select(api_keys.c.id, api_keys.c.name).where(*own_keys)):
        found[key.id] = f"the key {key.name}"
    return found


def _visible(reader: str) -> ColumnElement[bool]:
    return or_(documents.c.owner == reader, documents.c.shared)


def _has_room(connection: Connection, org_id: str, owner: str) -> None:
    """Raises `RowConflict` where the owner or the organisation has as many as it may have."""
    total = func.count()
    own = func.coalesce(func.sum((documents.c.owner == owner).cast(documents.c.revision.type)), 0)
    row = connection.execute(select(total, own).where(documents.c.org_id == org_id)).one()
    if row[0] >= MAX_OF_ORGANISATION:
        raise RowConflict(f"an organisation has at most {MAX_OF_ORGANISATION} saved documents; delete one first")
    if row[1] >= MAX_OF_OWNER:
        raise RowConflict(f"one person or key has at most {MAX_OF_OWNER} saved documents; delete one first")
