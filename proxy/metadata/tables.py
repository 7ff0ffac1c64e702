"""The tables as the code sees them. Times are microseconds since the epoch, 0 is "never"; ids are UUIDs of version 7.

A change here needs a migration beside it in `migrations/versions/` (a test compares both).
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

__all__ = [
    "METADATA",
    "api_keys",
    "budget_notices",
    "budgets",
    "call_webhooks",
    "channels",
    "credentials",
    "deliveries",
    "documents",
    "exported_hours",
    "idempotency",
    "identities",
    "jobs",
    "links",
    "members",
    "meta",
    "organisations",
    "prices",
    "prompt_labels",
    "prompt_versions",
    "prompts",
    "reprices",
    "sealed_column",
    "sessions",
    "users",
]

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def sealed_column(name: str) -> Column[Any]:
    """A column of ciphertext. It needs its row in `sealed.SEALED`."""
    return Column(name, LargeBinary, nullable=False, info={"sealed": True})


def _org() -> Column[Any]:
    return Column("org_id", String(36), ForeignKey("organisations.id"), nullable=False)


meta = Table(
    "meta",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
organisations = Table(
    "organisations",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("created_us", BigInteger, nullable=False),
    Column("settings", Text, nullable=False, server_default="{}"),
)
users = Table(
    "users",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", String(120), nullable=False, server_default=""),
    Column("password", Text, nullable=False, server_default=""),
    Column("disabled", Boolean, nullable=False, server_default="0"),
    Column("created_us", BigInteger, nullable=False),
)
identities = Table(
    "identities",
    METADATA,
    Column("issuer", String(255), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("user_id", String(36), ForeignKey("users.id"), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Index(None, "issuer", "user_id", unique=True),
)
members = Table(
    "members",
    METADATA,
    Column("org_id", String(36), ForeignKey("organisations.id"), primary_key=True),
    Column("user_id", String(36), ForeignKey("users.id"), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("created_us", BigInteger, nullable=False),
)
sessions = Table(
    "sessions",
    METADATA,
    Column("hash", LargeBinary(16), primary_key=True),
    Column("user_id", String(36), ForeignKey("users.id"), nullable=False),
    Column("org_id", String(36), ForeignKey("organisations.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False, server_default="0"),
    Column("agent", String(300), nullable=False, server_default=""),
    Column("address", String(64), nullable=False, server_default=""),
)
links = Table(
    "links",
    METADATA,
    Column("hash", LargeBinary(16), primary_key=True),
    _org(),
    Column("email", String(254), nullable=False, server_default=""),
    Column("role", String(16), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Column("used_us", BigInteger, nullable=False, server_default="0"),
    Column("user_id", String(36), nullable=False, server_default=""),
)
api_keys = Table(
    "api_keys",
    METADATA,
    Column("id", String(36), primary_key=True),
    _org(),
    Column("name", String(120), nullable=False),
    Column("hash", LargeBinary(16), nullable=False, unique=True),
    Column("hint", String(8), nullable=False),
    Column("scopes", String(120), nullable=False),
    Column("policy", Text, nullable=False, server_default=""),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", String(36), nullable=False, server_default=""),
    Column("expires_us", BigInteger, nullable=False, server_default="0"),
    Column("revoked_us", BigInteger, nullable=False, server_default="0"),
    Column("last_used_us", BigInteger, nullable=False, server_default="0"),
    Index(None, "org_id", "id"),
)
credentials = Table(
    "credentials",
    METADATA,
    Column("org_id", String(36), ForeignKey("organisations.id"), primary_key=True),
    Column("provider", String(64), primary_key=True),
    sealed_column("sealed"),
    Column("hint", String(8), nullable=False),
    Column("created_us", BigInteger, nullable=False),
)
prices = Table(
    "prices",
    METADATA,
    Column("org_id", String(36), ForeignKey("organisations.id"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("entry", Text, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("changed_by", String(36), nullable=False, server_default=""),
)
prompts = Table(
    "prompts",
    METADATA,
    Column("org_id", String(36), ForeignKey("organisations.id"), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("name", String(120), nullable=False, server_default=""),
    Column("created_us", BigInteger, nullable=False),
    Column("archived_us", BigInteger, nullable=False, server_default="0"),
)
prompt_versions = Table(
    "prompt_versions",
    METADATA,
    Column("org_id", String(36), primary_key=True),
    Column("prompt_id", String(128), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("variables", Text, nullable=False),
    Column("note", String(1000), nullable=False, server_default=""),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", String(36), nullable=False, server_default=""),
    ForeignKeyConstraint(["org_id", "prompt_id"], ["prompts.org_id", "prompts.id"]),
)
prompt_labels = Table(
    "prompt_labels",
    METADATA,
    Column("org_id", String(36), primary_key=True),
    Column("prompt_id", String(128), primary_key=True),
    Column("label", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["org_id", "prompt_id", "version"],
        ["prompt_versions.org_id", "prompt_versions.prompt_id", "prompt_versions.version"],
    ),
)
reprices = Table(
    "reprices",
    METADATA,
    Column("id", String(36), primary_key=True),
    _org(),
    Column("scope", String(36), nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
    Column("filter", Text, nullable=False),
    Column("dry_run", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("progress", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", String(36), nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Index(None, "org_id", "id"),
)
documents = Table(
    "documents",
    METADATA,
    Column("id", String(36), primary_key=True),
    _org(),
    Column("kind", String(16), nullable=False),
    Column("name", String(120), nullable=False),
    Column("content", Text, nullable=False),
    Column("owner", String(36), nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("changed_by", String(36), nullable=False),
    Index(None, "org_id", "kind", "id"),
)
channels = Table(
    "channels",
    METADATA,
    Column("id", String(36), primary_key=True),
    _org(),
    Column("kind", String(32), nullable=False),
    Column("name", String(120), nullable=False),
    Column("config", Text, nullable=False),
    sealed_column("sealed"),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_reason", Text, nullable=False),
    Column("paused_until_us", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", String(36), nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("changed_by", String(36), nullable=False),
    Index(None, "org_id", "id"),
)
deliveries = Table(
    "deliveries",
    METADATA,
    Column("id", String(36), primary_key=True),
    _org(),
    Column("channel_id", String(36), ForeignKey("channels.id"), nullable=False),
    Column("notification", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("dedup_key", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_us", BigInteger, nullable=False),
    Column("holder", String(36), nullable=False),
    Column("held_until_us", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger, nullable=False),
    Index(None, "org_id", "id"),
    Index(None, "state", "due_us"),
    Index(None, "channel_id", "dedup_key", "id"),
)
call_webhooks = Table(
    "call_webhooks",
    METADATA,
    Column("id", String(36), primary_key=True),
    _org(),
    Column("name", String(120), nullable=False),
    Column("url", Text, nullable=False),
    Column("filter", Text, nullable=False),
    Column("sample_share", Float, nullable=False),
    Column("with_bodies", Boolean, nullable=False),
    Column("only_requested", Boolean, nullable=False),
    Column("form", String(16), nullable=False),
    Column("parallel", Integer, nullable=False),
    sealed_column("sealed"),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_reason", Text, nullable=False),
    Column("position_us", BigInteger, nullable=False),
    Column("late", Text, nullable=False, server_default="{}"),
    Column("sent", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_us", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("holder", String(36), nullable=False),
    Column("held_until_us", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", String(36), nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("changed_by", String(36), nullable=False),
    Index(None, "org_id", "id"),
)
budgets = Table(
    "budgets",
    METADATA,
    Column("id", String(36), primary_key=True),
    _org(),
    Column("content", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", String(36), nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("changed_by", String(36), nullable=False),
    Index(None, "org_id", "id"),
)
budget_notices = Table(
    "budget_notices",
    METADATA,
    Column("budget_id", String(36), ForeignKey("budgets.id"), primary_key=True),
    Column("period", String(10), primary_key=True),
    Column("share", Integer, primary_key=True, autoincrement=False),
    Column("value_hash", String(32), primary_key=True),
    Column("noted_us", BigInteger, nullable=False),
)
jobs = Table(
    "jobs",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("holder", String(36), nullable=False),
    Column("held_until_us", BigInteger, nullable=False),
    Column("due_us", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
)
idempotency = Table(
    "idempotency",
    METADATA,
    Column("org_id", String(36), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("request", LargeBinary(16), nullable=False),
    Column("status", Integer, nullable=False),
    sealed_column("body"),
    Column("created_us", BigInteger, nullable=False),
)
exported_hours = Table(
    "exported_hours",
    METADATA,
    Column("target", String(32), primary_key=True),
    Column("org_id", String(200), primary_key=True),
    Column("hour_us", BigInteger, primary_key=True, autoincrement=False),
    Column("content", String(100), nullable=False),  # the same for the same calls; empty: to be written
    Column("calls", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("written_us", BigInteger, nullable=False),
)
