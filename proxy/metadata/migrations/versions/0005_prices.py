"""Own prices of organisations"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "prices",
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(length=36), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["org_id"], ["organisations.id"], name=op.f("fk_prices_org_id")),
        sa.PrimaryKeyConstraint("org_id", "name", name=op.f("pk_prices")),
    )
