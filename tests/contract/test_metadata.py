"""The metadata database: one suite over SQLite and PostgreSQL."""

import itertools
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import LargeBinary, inspect, text
from sqlalchemy.exc import IntegrityError, OperationalError

from proxy.core.clock import now_us
from proxy.core.identity import DEFAULT_ORG
from proxy.core.org_settings import OrgSettings
from proxy.core.secret import Secret, SecretError, token_hash
from proxy.core.snapshot import OrgRow, SnapshotError, read
from proxy.metadata import (
    credentials,
    db,
    documents,
    identities,
    keys,
    links,
    logins,
    organisations,
    people,
    prompts,
    sealed,
    snapshot_query,
)
from proxy.metadata.db import Database, MetadataError, SecretRotated
from proxy.metadata.errors import RowConflict, RowNotFound
from proxy.metadata.tables import METADATA, api_keys, users
from tests.postgres_server import PostgresServer

SECRET, OTHER = Secret(b"s" * 32), Secret(b"o" * 32)
_names = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'metadata.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.database(f"test{next(_names)}")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database.open(url, SECRET)
    yield opened
    opened.close()


def told(database: Database) -> dict[str, list[Any]]:
    """The snapshot's rows by kind."""
    found: dict[str, list[Any]] = {}
    with database.read() as rows:
        for kind, items in read(b"".join(snapshot_query.snapshot(rows)[1])):
            found.setdefault(kind, []).extend(items)
    return found


def test_migrated_and_declared_tables_are_the_same_and_opening_again_changes_nothing(url: str) -> None:
    for _ in range(2):
        database = Database.open(url, SECRET)
        with database.read() as rows:
            assert compare_metadata(MigrationContext.configure(rows), METADATA) == []
        assert database.revision() == 1
        database.close()


