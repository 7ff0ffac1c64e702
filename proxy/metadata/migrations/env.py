"""Alembic's environment: one connection, handed over by `db`, in one transaction."""

from alembic import context

from proxy.metadata.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
