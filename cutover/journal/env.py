"""
Alembic's entrance to the journal's schema: it runs this file and finds the revisions in `versions/` beside it.

Called by `schema` only, within a transaction of its own; nothing here opens a connection.
"""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], version_table=context.config.attributes["version_table"]
)
context.run_migrations()
