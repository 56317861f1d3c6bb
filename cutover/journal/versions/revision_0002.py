"""What `cutover status` shows of a run, kept beside its events: no list needs to read a long journal through."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table; it fills by itself."""
    connection = op.get_bind()
    connection.exec_driver_sql(_STATEMENTS[connection.dialect.name])


_STATEMENTS: Final = {
    "sqlite": """
    CREATE TABLE summary (
        run TEXT NOT NULL PRIMARY KEY REFERENCES run (run), digest TEXT NOT NULL, made_by TEXT NOT NULL,
        data TEXT NOT NULL
    )
    """,
    "postgresql": """
    CREATE TABLE summary (
        run text COLLATE "C" PRIMARY KEY REFERENCES run (run), digest text COLLATE "C" NOT NULL,
        made_by text COLLATE "C" NOT NULL, data text COLLATE "C" NOT NULL
    )
    """,
}
