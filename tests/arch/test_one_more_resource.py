"""One more resource of the API is its table, migration, queries, routes and one line: added in a copy of the tree."""

from pathlib import Path

import pytest

from tests.arch.test_one_more import Tree

TABLE = """notes = Table(
    "notes",
    METADATA,
    Column("id", String(36), primary_key=True),
    _org(),
    Column("text", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Index(None, "org_id", "id"),
)
"""
MIGRATION = '''"""Notes"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisations.id"], name=op.f("fk_notes_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_org_id_id"), "notes", ["org_id", "id"])
'''
QUERIES = '''"""Notes of an organisation."""

import msgspec
from sqlalchemy import Connection, insert, select

from proxy.core.clock import now_us, uuid7
from proxy.metadata.tables import notes

__all__ = ["Note", "create", "listed"]


class Note(msgspec.Struct):
    id: str
    text: str
    created_us: int


def create(connection: Connection, org_id: str, text: str) -> Note:
    """Create a note and return it."""
    at = now_us()
    note = Note(uuid7(at), text, at)
    connection.execute(insert(notes).values(org_id=org_id, **msgspec.structs.asdict(note)))
    return note


def listed(connection: Connection, org_id: str, after: str, limit: int) -> list[Note]:
    """Newest first, from the one after `after` on."""
    query = select(notes.c.id, notes.c.text, notes.c.created_us).where(notes.c.org_id == org_id)
    if after:
        query = query.where(notes.c.id < after)
    return [Note(**row._mapping) for row in connection.execute(query.order_by(notes.c.id.desc()).limit(limit))]
'''
ROUTES = '''"""`/api/notes`: notes of an organisation."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import JSONBody

from proxy.control.api.paging import After, Limit, check_limit
from proxy.control.auth import caller_of, needs
from proxy.control.idempotency import database_of, mutate
from proxy.metadata import notes
from proxy.metadata.errors import InvalidValue
from proxy.metadata.notes import Note

__all__ = ["NOTE_ROUTES"]


class NewNote(msgspec.Struct, forbid_unknown_fields=True):
    text: str


class NotePage(msgspec.Struct):
    data: list[Note]
    next: str | None


@get("/api/notes", sync_to_thread=True, opt=needs("viewer"), summary="Notes, newest first", operation_id="listNotes")
def list_notes(request: Request[Any, Any, Any], after: After = "", limit: Limit = 50) -> NotePage:
    """One page of them."""
    check_limit(limit)
    with database_of(request).read() as rows:
        found = notes.listed(rows, caller_of(request).org, after, limit + 1)
    return NotePage(found[:limit], found[limit - 1].id if len(found) > limit else None)


@post("/api/notes", sync_to_thread=True, opt=needs("member"), summary="Create a note", status_code=201,
      operation_id="createNote")  # fmt: skip
def create_note(request: Request[Any, Any, Any], data: JSONBody[NewNote]) -> Response[Note]:
    """A note of the caller's organisation."""
    if not data.text:
        raise InvalidValue("text", data.text, "a text that is not empty")
    org = caller_of(request).org
    return mutate(request, data, lambda rows: notes.create(rows, org, data.text), 201, publish=False)


NOTE_ROUTES: list[Any] = [list_notes, create_note]
'''
USES_RESOURCE = """
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from litestar.testing import TestClient

from proxy.control.app import create
from proxy.core import settings
from proxy.metadata import keys
from proxy.metadata.tables import METADATA

# The log is not what this is about: a store that nobody answers for saves the start of chDB.
given = settings.load(environ={}, overrides={"data": "data", "log.store": "clickhouse://127.0.0.1:1/none"})
with TestClient(create(given)) as client:
    owner = {"Authorization": f"Bearer {given.layout.control_token.read_text()}"}

    def post(path, headers=owner, **body):
        return client.post(path, json=body, headers=headers)

    def listed(headers=owner, **query):
        answer = client.get("/api/notes", headers=headers, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    first, again = (post("/api/notes", {**owner, "Idempotency-Key": "one"}, text="Halley") for _ in range(2))
    assert first.status_code == 201 and first.json() == again.json()
    second = post("/api/notes", text="Encke")
    assert listed() == {"data": [second.json(), first.json()], "next": None}
    page = listed(limit=1)
    assert page == {"data": [second.json()], "next": second.json()["id"]}
    assert listed(limit=1, cursor=page["next"])["data"] == [first.json()]

    assert client.get("/api/notes").status_code == 401
    refused = post("/api/notes", text="")
    assert refused.status_code == 400 and refused.json()["parameter"] == "text", refused.text
    reader = post("/api/keys", name="reader", scopes=["read"]).json()["key"]
    reading = {"Authorization": f"Bearer {reader}"}
    assert post("/api/notes", reading, text="Biela").status_code == 403
    assert len(listed(reading)["data"]) == 2

    paths = client.get("/api/schema/openapi.json").json()["paths"]
    assert {one["operationId"] for one in paths["/api/notes"].values()} == {"listNotes", "createNote"}

    plane = client.app.state.plane
    with plane.database.read() as rows:
        assert compare_metadata(MigrationContext.configure(rows), METADATA) == []
    # Another organisation's key sees none of them.
    moon = post("/api/organisations", name="Moon").json()["id"]
    with plane.database.write() as rows:
        _, key = keys.create(rows, plane.database.pepper, moon, "moon", ["read"])
    assert listed({"Authorization": f"Bearer {key}"}) == {"data": [], "next": None}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def test_one_more_resource_of_the_api_is_its_table_migration_queries_routes_and_one_line(tree: Tree) -> None:
    tree.register("proxy/metadata/tables.py", "jobs = Table(\n", "", TABLE)
    tree.register("proxy/metadata/tables.py", '    "organisations",\n    "prices",', "", '    "notes",\n')
    newest = max(path.name[:4] for path in (tree.folder / "proxy/metadata/migrations/versions").glob("[0-9]*.py"))
    revision = f"{int(newest) + 1:04}"
    tree.add(
        f"proxy/metadata/migrations/versions/{revision}_notes.py", MIGRATION.format(revision=revision, before=newest)
    )
    tree.add("proxy/metadata/notes.py", QUERIES)
    tree.add("proxy/control/api/notes.py", ROUTES)
    tree.register(
        "proxy/control/app.py",
        "    *PEOPLE_ROUTES,\n",
        "from proxy.control.api.notes import NOTE_ROUTES",
        "    *NOTE_ROUTES,\n",
    )
    tree.run(USES_RESOURCE)
