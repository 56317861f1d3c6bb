"""The kinds of databases that can be backed up. A new one is a module beside this one and its name below."""

from __future__ import annotations

from cutover.backup.postgresql import PostgresqlWay
from cutover.backup.refusals import CannotBackUp
from cutover.backup.sqlite import SqliteWay
from cutover.backup.ways import Way
from cutover.dataplane.database import Database

WAYS: tuple[Way, ...] = (PostgresqlWay(), SqliteWay())


def way_of(database: Database) -> Way:
    """How that database is backed up; CannotBackUp when nobody wrote it yet."""
    for way in WAYS:
        if way.name == database.dialect.name:
            return way
    known = ", ".join(way.name for way in WAYS)
    raise CannotBackUp(f"database {database.name!r} ({database.dialect.name}) cannot be backed up here (can: {known})")
