"""
Takes back what a copy loaded: exactly those rows, and never a row that somebody else wrote.

Called by the copy step on the way back, after a whole copy or a part of one. Everything happens in one
transaction in the target, the lines of the ledger included, so that a kill leaves all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import sqlalchemy as sa

from cutover import points
from cutover.dataplane import ledger
from cutover.dataplane.database import Database
from cutover.dataplane.dialects import Dialect, SequenceState
from cutover.dataplane.ledger import Owner
from cutover.errors import StepFailed


class NotOnlyOurs(StepFailed):
    """A table holds more rows than the copy loaded: taking back all of them would take somebody else's."""

    code: ClassVar[str] = "CUT-340"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTable:
    """A table that a copy filled: all of it, or the rows of its wave."""

    owner: Owner
    wave_target: str | None = None  # column in which the wave shows; None for a table that was copied whole

    def where(self, dialect: Dialect) -> str:
        """The rows of this copy as a condition of the target; empty for all."""
        return dialect.is_text(dialect.quote(self.wave_target), self.owner.wave) if self.wave_target else ""


def undo_copy(
    target: Database, tables: Sequence[LoadedTable], sequences: Mapping[str, Sequence[SequenceState]]
) -> dict[str, int]:
    """
    Delete what the ledger says was loaded (`tables` in order, children first), and return rows deleted by table.

    `sequences` (by table) go back to where they stood. Raises NotOnlyOurs, and then nothing has changed.
    """
    with target.begin() as connection:
        dialect = target.dialect
        there = set(dialect.tables(connection))
        present = [loaded for loaded in tables if loaded.owner.table in there]
        if present:
            dialect.lock(connection, [loaded.owner.table for loaded in present])
        deleted = _delete(connection, dialect, present)
        for loaded in present:
            dialect.restore_sequences(connection, sequences.get(loaded.owner.table, ()))
        if dialect.has_bookkeeping(connection):
            for loaded in tables:
                ledger.delete_lines(connection, dialect, loaded.owner)
        points.reach("copy.undo.before_commit")
    points.reach("copy.undo.committed")
    return deleted


def _delete(connection: sa.Connection, dialect: Dialect, tables: Sequence[LoadedTable]) -> dict[str, int]:
    found: dict[str, int] = {}
    whole: list[str] = []
    for loaded in tables:
        lines = ledger.lines(connection, dialect, loaded.owner)
        if not lines:
            continue
        table, where = loaded.owner.table, loaded.where(dialect)
        found[table] = dialect.count(connection, table, where)
        ours = sum(line.loaded for line in lines)
        if found[table] > ours:
            raise NotOnlyOurs(
                f"table {table!r} holds {found[table]} rows, and this run loaded {ours}: somebody else wrote to it",
                hint="save or remove the other rows, then roll back again",
            )
        if loaded.wave_target is None:
            whole.append(table)
        else:
            dialect.delete(connection, table, where)
    if whole:
        dialect.empty(connection, whole)
    return found