def test_a_migration_that_fails_half_way_leaves_everything_as_it_was(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Database.open(url, SECRET).close()
    folder = tmp_path / "migrations"
    shutil.copytree(db._MIGRATIONS, folder)
    newest = max(path.name[:4] for path in (folder / "versions").glob("0*.py"))
    (folder / "versions" / "9999_half.py").write_text(
        f"from alembic import op\nimport sqlalchemy as sa\nrevision = '9999'\ndown_revision = '{newest}'\n"
        "def upgrade():\n    op.create_table('half', sa.Column('id', sa.Integer))\n"
        "    op.execute('SELECT * FROM nothing')\n"
    )
    with monkeypatch.context() as patch:
        patch.setattr(db, "_MIGRATIONS", folder)
        with pytest.raises(MetadataError, match="nothing"):
            Database.open(url, SECRET)
    database = Database.open(url, SECRET)
    assert "half" not in inspect(database.engine).get_table_names()
    database.close()


def of_the_first_schema(url: str, given: dict[str, list[dict[str, Any]]]) -> None:
    """A database as the first release made it, with some rows by table."""
    engine = db._engine(url)
    config = Config()
    config.set_main_option("script_location", str(db._MIGRATIONS))
    with engine.begin() as rows:
        config.attributes["connection"] = rows
        command.upgrade(config, "0001")
        for table, some in given.items():
            names = list(some[0])
            values = ", ".join(f":{name}" for name in names)
            rows.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"), some)
    engine.dispose()


def test_another_secret_does_not_bring_an_older_schema_up_to_date(url: str) -> None:
    meta = {"pepper": SECRET.seal(b"p" * 32, "pepper").hex(), "fingerprint": SECRET.fingerprint, "revision": "7"}
    of_the_first_schema(url, {"meta": [{"name": name, "value": value} for name, value in meta.items()]})

    def seen() -> Any:
        engine = db._engine(url)
        with engine.connect() as rows:
            found = rows.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
            tables = inspect(rows).get_table_names()
        engine.dispose()
        return found, sorted(tables)

    before = seen()
    with pytest.raises(MetadataError, match="nothing was changed"):
        Database.open(url, OTHER)
    assert seen() == before and before[0] == ["0001"]
    database = Database.open(url, OTHER, SECRET)
    assert database.secret is SECRET and database.revision() == 7
    database.close()
    assert seen() != before


def test_a_database_of_the_first_schema_comes_up_with_all_its_rows(url: str) -> None:
    pepper, at = b"p" * 32, now_us()
    sealed_key = SECRET.seal(b"sk-provider-1234", "credential default openai")
    first: dict[str, list[dict[str, Any]]] = {
        "meta": [
            {"name": "pepper", "value": SECRET.seal(pepper, "pepper").hex()},
            {"name": "fingerprint", "value": SECRET.fingerprint},
            {"name": "revision", "value": "7"},
        ],
        "organisations": [{"id": "default", "name": "default", "policy": "", "created_us": 1}],
        "users": [{"id": "ada", "email": "ada@example.com", "password": "", "disabled": False, "created_us": 1}],
        "members": [{"org_id": "default", "user_id": "ada", "role": "owner", "created_us": 1}],
        "sessions": [
            {
                "hash": token_hash(pepper, "a session"), "user_id": "ada", "org_id": "default", "csrf": "c",
                "created_us": at, "expires_us": at + 10**12,
            }
        ],
        "api_keys": [
            {
                "id": "key", "org_id": "default", "name": "k", "hash": token_hash(pepper, "sk-x"), "hint": "sk-x",
                "scopes": "proxy", "created_us": 1,
            }
        ],
        "credentials": [
            {"org_id": "default", "provider": "openai", "sealed": sealed_key, "hint": "1234", "created_us": 1}
        ],
        "prompts": [{"org_id": "default", "id": "p", "created_us": 1}],
        "prompt_versions": [
            {"org_id": "default", "prompt_id": "p", "version": 1, "body": "{}", "variables": "[]", "created_us": 1}
        ],
        "prompt_labels": [
            {"org_id": "default", "prompt_id": "p", "label": "production", "version": 1, "changed_us": 1}
        ],
    }  # fmt: skip
    of_the_first_schema(url, first)
    database = Database.open(url, SECRET)
    assert (database.pepper, database.revision()) == (pepper, 7)
    with database.read() as rows:
        assert compare_metadata(MigrationContext.configure(rows), METADATA) == []
        session = people.session(rows, pepper, "a session")
        assert session is not None and (session.user_id, session.role) == ("ada", "owner")
        found = keys.by_hash(rows, token_hash(pepper, "sk-x"))
        assert found is not None and found.id == "key"
        assert prompts.shown(rows, "default", "p").labels == {"production": 1}
    seen = told(database)
    assert [row.id for row in seen["keys"]] == ["key"]
    assert SECRET.open(seen["credentials"][0].sealed, "credential default openai") == b"sk-provider-1234"
    with database.write(publish=False) as rows:
        identities.link(rows, "https://idp.example", "ada-1", "ada")
    with database.read() as rows:
        known = identities.by_subject(rows, "https://idp.example", "ada-1")
        assert known is not None and known.email == "ada@example.com"
    with pytest.raises(IntegrityError), database.write(publish=False) as rows:
        identities.link(rows, "https://idp.example", "eve-1", "nobody")
    database.close()


def test_another_secret_is_refused_and_changes_nothing(database: Database, url: str) -> None:
    def dump() -> list[Any]:
        with database.read() as rows:
            return rows.execute(text("SELECT name, value FROM meta ORDER BY name")).all()

    before = dump()
    with pytest.raises(MetadataError, match=f"{SECRET.fingerprint}.*{OTHER.fingerprint}"):
        Database.open(url, OTHER)
    assert dump() == before


def test_keys(database: Database) -> None:
    with database.write() as rows:
        made, token = keys.create(rows, database.pepper, "default", "one", ["proxy"], "5;w=60")
        old, _ = keys.create(rows, database.pepper, "default", "old", ["proxy"], expires_us=1)
        keys.create(rows, database.pepper, "default", "reader", ["read"])
    with database.read() as rows:
        stored = rows.execute(api_keys.select().where(api_keys.c.id == made.id)).one()
        assert token not in repr(stored) and stored.hash == token_hash(database.pepper, token)
        found = keys.by_hash(rows, stored.hash)
        assert found is not None and found.id == made.id
        assert [key.name for key in keys.listed(rows, "default", limit=2)] == ["reader", "old"]
        assert [key.name for key in keys.listed(rows, "default", after=old.id)] == ["one"]
        with pytest.raises(RowNotFound):
            keys.shown(rows, "another", made.id)
    assert [row.id for row in told(database)["keys"]] == [made.id]
    with database.write() as rows:
        at = keys.revoke(rows, "default", made.id).revoked_us
        assert keys.revoke(rows, "default", made.id).revoked_us == at > 0
        assert keys.by_hash(rows, stored.hash) is None
    assert "keys" not in told(database)


def test_a_token_is_one_key_even_after_its_end(database: Database) -> None:
    def take_over(org: str) -> keys.Key:
        with database.write() as rows:
            return keys.create(rows, database.pepper, org, "old", ["proxy"], token="sk-helicone-one")[0]

    with database.write() as rows:
        other = organisations.create(rows, "Moon").id
    first = take_over("default")
    for _ in range(2):
        for org in ("default", other):
            with pytest.raises(RowConflict) as caught:
                take_over(org)
            assert first.id not in str(caught.value) and "default" not in str(caught.value)
        with database.write() as rows:
            keys.revoke(rows, "default", first.id)
    with database.read() as rows:
        assert [key.id for key in keys.listed(rows, "default")] == [first.id] and keys.listed(rows, other) == []


def test_an_error_holds_nothing_of_what_was_to_be_stored(database: Database) -> None:
    row = {"id": "ada", "email": "ada@example.com", "password": "$argon2id$of-hers", "disabled": False, "created_us": 1}
    with pytest.raises(IntegrityError) as caught, database.write() as rows:
        for _ in range(2):
            rows.execute(users.insert().values(**row))
    assert "argon2id" not in str(caught.value)


def test_credentials_are_sealed_and_change_their_seal(database: Database) -> None:
    with database.write() as rows:
        credentials.put(rows, SECRET, "default", "openai", "sk-old-old-old")
        assert credentials.put(rows, SECRET, "default", "openai", "sk-provider-1234").hint == "1234"
    (row,) = told(database)["credentials"]
    assert b"provider" not in row.sealed and SECRET.open(row.sealed, "credential default openai") == b"sk-provider-1234"
    for secret, about in ((OTHER, "credential default openai"), (SECRET, "credential other openai")):
        with pytest.raises(SecretError):
            secret.open(row.sealed, about)
    with pytest.raises(SecretError), database.write() as rows:
        sealed.rotate(rows, OTHER, SECRET)
    with database.write() as rows:
        assert sealed.rotate(rows, SECRET, OTHER) == 1
    with pytest.raises(SecretRotated), database.write() as rows:
        credentials.put(rows, SECRET, "default", "openai", "sk-nobody-could-open-it")
    database.secret = OTHER
    found = told(database)
    assert OTHER.open(found["credentials"][0].sealed, "credential default openai") == b"sk-provider-1234"
    assert OTHER.open(found["head"][0].pepper, "pepper") == database.pepper
    with database.write() as rows:
        credentials.remove(rows, "default", "openai")
        with pytest.raises(RowNotFound):
            credentials.remove(rows, "default", "openai")


def test_prompts_have_versions_that_stay_and_labels_that_move(database: Database) -> None:
    with database.write() as rows:
        prompts.create(rows, "default", "p", "P")
        assert [prompts.add_version(rows, "default", "p", {"n": n}, []).version for n in (1, 2)] == [1, 2]
        prompts.label(rows, "default", "p", "production", 2)
        assert prompts.label(rows, "default", "p", "production", 1).labels == {"production": 1}
        with pytest.raises(RowNotFound):
            prompts.label(rows, "default", "p", "production", 3)
        assert [one.body for one in prompts.versions(rows, "default", "p")] == [{"n": 2}, {"n": 1}]
    with pytest.raises(RowConflict), database.write() as rows:
        prompts.create(rows, "default", "p", "again")
    found = {row.version: (row.labels, row.newest) for row in told(database)["prompts"]}
    assert found == {1: (("production",), False), 2: ((), True)}
    with database.write() as rows:
        prompts.archive(rows, "default", "p")
        assert prompts.listed(rows, "default") == [] and len(prompts.listed(rows, "default", archived=True)) == 1
    assert "prompts" not in told(database)


def test_documents_have_revisions_and_a_bounded_number(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.write(publish=False) as rows:
        made = documents.create(rows, DEFAULT_ORG, "view", "errors", "{}", "ada", False)
        assert documents.shown(rows, DEFAULT_ORG, made.id, "ada") == made
        assert documents.edit(rows, DEFAULT_ORG, made.id, 1, "ada", shared=True).revision == 2
        with pytest.raises(RowConflict, match="somebody who is gone changed it at 2"):
            documents.edit(rows, DEFAULT_ORG, made.id, 1, "bob", name="mine")
        with pytest.raises(RowNotFound):
            documents.edit(rows, "other", made.id, 2, "ada", name="taken")
        monkeypatch.setattr(documents, "MAX_OF_OWNER", 2)
        monkeypatch.setattr(documents, "MAX_OF_ORGANISATION", 3)
        second = documents.create(rows, DEFAULT_ORG, "board", "own", "{}", "ada", False)
        with pytest.raises(RowConflict, match="one person or key has at most 2"):
            documents.create(rows, DEFAULT_ORG, "view", "third", "{}", "ada", True)
        documents.create(rows, DEFAULT_ORG, "view", "bob's", "{}", "bob", False)
        with pytest.raises(RowConflict, match="an organisation has at most 3"):
            documents.create(rows, DEFAULT_ORG, "view", "fourth", "{}", "cleo", False)
        assert [one.id for one in documents.listed(rows, DEFAULT_ORG, "ada")] == [made.id, second.id]
        assert [one.name for one in documents.listed(rows, DEFAULT_ORG, "bob")] == ["errors", "bob's"]


def test_people(database: Database) -> None:
    with database.write(publish=False) as rows:
        ada = people.create(rows, " Ada@Example.com ", password="correct horse")
        with pytest.raises(RowConflict):
            people.create(rows, "ada@example.com")
        assert people.verify(rows, "ADA@example.com", "correct horse") == ada
        assert people.verify(rows, "ada@example.com", "wrong") is None is people.verify(rows, "nobody@x.y", "wrong")
        organisations.add(rows, "default", ada.id, "owner")
        with pytest.raises(RowConflict, match="last owner"):
            organisations.add(rows, "default", ada.id, "viewer")
        with pytest.raises(RowConflict, match="last owner"):
            organisations.remove(rows, "default", ada.id)
        token, _ = people.open_session(rows, database.pepper, ada.id, "default")
        session = people.session(rows, database.pepper, token)
        assert session is not None and session.role == "owner"
        people.close_session(rows, database.pepper, token)
        assert people.session(rows, database.pepper, token) is None
        over = links.make_link(rows, database.pepper, "default", "viewer", hours=-1)
        assert links.use_link(rows, database.pepper, over) is None
        stored = rows.execute(text("SELECT password FROM users")).scalar_one()
        assert stored.startswith("$argon2id$")


def test_a_link_sets_a_password_or_invites_and_its_state_is_told(database: Database) -> None:
    with database.write(publish=False) as rows:
        ada = people.create(rows, "ada@links.example", password="correct horse")
        first = links.make_link(rows, database.pepper, "default", "", ada.email, user_id=ada.id)
        second = links.make_link(rows, database.pepper, "default", "", ada.email, user_id=ada.id)
        assert links.see_link(rows, database.pepper, first) is None  # only the newest works
        seen = links.see_link(rows, database.pepper, second)
        assert seen is not None and (seen.kind, seen.state, seen.user_id) == ("password", "open", ada.id)
        assert identities.accept_invitations(rows, ada.id, ada.email) == 0  # it is no invitation
        assert links.use_link(rows, database.pepper, second) is not None
        seen = links.see_link(rows, database.pepper, second)
        assert seen is not None and seen.state == "used"
        invited = links.make_link(rows, database.pepper, "default", "viewer", "eve@links.example")
        over = links.make_link(rows, database.pepper, "default", "viewer", "late@links.example", hours=-1)
        seen = links.see_link(rows, database.pepper, over)
        assert seen is not None and seen.state == "expired"
        found = links.open_invitations(rows, "default")
        assert [one.email for one in found if one.email.endswith("links.example")] == ["eve@links.example"]
        with pytest.raises(RowNotFound):
            links.withdraw(rows, "elsewhere", found[0].id)
        with pytest.raises(RowNotFound):
            links.withdraw(rows, "default", "no hash at all")
        links.withdraw(rows, "default", found[0].id)
        assert links.see_link(rows, database.pepper, invited) is None


def test_a_user_sees_and_ends_their_own_sessions_only(database: Database) -> None:
    with database.write(publish=False) as rows:
        ada, eve = (people.create(rows, f"{name}@logins.example") for name in ("ada", "eve"))
        for user in (ada, eve):
            organisations.add(rows, "default", user.id, "viewer")
        here, _ = people.open_session(rows, database.pepper, ada.id, "default")
        there, _ = people.open_session(rows, database.pepper, ada.id, "default")
        other, _ = people.open_session(rows, database.pepper, eve.id, "default")
        logins.note_use(rows, database.pepper, there, "Firefox " + "x" * 500, "192.0.2.7")
        logins.note_use(rows, database.pepper, there, "Chrome", "192.0.2.8")  # within the minute: not noted
        found = logins.logins_of(rows, database.pepper, ada.id, here)
        assert [(one.current, one.address, one.organisation) for one in found] == [
            (False, "192.0.2.7", "default"),
            (True, "", "default"),
        ]
        assert found[0].agent.startswith("Firefox") and len(found[0].agent) == 300 and found[0].seen_us > 0
        for id in (found[0].id, "no hash"):
            with pytest.raises(RowNotFound):
                logins.end_one(rows, eve.id, id)
        logins.end_one(rows, ada.id, found[0].id)
        assert people.session(rows, database.pepper, there) is None
        people.open_session(rows, database.pepper, ada.id, "default")
        assert logins.end_all(rows, database.pepper, ada.id, here) == 1
        assert people.session(rows, database.pepper, here) is not None
        assert logins.end_all(rows, database.pepper, ada.id) == 1
        assert people.session(rows, database.pepper, other) is not None


def at_once(work: Any, count: int = 4) -> list[Any]:
    """What each of some threads got, errors too."""
    results: list[Any] = []

    def one() -> None:
        try:
            results.append(work())
        except (OperationalError, IntegrityError, RowConflict) as error:
            results.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_races_lose_nothing_and_make_nothing_twice(database: Database) -> None:
    with database.write() as rows:
        prompts.create(rows, "default", "race", "")
        link = links.make_link(rows, database.pepper, "default", "viewer")

    def version() -> int:
        with database.write() as rows:
            return prompts.add_version(rows, "default", "race", {}, []).version

    numbers = [one for one in at_once(version) if isinstance(one, int)]
    assert numbers and len(set(numbers)) == len(numbers)
    with database.read() as rows:
        assert prompts.shown(rows, "default", "race").newest == max(numbers) == len(numbers)

    def use() -> Any:
        with database.write(publish=False) as rows:
            return links.use_link(rows, database.pepper, link)

    assert sum(one is not None and not isinstance(one, Exception) for one in at_once(use)) == 1


def test_every_telling_change_raises_the_revision_once(database: Database) -> None:
    before = database.revision()

    def change() -> int:
        with database.write() as rows:
            return keys.create(rows, database.pepper, "default", "k", ["proxy"])[0].created_us

    done = [one for one in at_once(change) if isinstance(one, int)]
    assert database.revision() == before + len(done) and len(done) >= 1
    with database.write(publish=False) as rows:
        keys.used(rows, {"none": now_us()})
    assert database.revision() == before + len(done)


def test_a_torn_snapshot_is_refused(database: Database) -> None:
    with database.write() as rows:
        for _ in range(3):
            keys.create(rows, database.pepper, "default", "k", ["proxy"])
    with database.read() as rows:
        raw = b"".join(snapshot_query.snapshot(rows)[1])
    for end in range(len(raw)):
        with pytest.raises(SnapshotError):
            list(read(raw[:end]))


def test_every_sealed_column_is_registered_for_rotation() -> None:
    registered = {str(one.column) for one in sealed.SEALED}
    columns = [column for table in METADATA.tables.values() for column in table.columns]
    assert {str(column) for column in columns if column.info.get("sealed")} == registered
    # Hashes have a fixed length. Any other bytes are either sealed or a mistake.
    blobs = {str(column) for column in columns if isinstance(column.type, LargeBinary) and not column.type.length}
    assert blobs == registered


def test_an_organisations_policy_moves_into_its_settings(url: str) -> None:
    engine = db._engine(url)
    with engine.begin() as rows:
        config = Config()
        config.set_main_option("script_location", str(db._MIGRATIONS))
        config.attributes["connection"] = rows
        command.upgrade(config, "0002")
        for name, policy in (("limited", "10;w=60"), ("free", "")):
            values = {"id": name, "name": name, "policy": policy}
            statement = "INSERT INTO organisations (id, name, policy, created_us) VALUES (:id, :name, :policy, 1)"
            rows.execute(text(statement), values)
    engine.dispose()
    database = Database.open(url, SECRET)
    with database.read() as rows:
        assert organisations.shown(rows, "limited").policy == "10;w=60"
        assert organisations.shown(rows, "free").policy == ""
    assert {row.id: row.settings.policy for row in told(database)["orgs"]}["limited"] == "10;w=60"
    database.close()


def test_a_change_of_one_setting_keeps_the_name_and_a_change_of_the_name_the_settings(database: Database) -> None:
    with database.write() as rows:
        made = organisations.create(rows, "one", "10;w=60")
        assert organisations.edit(rows, made.id, name="two").policy == "10;w=60"
        changed = organisations.edit(rows, made.id, policy="20;w=60")
    assert (changed.name, changed.policy) == ("two", "20;w=60")


def test_a_snapshot_of_an_older_version_is_read() -> None:
    row = msgspec.msgpack.decode(msgspec.msgpack.encode(["acme", "10;w=60"]), type=OrgRow)
    assert row.settings == OrgSettings(policy="10;w=60")
