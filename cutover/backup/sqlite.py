"""
SQLite: the online backup of one read transaction, restored by copying the file.

The read transaction that the fingerprints are taken in stays open while the pages are copied through the same
connection, so both see the same moment. In WAL mode others may write meanwhile; in the older journal modes their
commits wait until the backup is taken.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from cutover import durable
from cutover.backup.refusals import CannotRestoreHere, NoBackup
from cutover.backup.ways import Scratch, Tell
from cutover.dataplane.database import Database, open_database
from cutover.dataplane.fingerprint import Fingerprint, fingerprint_database
from cutover.redact import Secret

#: Pages copied before the next word of progress: 16 MiB of the usual size.
_PAGES = 4096

_MAGIC = b"SQLite format 3\0"

#: How many of the database's own complaints are shown.
_COMPLAINTS = 5


class SqliteWay:
    """See `Way`."""

    name = "sqlite"
    suffix = ".sqlite"
    definitions_keep_their_text = True

    # taking

    def check(self, database: Database, programs: Path | None) -> None:
        database.server_version()

    def size(self, database: Database) -> int:
        with database.connect() as connection:
            asked = [connection.exec_driver_sql(f"PRAGMA {what}").scalar_one() for what in ("page_count", "page_size")]
        return int(asked[0]) * int(asked[1])

    def take(self, database: Database, file: Path, *, programs: Path | None, tell: Tell) -> Mapping[str, Fingerprint]:
        with database.connect() as connection, connection.begin():
            found = fingerprint_database(connection, database.dialect)
            source: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # the sqlite dialect
            with closing(sqlite3.connect(file)) as target:
                source.backup(target, pages=_PAGES, progress=lambda _, left, all_: tell(all_ - left, all_, "pages"))
        return found

    def look_inside(self, file: Path, programs: Path | None) -> None:
        with file.open("rb") as stream:
            head = stream.read(100)
        if len(head) < 100 or not head.startswith(_MAGIC) or _bytes(head) != file.stat().st_size:
            raise NoBackup(f"file '{file}' is not a whole SQLite database", hint="take the backup again")

    # proving

    def check_restore(self, server: Database, programs: Path | None) -> None:
        if not server.engine.url.database:
            raise CannotRestoreHere(f"database {server.name!r} is not a file")

    def create(self, scratch: Scratch, like: Database) -> None:
        self.drop(scratch)
        scratch.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.write(_place(scratch), b"")

    def restore(self, file: Path, scratch: Scratch, programs: Path | None) -> Database:
        place = _place(scratch)
        durable.copy(file, place)
        url = sa.URL.create("sqlite", database=str(place))
        return open_database(scratch.name, Secret(url.render_as_string()))

    def doubts(self, restored: Database) -> tuple[str, ...]:
        with restored.connect() as connection:
            said = connection.exec_driver_sql(f"PRAGMA integrity_check({_COMPLAINTS})").scalars().all()
        return () if list(said) == ["ok"] else tuple(map(str, said))

    def drop(self, scratch: Scratch) -> None:
        for ending in ("", "-journal", "-wal", "-shm"):
            Path(f"{_place(scratch)}{ending}").unlink(missing_ok=True)

    def is_there(self, scratch: Scratch) -> bool:
        return _place(scratch).exists()


def _place(scratch: Scratch) -> Path:
    return scratch.folder / f"{scratch.name}.db"


def _bytes(head: bytes) -> int:
    """The bytes that a database says it has, from its header: size of a page (1 means 65,536) and number of pages."""
    (page,) = struct.unpack_from(">H", head, 16)
    (pages,) = struct.unpack_from(">I", head, 28)
    return (65536 if page == 1 else int(page)) * int(pages)
