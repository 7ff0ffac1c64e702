"""Where a session was used last, and links that set a new password"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("seen_us", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("sessions", sa.Column("agent", sa.String(length=300), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("address", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("links", sa.Column("user_id", sa.String(length=36), nullable=False, server_default=""))
