"""How Alembic reaches our database: through the connection that `storage.migrating` opened."""

from __future__ import annotations

from alembic import context

from storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, render_as_batch=False)
context.run_migrations()
