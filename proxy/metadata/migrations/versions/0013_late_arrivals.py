"""How far webhooks are in calls that came late"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("call_webhooks", sa.Column("late", sa.Text(), nullable=False, server_default="{}"))
