"""How many rows there are to move in an environment: counted in the sources, as far as they answer."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from cutover.app.workspace import Workspace
from cutover.errors import CutoverError
from cutover.model.migration import Migration
from cutover.model.project import Environment


def source_rows(
    workspace: Workspace, environment: Environment, migrations: Iterable[Migration], tables: Iterable[str]
) -> dict[str, int]:
    """
    Target table -> rows in its source, for those of `tables` that can be counted. Reads only.

    What does not answer is left out: this is for estimates, and whoever needs the database will refuse with its reason.
    """
    wanted = frozenset(tables)
    found: dict[str, int] = {}
    for migration in migrations:
        mappings = [table for table in migration.tables if table.table in wanted]
        if not mappings:
            continue
        with suppress(CutoverError):
            database = workspace.database(environment, migration.source)
            with database.connect() as connection:
                for table in mappings:
                    rows = database.dialect.count(connection, table.source)
                    found[table.table] = found.get(table.table, 0) + rows
    return found
