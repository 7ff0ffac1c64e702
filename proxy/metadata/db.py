"""Opens the database, SQLite in the data folder or PostgreSQL by its address, and brings it up to date."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, Engine, Text, cast, create_engine, event, inspect, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

import proxy.metadata.alert_tables  # noqa: F401 - declares its tables
from proxy.core.clock import now_us
from proxy.core.errors import PerihelionError, SettingError
from proxy.core.files import make_folder, set_aside
from proxy.core.identity import DEFAULT_ORG
from proxy.core.secret import Secret, SecretError
from proxy.core.settings import Settings
from proxy.core.snapshot import Holdings
from proxy.metadata.tables import meta, organisations

__all__ = ["Connection", "Database", "MetadataError", "SecretRotated", "insert_or_keep", "metadata_url"]

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x7065_7269
"""PostgreSQL's advisory lock: two control planes that start together migrate one after the other."""


class MetadataError(PerihelionError):
    """The database cannot be used as it is."""


class SecretRotated(MetadataError):
    """The secret was rotated while this process ran."""


def metadata_url(settings: Settings) -> str:
    """SQLAlchemy's address of the database."""
    text = settings.get_str("metadata.url")
    if not text:
        return f"sqlite:///{settings.layout.metadata}"
    for plain in ("postgresql://", "postgres://"):
        if text.startswith(plain):
            return "postgresql+psycopg://" + text.removeprefix(plain)
    if text.startswith(("sqlite:///", "postgresql+psycopg://")):
        return text
    raise SettingError(
        "metadata.url", text.partition("://")[0] + "://…", "sqlite:///path or postgresql://user:pw@host/db"
    )


class Database:
    """An open database. `pepper` is what hashes of keys, sessions and links are keyed with."""

    def __init__(self, engine: Engine, secret: Secret, pepper: bytes) -> None:
        self.engine = engine
        self.secret = secret
        self.pepper = pepper

    @classmethod
    def open(cls, url: str, *secrets: Secret, known: Holdings | None = None) -> "Database":
        """Opened with the first of `secrets` that fits. `known` is what the gateways have of this database.

        Raises `MetadataError` where it cannot be reached or brought up to date, where it is damaged or was sealed with
        another secret, and where it is new or another one although gateways have something of it; nothing is changed
        then."""
        engine = _engine(url)
        try:
            with engine.begin() as connection:  # one transaction: who has not the secret changes no schema either
                _check(connection)
                _migrate(connection)
                secret, pepper = _pepper(connection, secrets, known)
                _first_organisation(connection)
        except (SQLAlchemyError, OSError) as error:
            engine.dispose()
            cause = getattr(error, "orig", None) or error
            raise MetadataError(f"the metadata database cannot be used: {cause}") from error
        except PerihelionError:
            engine.dispose()
            raise
        return cls(engine, secret, pepper)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self.engine.connect().execution_options(reads=True) as connection:
            yield connection

    @contextmanager
    def write(self, publish: bool = True) -> Iterator[Connection]:
        """One transaction. With `publish` it raises the revision, so that gateways get a new snapshot."""
        with self.engine.begin() as connection:
            self._still_ours(connection)
            yield connection
            if publish:
                higher = cast(cast(meta.c.value, BigInteger) + 1, Text)  # in one statement: others write too
                connection.execute(update(meta).where(meta.c.name == "revision").values(value=higher))

    def revision(self) -> int:
        """Return the revision; each change that gateways must know of raises it."""
        with self.read() as connection:
            return int(connection.execute(select(meta.c.value).where(meta.c.name == "revision")).scalar_one())

    def close(self) -> None:
        self.engine.dispose()

    def scrub(self) -> None:
        """Compact the file, so that it holds no deleted or overwritten data (PostgreSQL vacuums by itself).
        Raises `MetadataError` where somebody else holds the file."""
        if self.engine.dialect.name != "sqlite":
            return
        connection = self.engine.raw_connection()
        try:
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                connection.cursor().execute(statement)
        except sqlite3.Error as error:
            raise MetadataError(f"the database could not be compacted: {error}") from error
        finally:
            connection.close()

    def _still_ours(self, connection: Connection) -> None:
        """Raises `SecretRotated` where the secret was rotated; a rotation waits until this transaction ends."""
        query = select(meta.c.value).where(meta.c.name == "fingerprint").with_for_update(read=True)
        current = connection.execute(query).scalar_one()
        if current != self.secret.fingerprint:
            raise SecretRotated(
                f"the secret was rotated to {current} while this control plane ran with {self.secret.fingerprint}; "
                "give it the new one and start it again"
            )


