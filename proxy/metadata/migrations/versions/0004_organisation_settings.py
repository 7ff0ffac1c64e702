"""The settings of an organisation are one object"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("organisations", sa.Column("settings", sa.Text(), nullable=False, server_default="{}"))
    table = sa.table("organisations", sa.column("id"), sa.column("policy"), sa.column("settings"))
    connection = op.get_bind()
    for id, policy in connection.execute(sa.select(table.c.id, table.c.policy).where(table.c.policy != "")).all():
        connection.execute(table.update().where(table.c.id == id).values(settings=json.dumps({"policy": policy})))
    op.drop_column("organisations", "policy")
