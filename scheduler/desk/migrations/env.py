"""Runs migrations in the transaction of the connection that `scheduler.desk.store` hands over."""

from alembic import context

from scheduler.desk.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
