"""
Proves a backup: restores it elsewhere and compares what came out with what was in the database when it was taken.

Called by the step `restore_check`. A backup that nobody restored is a hope. Knows nothing of runs and journals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cutover import points
from cutover.backup.known import way_of
from cutover.backup.record import BackupFacts, prove_intact
from cutover.backup.ways import Scratch
from cutover.dataplane.database import Database
from cutover.dataplane.fingerprint import Fingerprint, fingerprint_database
from cutover.errors import CutoverError

SCHEMA, SEQUENCES = "(schema)", "(sequences)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One table, or one of the entries in brackets, before and after. None: not there."""

    name: str
    before: Fingerprint | None
    after: Fingerprint | None
    counts: bool = True  # whether a difference means that the backup is not proved

    @property
    def equal(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came out of a backup."""

    tables: tuple[Compared, ...]
    doubts: tuple[str, ...] = ()  # what the database itself says against what was restored

    @property
    def equal(self) -> bool:
        """Whether the backup is proved."""
        return all(one.equal for one in self.tables if one.counts)


def check_restore(server: Database, *, programs: Path | None = None) -> None:
    """Raise when nothing could be restored beside `server`. Reads only."""
    way_of(server).check_restore(server, programs)


def restore_and_compare(
    file: Path, facts: BackupFacts, scratch: Scratch, *, like: Database, programs: Path | None = None
) -> Proof:
    """
    Restore `file` into `scratch`, compare with `facts`, and remove `scratch` again.

    `like` is the database that was backed up; the fresh one is made like it. Raises NoBackup when the file is not
    the one that was written, and StepFailed or TryAgain when it cannot be restored.
    """
    prove_intact(file, facts)
    way = way_of(like)
    with _made(scratch, like):
        points.reach("restore_check.created")
        restored = way.restore(file, scratch, programs)
        with restored.connect() as connection:
            found = fingerprint_database(connection, restored.dialect)
        doubts = way.doubts(restored)
        points.reach("restore_check.restored")
    points.reach("restore_check.dropped")
    tables = compare(facts.tables, found, same_text=way.definitions_keep_their_text)
    return Proof(tables=tables, doubts=doubts)


def compare(
    before: Mapping[str, Fingerprint], after: Mapping[str, Fingerprint], *, same_text: bool
) -> tuple[Compared, ...]:
    """
    Every table of either side. A table that is missing, or that nobody knows, is a difference.

    Sequences that moved while the backup was taken are not in `before` and are left out. Where a restored definition
    may be spelt differently (not `same_text`), only the number of things in the schema must be the same.
    """
    names = sorted({*before, *after} - ({SEQUENCES} - before.keys()))
    return tuple(
        Compared(
            name=name,
            before=before.get(name),
            after=after.get(name),
            counts=name != SCHEMA or same_text or _rows(before.get(name)) != _rows(after.get(name)),
        )
        for name in names
    )


def drop_scratch(scratch: Scratch) -> bool:
    """Remove the place if it is there, and say whether it was."""
    way = way_of(scratch.server)
    was_there = way.is_there(scratch)
    way.drop(scratch)
    return was_there


def scratch_is_there(scratch: Scratch) -> bool:
    """Whether the place is there, asked on a fresh connection."""
    return way_of(scratch.server).is_there(scratch)


@contextmanager
def _made(scratch: Scratch, like: Database) -> Iterator[None]:
    way = way_of(scratch.server)
    way.create(scratch, like)
    try:
        yield
    except BaseException:
        with suppress(CutoverError, OSError):  # what went wrong first is what must be read; the next attempt drops it
            way.drop(scratch)
        raise
    way.drop(scratch)


def _rows(print_: Fingerprint | None) -> int | None:
    return None if print_ is None else print_.rows
