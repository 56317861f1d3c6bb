"""
The journal's schema: made once, brought forward by numbered steps, refused when it is not ours.

Called when a journal is opened. Steps only ever go forward and are never edited: an old journal walks them all.
Each is one transaction with the number it leads to, so a process that dies on the way leaves the version before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from cutover import __version__
from cutover.errors import WrongInput
from cutover.journal import sqlite
from cutover.journal.tables import VERSION


class NotAJournal(WrongInput):
    """The file is something else: a database of somebody's, or no database."""

    code = "CUT-612"


class JournalTooNew(WrongInput):
    """A newer cutover wrote this journal; this one would not understand all of it."""

    code = "CUT-613"


def version(connection: sa.Connection, path: Path) -> int:
    """
    The version of the schema that is there; 0 for an empty database.

    Raises NotAJournal for other tables and JournalTooNew for a version from after this one.
    """
    there = sqlite.tables(connection)
    if not there:
        return 0
    if VERSION.name not in there:
        raise NotAJournal(
            f"{str(path)!r} is a database, but no journal of cutover (it holds {_some(there)})",
            hint="name another file as `journal:` in cutover.yaml",
        )
    found = int(connection.execute(sa.select(VERSION.c.version)).scalar_one())
    if found > CURRENT:
        raise JournalTooNew(
            f"the journal {str(path)!r} has version {found}, and this cutover ({__version__}) knows {CURRENT} at most",
            hint="use the newer cutover that wrote it",
        )
    return found


def bring_forward(connection: sa.Connection, there: int) -> None:
    """Take every step from version `there` to the current one, within the caller's transaction."""
    for step in _STEPS[there:]:
        step(connection)
    connection.execute(sa.delete(VERSION))
    made = {"version": CURRENT, "made_at": datetime.now(UTC).isoformat(timespec="seconds"), "made_by": __version__}
    connection.execute(sa.insert(VERSION), made)


def _some(names: frozenset[str]) -> str:
    first = sorted(names)[:3]
    return ", ".join(repr(name) for name in first) + (" …" if len(names) > len(first) else "")


def _first(connection: sa.Connection) -> None:
    for statement in _FIRST:
        connection.exec_driver_sql(statement)


_STEPS: Final[tuple[Callable[[sa.Connection], None], ...]] = (_first,)
CURRENT: Final = len(_STEPS)

_FIRST: Final = (
    "CREATE TABLE cutover_journal (version INTEGER NOT NULL, made_at TEXT NOT NULL, made_by TEXT NOT NULL)",
    "CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL)",
    "INSERT INTO counter VALUES ('lines', 0), ('tokens', 0)",
    # one line per run: where its chain ends, so that taking away its last events shows
    """
    CREATE TABLE run (
        run TEXT NOT NULL PRIMARY KEY, environment TEXT NOT NULL, number INTEGER NOT NULL,
        created INTEGER NOT NULL UNIQUE, seq INTEGER NOT NULL, at TEXT NOT NULL, digest TEXT NOT NULL,
        UNIQUE (environment, number)
    )
    """,
    # `line`: 1, 2, 3 … over all runs, the number of the same event's line in the mirror
    """
    CREATE TABLE event (
        line INTEGER NOT NULL PRIMARY KEY, run TEXT NOT NULL REFERENCES run (run), seq INTEGER NOT NULL,
        at TEXT NOT NULL, kind TEXT NOT NULL, step TEXT NOT NULL, attempt INTEGER NOT NULL, data TEXT NOT NULL,
        prev TEXT NOT NULL, digest TEXT NOT NULL,
        UNIQUE (run, seq)
    )
    """,
    "CREATE INDEX event_by_kind ON event (run, kind, seq)",
    """
    CREATE TABLE lease (
        lock TEXT NOT NULL PRIMARY KEY, scope TEXT NOT NULL, run TEXT NOT NULL, holder TEXT NOT NULL,
        token INTEGER NOT NULL UNIQUE, since TEXT NOT NULL, released TEXT
    )
    """,
    """
    CREATE TABLE quarantined_row (
        run TEXT NOT NULL, step TEXT NOT NULL, table_name TEXT NOT NULL, chunk INTEGER NOT NULL,
        number INTEGER NOT NULL, key_json TEXT NOT NULL, values_json TEXT NOT NULL, reasons_json TEXT NOT NULL,
        PRIMARY KEY (run, table_name, step, chunk, number)
    )
    """,
    """
    CREATE TABLE amended_value (
        run TEXT NOT NULL, step TEXT NOT NULL, table_name TEXT NOT NULL, chunk INTEGER NOT NULL,
        number INTEGER NOT NULL, key_json TEXT NOT NULL, column_name TEXT NOT NULL,
        before_json TEXT NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (run, table_name, step, chunk, number)
    )
    """,
    # Append-only, also for whoever opens the file by hand. Every `before insert` is there because INSERT OR REPLACE
    # deletes without waking a trigger on DELETE.
    """
    CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'an event of the journal is never changed'); END
    """,
    """
    CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'an event of the journal is never deleted'); END
    """,
    """
    CREATE TRIGGER event_is_never_replaced BEFORE INSERT ON event
    WHEN EXISTS (SELECT 1 FROM event WHERE line = NEW.line OR (run = NEW.run AND seq = NEW.seq))
    BEGIN SELECT RAISE(ABORT, 'an event of the journal is never replaced'); END
    """,
    """
    CREATE TRIGGER run_is_never_deleted BEFORE DELETE ON run
    BEGIN SELECT RAISE(ABORT, 'a run of the journal is never deleted'); END
    """,
    """
    CREATE TRIGGER run_is_never_replaced BEFORE INSERT ON run
    WHEN EXISTS (SELECT 1 FROM run WHERE run = NEW.run OR created = NEW.created)
    BEGIN SELECT RAISE(ABORT, 'a run of the journal is never replaced'); END
    """,
    """
    CREATE TRIGGER run_only_grows BEFORE UPDATE ON run
    WHEN NEW.seq IS NOT OLD.seq + 1 OR NEW.run IS NOT OLD.run OR NEW.environment IS NOT OLD.environment
        OR NEW.number IS NOT OLD.number OR NEW.created IS NOT OLD.created
    BEGIN SELECT RAISE(ABORT, 'a run of the journal only takes one event more'); END
    """,
    """
    CREATE TRIGGER counter_only_grows BEFORE UPDATE ON counter
    WHEN NEW.value IS NOT OLD.value + 1 OR NEW.name IS NOT OLD.name
    BEGIN SELECT RAISE(ABORT, 'a counter of the journal only grows by one'); END
    """,
    """
    CREATE TRIGGER counter_is_never_deleted BEFORE DELETE ON counter
    BEGIN SELECT RAISE(ABORT, 'a counter of the journal is never deleted'); END
    """,
    """
    CREATE TRIGGER counter_is_never_replaced BEFORE INSERT ON counter
    WHEN EXISTS (SELECT 1 FROM counter WHERE name = NEW.name)
    BEGIN SELECT RAISE(ABORT, 'a counter of the journal is never replaced'); END
    """,
)