def insert_or_keep(connection: Connection, table: Any, **values: Any) -> bool:
    """Insert a row. Returns False where its key exists; that row is not changed."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    key = next(iter(table.primary_key.columns))
    made = connection.execute(dialect.insert(table).values(**values).on_conflict_do_nothing().returning(key))
    return made.first() is not None


def _engine(url: str) -> Engine:
    # Errors are logged, and parameters are hashes, tokens and what is sealed.
    if not url.startswith("sqlite"):
        return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=5, max_overflow=10)
    file = Path(url.removeprefix("sqlite:///"))
    make_folder(file.parent)
    for beside in (file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        if beside.is_dir():
            set_aside(beside, "is a folder and not a file of SQLite")
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": 10, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver would end transactions before a CREATE TABLE
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(
            "BEGIN IMMEDIATE" if not connection.get_execution_options().get("reads") else "BEGIN"
        )

    return engine


def _migrate(connection: Connection) -> None:
    """Migrate to the newest schema, in the caller's transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
    if _is_newest(connection):
        return
    # Loaded only now: it is a quarter of a start's imports, and most starts have nothing to migrate.
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise MetadataError(f"the metadata database cannot be used: {error}") from error


def _is_newest(connection: Connection) -> bool:
    """Return whether the schema has the revision of the newest migration."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    revisions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return revisions == [max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))[:4]]


def _check(connection: Connection) -> None:
    """Raises `MetadataError` for a damaged file. PostgreSQL checks its pages itself."""
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if found != "ok":
            raise MetadataError(
                f"the metadata database is damaged: {' '.join(str(found).split())[:200]}; put a backup in its place"
            )


def _pepper(connection: Connection, secrets: tuple[Secret, ...], known: Holdings | None) -> tuple[Secret, bytes]:
    rows = {row.name: row.value for row in connection.execute(select(meta.c.name, meta.c.value))}
    if "pepper" not in rows:
        if known is not None and (known.keys or known.others):
            raise MetadataError(_lost("is new or empty", known))
        pepper = os.urandom(32)
        sealed = secrets[0].seal(pepper, "pepper").hex()
        for name, value in (("pepper", sealed), ("fingerprint", secrets[0].fingerprint), ("revision", "1")):
            insert_or_keep(connection, meta, name=name, value=value)
        rows = {row.name: row.value for row in connection.execute(select(meta.c.name, meta.c.value))}
    for secret in secrets:
        try:
            pepper = secret.open(bytes.fromhex(rows["pepper"]), "pepper")
        except SecretError:
            continue
        if known is not None and known.keys and _is_another(pepper, known, secrets):
            raise MetadataError(_lost("is that of another installation", known))
        return secret, pepper
    raise MetadataError(
        f"the metadata database was sealed with the secret {rows.get('fingerprint')}, and secret.key or "
        f"secret.file is {secrets[0].fingerprint}; set the right one (nothing was changed)"
    )


def _is_another(pepper: bytes, known: Holdings, secrets: tuple[Secret, ...]) -> bool:
    """Whether no key that the gateways know can be in the database with this pepper."""
    for secret in secrets:
        try:
            return secret.open(known.head.pepper, "pepper") != pepper
        except SecretError:
            continue
    return False  # of another secret: whoever changed it knows


def _lost(what: str, known: Holdings) -> str:
    return (
        f"the metadata database {what}, and the gateways' snapshot (revision {known.head.revision}) holds "
        f"{known.keys} keys and {known.others} organisations, credentials, prompts and prices of an earlier one; put "
        "a backup of the database in its place, or move the snapshot out of the data folder to begin anew without "
        "them (nothing was changed)"
    )


def _first_organisation(connection: Connection) -> None:
    insert_or_keep(connection, organisations, id=DEFAULT_ORG, name=DEFAULT_ORG, created_us=now_us())
