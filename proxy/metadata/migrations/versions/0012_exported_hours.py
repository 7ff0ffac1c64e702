"""Hours that were written as Parquet files"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "exported_hours",
        sa.Column("target", sa.String(length=32), nullable=False),
        sa.Column("org_id", sa.String(length=200), nullable=False),
        sa.Column("hour_us", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.String(length=100), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("written_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("target", "org_id", "hour_us", name=op.f("pk_exported_hours")),
    )
