"""Alembic's entry: runs on the connection that `alerts.journal.engine.upgrade` hands over."""

from alembic import context

from alerts.journal.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot alter columns in place
    transactional_ddl=True,
)
context.run_migrations()
