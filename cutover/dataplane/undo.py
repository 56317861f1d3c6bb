"""
Takes back what a copy loaded: exactly those rows, and never a row that somebody else wrote.

Called by the copy step on the way back, after a whole copy or a part of one. Everything happens in one
transaction in the target, the lines of the ledger included, so that a kill leaves all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import polars as pl
import sqlalchemy as sa

from cutover import points
from cutover.dataplane import ledger, loaded_keys
from cutover.dataplane.database import Database
from cutover.dataplane.dialects import Column, Dialect, NoSuchTable, SequenceState
from cutover.dataplane.fingerprint import Fingerprint
from cutover.dataplane.ledger import ChunkLine, Owner
from cutover.dataplane.loaded_keys import SHOWN, TEXT
from cutover.errors import CutoverError, StepFailed
from cutover.words import counted

#: Keys named in a message.
SAMPLES = 5


class NotOnlyOurs(StepFailed):
    """A table does not hold the very rows that the copy loaded: emptying it would take somebody else's work."""

    code: ClassVar[str] = "CUT-340"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTable:
    """
    A table that a copy filled: all of it, or the rows of its wave.

    `again` gives the keys that the source would load in those chunks today. It serves only to name the keys
    in a message, and is believed only when they are, together, the keys that the ledger noted.
    """

    owner: Owner
    key: str  # column of the target
    wave_target: str | None = None  # column in which the wave shows; None for a table that was copied whole
    again: Callable[[frozenset[int]], Iterable[pl.Series]] | None = None

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
        present = [loaded for loaded in tables if _is_there(connection, dialect, loaded.owner.table)]
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


def _is_there(connection: sa.Connection, dialect: Dialect, table: str) -> bool:
    """Asked by the name as it was written: `public.flight` is `flight`."""
    try:
        dialect.columns(connection, table)
    except NoSuchTable:
        return False
    return True


def _delete(connection: sa.Connection, dialect: Dialect, tables: Sequence[LoadedTable]) -> dict[str, int]:
    found: dict[str, int] = {}
    whole: list[str] = []
    for loaded in tables:
        lines = ledger.lines(connection, dialect, loaded.owner)
        if not lines:
            continue
        table = loaded.owner.table
        found[table] = _refuse_others(connection, dialect, loaded, lines)
        if loaded.wave_target is None:
            whole.append(table)
        else:
            dialect.delete(connection, table, loaded.where(dialect))
    if whole:
        dialect.empty(connection, whole)
    return found


def _refuse_others(connection: sa.Connection, dialect: Dialect, loaded: LoadedTable, lines: Sequence[ChunkLine]) -> int:
    """How many rows there are; NotOnlyOurs unless their keys are those of the ledger. The table is locked."""
    table = loaded.owner.table
    key = dialect.key(connection, table, loaded.key)
    ours = sum((Fingerprint(rows=line.loaded, digest=line.keys) for line in lines), start=Fingerprint())
    found = Fingerprint()
    for keys in loaded_keys.there(connection, dialect, table=table, key=key, where=loaded.where(dialect)):
        found += loaded_keys.fingerprint(keys)
    if found == ours:
        return found.rows
    difference = _difference(connection, dialect, loaded, key=key, lines=lines, ours=ours)
    raise NotOnlyOurs(
        f"table {table!r} holds {counted(found.rows, 'row')}, and this run loaded {ours.rows}: {difference}",
        hint=(
            "nothing was deleted; save or remove the rows of others, put back a row for every key that is gone, "
            "then roll back again"
        ),
    )


def _difference(
    connection: sa.Connection,
    dialect: Dialect,
    loaded: LoadedTable,
    *,
    key: Column,
    lines: Sequence[ChunkLine],
    ours: Fingerprint,
) -> str:
    expected = _expected(loaded, lines)
    if expected is None or loaded_keys.fingerprint(expected) != ours:
        return f"their keys ({loaded.key}) are not those that it loaded, somebody else wrote to it"
    found = pl.concat(
        loaded_keys.there(connection, dialect, table=loaded.owner.table, key=key, where=loaded.where(dialect))
    )
    told = (
        (_more(found, expected), "that it did not load"),
        (_more(expected, found), "that it loaded is gone"),
    )
    return "; ".join(_said(loaded.key, keys, what) for keys, what in told if keys.len())


def _expected(loaded: LoadedTable, lines: Sequence[ChunkLine]) -> pl.DataFrame | None:
    """The keys as the source would give them today; None when it cannot be asked."""
    if loaded.again is None:
        return None
    try:
        parts = [loaded_keys.as_keys(keys) for keys in loaded.again(frozenset(line.number for line in lines))]
    except CutoverError:  # the refusal itself stands without it; only its words would have been better
        return None
    return pl.concat(parts) if parts else None


def _more(one: pl.DataFrame, other: pl.DataFrame) -> pl.Series:
    """The keys that `one` holds more often than `other`, as people read them."""
    counted = one.group_by(TEXT).agg(pl.col(SHOWN).first(), pl.len().cast(pl.Int64).alias("mine"))
    theirs = other.group_by(TEXT).agg(pl.len().cast(pl.Int64).alias("theirs"))
    joined = counted.join(theirs, on=TEXT, how="left")
    return joined.filter(pl.col("mine") > pl.col("theirs").fill_null(0)).sort(TEXT)[SHOWN]


def _said(name: str, keys: pl.Series, what: str) -> str:
    more = ", …" if keys.len() > SAMPLES else ""
    return f"{keys.len()} {what} ({name} {', '.join(keys.head(SAMPLES).to_list())}{more})"
