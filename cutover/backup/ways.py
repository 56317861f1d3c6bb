"""
How a kind of database is backed up and restored: what each must be able to do.

One module per kind beside this one; `WAYS` in `cutover.backup.known` names them. Taking and proving are the same for
all and know only this protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cutover.dataplane.database import Database
from cutover.dataplane.fingerprint import Fingerprint

Tell = Callable[[int, int | None, str], None]
"""Called with what is done, of how much (None: not known), and the unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scratch:
    """The place where a backup is restored to be looked at: nobody else's, and gone afterwards."""

    name: str  # of a database; also of a file
    folder: Path  # for a database that is a file
    server: Database  # where to make it; for a file only its kind counts


class Way(Protocol):
    """One kind of database. `programs` is the folder that the environment names for its programs, if any."""

    name: str  # of the dialect
    suffix: str
    definitions_keep_their_text: bool  # whether a restored schema is, letter by letter, the one that was backed up

    def check(self, database: Database, programs: Path | None) -> None:
        """Raise when a backup could not possibly be taken. Reads only."""

    def size(self, database: Database) -> int:
        """Bytes of the database now."""

    def take(self, database: Database, file: Path, *, programs: Path | None, tell: Tell) -> Mapping[str, Fingerprint]:
        """Write the backup to the empty `file`, and return the fingerprints of exactly what is in it."""

    def look_inside(self, file: Path, programs: Path | None) -> None:
        """Raise NoBackup when the file is not a whole backup of this kind. Restores nothing."""

    def check_restore(self, server: Database, programs: Path | None) -> None:
        """Raise when nothing could be restored beside `server`. Reads only."""

    def create(self, scratch: Scratch, like: Database) -> None:
        """Make an empty database like `like`; whatever was left there under that name is dropped before."""

    def restore(self, file: Path, scratch: Scratch, programs: Path | None) -> Database:
        """Fill the empty database from the backup and open it."""

    def doubts(self, restored: Database) -> tuple[str, ...]:
        """What the database itself has to say against what was restored."""

    def drop(self, scratch: Scratch) -> None:
        """Remove the place with all that is in it, also when somebody is connected; nothing when it is not there."""

    def is_there(self, scratch: Scratch) -> bool:
        """Whether the place is there."""
