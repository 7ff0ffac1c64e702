"""The tables of alerts: rules, the states of their groups, open notices, history, silences.

As in `tables`, a change here needs a migration.
"""

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, String, Table, Text

from proxy.metadata.tables import METADATA

__all__ = ["alert_groups", "alert_history", "alert_notices", "alert_rules", "silences"]

alert_rules = Table(
    "alert_rules",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("org_id", String(36), ForeignKey("organisations.id"), nullable=False),
    Column("content", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("needs_channel", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", String(36), nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("changed_by", String(36), nullable=False),
    Column("evaluated_us", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("state_since_us", BigInteger, nullable=False),
    Column("value", Double),
    Column("firing", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Index(None, "org_id", "id"),
)
alert_groups = Table(
    "alert_groups",
    METADATA,
    Column("rule_id", String(36), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("org_id", String(36), ForeignKey("organisations.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("active_us", BigInteger, nullable=False),
    Column("value", Double),
    Column("threshold", Text, nullable=False),
    Index(None, "org_id", "state", "rule_id", "id"),
)
alert_notices = Table(
    "alert_notices",
    METADATA,
    Column("rule_id", String(36), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("org_id", String(36), ForeignKey("organisations.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("opened_us", BigInteger, nullable=False),
    Column("sent_us", BigInteger, nullable=False),
    Column("acknowledged_us", BigInteger, nullable=False),
    Column("acknowledged_by", String(36), nullable=False),
)
alert_history = Table(
    "alert_history",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("org_id", String(36), ForeignKey("organisations.id"), nullable=False),
    Column("rule_id", String(36), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("labels", Text, nullable=False),
    Column("before", String(16), nullable=False),
    Column("after", String(16), nullable=False),
    Column("value", Double),
    Column("text", Text, nullable=False),
    Column("by", String(36), nullable=False),
    Index(None, "rule_id", "id"),
    Index(None, "at_us"),
)
silences = Table(
    "silences",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("org_id", String(36), ForeignKey("organisations.id"), nullable=False),
    Column("matchers", Text, nullable=False),
    Column("comment", String(500), nullable=False),
    Column("starts_us", BigInteger, nullable=False),
    Column("ends_us", BigInteger, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", String(36), nullable=False),
    Index(None, "org_id", "ends_us"),
)
