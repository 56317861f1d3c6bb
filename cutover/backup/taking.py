"""
Takes a backup: a file that is whole or not there, and the fingerprints of exactly what is in it.

Called by the step `backup`. Knows nothing of runs and journals. The file is written under a hidden name, made
durable, hashed, and only then given its name; a note beside it says what it is.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from cutover import durable, points
from cutover.backup.known import way_of
from cutover.backup.record import BackupFacts, note, note_of, prove_intact, read_note, sha256_of
from cutover.backup.refusals import CannotBackUp, NoRoom
from cutover.backup.ways import Tell
from cutover.dataplane.database import Database

_MIB = 1 << 20


def suffix_of(database: Database) -> str:
    """How the name of a backup of that database ends, such as `.dump`."""
    return way_of(database).suffix


def check_back_up(database: Database, file: Path, *, programs: Path | None = None) -> None:
    """
    Raise when `back_up` could not possibly succeed: no programs, no room, no right to write. Reads only.

    `programs` is the folder with the database's own programs (pg_dump, pg_restore) that the environment names.
    """
    way = way_of(database)
    way.check(database, programs)
    folder = _nearest(file.parent)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotBackUp(f"folder '{folder}' for the backup of {database.name!r} cannot be written to")
    wanted, free = way.size(database), shutil.disk_usage(folder).free
    if free < wanted:
        raise NoRoom(
            f"the backup of {database.name!r} may need {_mib(wanted)}, and '{folder}' has {_mib(free)} free",
            hint="make room, or write `folder:` in the step to put it elsewhere",
        )


def back_up(database: Database, file: Path, *, programs: Path | None = None, tell: Tell) -> BackupFacts:
    """
    Write a backup of `database` to `file`, replacing an earlier one, and say what is in it.

    Only the owner of the file can read it. Raises StepFailed or TryAgain; then `file` is as it was before.
    """
    check_back_up(database, file, programs=programs)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_leftovers(file)
    made = durable.beside(file, str(os.getpid()))
    try:
        durable.write(made, b"")
        tables = way_of(database).take(database, made, programs=programs, tell=tell)
        durable.sync(made)
        facts = BackupFacts(
            database=database.name, bytes=made.stat().st_size, sha256=sha256_of(made), tables=dict(tables)
        )
        points.reach("backup.before_rename")
        _put_in_place(made, file, facts)
    except OSError as error:
        raise _disk_said(error, file) from error
    finally:
        made.unlink(missing_ok=True)
    points.reach("backup.renamed")
    return facts


def verify_backup(database: Database, file: Path, *, programs: Path | None = None) -> BackupFacts:
    """Read the file and its note from the disk again: NoBackup when one is missing, damaged or about another."""
    facts = read_note(file)
    prove_intact(file, facts)
    way_of(database).look_inside(file, programs)
    return facts


def _put_in_place(made: Path, file: Path, facts: BackupFacts) -> None:
    durable.remove(note_of(file))  # never an old note beside a new file
    durable.put_in_place(made, file)
    told = durable.beside(note_of(file), str(os.getpid()))
    durable.write(told, note(file, facts))
    durable.put_in_place(told, note_of(file))


def _remove_leftovers(file: Path) -> None:
    """What killed attempts left beside the file; also what SQLite keeps beside such a leftover."""
    for name in (file.name, note_of(file).name):
        for leftover in file.parent.glob(f".{name}.*.partial*"):
            leftover.unlink()


def _nearest(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


def _disk_said(error: OSError, file: Path) -> CannotBackUp | NoRoom:
    message = f"backup '{file}' cannot be written: {error.strerror or error}"
    return NoRoom(message) if error.errno in (errno.ENOSPC, errno.EDQUOT) else CannotBackUp(message)


def _mib(size: int) -> str:
    return f"{-(-size // _MIB):,} MiB"
