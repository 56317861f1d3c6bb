"""
Runs a file of SQL exactly once for a step of a run: its effects and the note that it ran are one transaction.

Called by the sql step. The note is a row of cutover's own table `applied` in the same database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa

from cutover import points
from cutover.content import digest_bytes
from cutover.dataplane.database import Database
from cutover.dataplane.dialects import Dialect, NotSql
from cutover.errors import StepFailed


class ScriptChanged(StepFailed):
    """The file that ran in this run is not the file that is there now."""

    code: ClassVar[str] = "CUT-341"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The note that a file ran."""

    statements: int
    sha256: str


def applied(database: Database, *, run: str, step: str) -> Applied | None:
    """The note of that step, or None when its file did not run (or was taken back)."""
    with database.connect() as connection:
        return _note(connection, database.dialect, run, step)


def apply_script(database: Database, script: str, *, run: str, step: str, at: datetime) -> Applied:
    """Run `script` and note it, unless the note is there already. Raises NotSql with the line, ScriptChanged."""
    sha256 = digest_bytes(script.encode())
    dialect = database.dialect
    with database.begin() as connection:
        dialect.create_bookkeeping(connection)
        before = _note(connection, dialect, run, step)
        if before is not None:
            if before.sha256 != sha256:
                raise ScriptChanged("the file was changed after it ran in this run", hint="start a new run")
            return before
        note = Applied(statements=dialect.execute_script(connection, script), sha256=sha256)
        _write_note(connection, dialect, note, run=run, step=step, at=at)
        points.reach("sql.before_commit")
    points.reach("sql.committed")
    return note


def undo_script(
    database: Database, script: str, *, run: str, step: str, keep: Callable[[int], None] | None = None
) -> int | None:
    """
    Run the undo file and remove the note; its number of statements, or None when there was nothing to take back.

    `keep` is told that number before it takes effect: whoever asks again after a kill finds nothing to take back.
    """
    dialect = database.dialect
    with database.begin() as connection:
        if _note(connection, dialect, run, step) is None:
            return None
        statements = dialect.execute_script(connection, script)
        if keep is not None:
            keep(statements)
        if dialect.has_bookkeeping(connection):
            statement = f"DELETE FROM {dialect.bookkeeping('applied')} WHERE run = :run AND step = :step"
            connection.execute(sa.text(statement), {"run": run, "step": step})
        points.reach("sql.undo.before_commit")
    points.reach("sql.undo.committed")
    return statements


def _note(connection: sa.Connection, dialect: Dialect, run: str, step: str) -> Applied | None:
    if not dialect.has_bookkeeping(connection):
        return None
    statement = f"SELECT statements, sha256 FROM {dialect.bookkeeping('applied')} WHERE run = :run AND step = :step"
    row = connection.execute(sa.text(statement), {"run": run, "step": step}).one_or_none()
    return None if row is None else Applied(statements=row.statements, sha256=row.sha256)


def _write_note(
    connection: sa.Connection, dialect: Dialect, note: Applied, *, run: str, step: str, at: datetime
) -> None:
    values = {
        "run": run,
        "step": step,
        "sha256": note.sha256,
        "statements": note.statements,
        "applied_at": at.isoformat(),
    }
    marks = ", ".join(f":{name}" for name in values)
    if not dialect.has_bookkeeping(connection):
        raise NotSql("the file removed cutover's own tables", hint="leave the schema 'cutover' alone")
    connection.execute(
        sa.text(f"INSERT INTO {dialect.bookkeeping('applied')} ({', '.join(values)}) VALUES ({marks})"), values
    )
