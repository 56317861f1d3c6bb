"""
What is SQLite's own in the journal: how it is opened, how a transaction begins, what its refusals mean.

Every other module of the package speaks SQLAlchemy's Core. Nothing here knows what is stored.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import QueuePool

from cutover.clock import SystemClock

#: Seconds to wait for another process that is writing. An event takes a millisecond; whoever takes longer hangs.
LOCK_WAIT = 10.0

#: Option of a connection whose transactions take the write lock at once, so that none fails half-way.
WRITES = "cutover_writes"

_real = SystemClock()  # another process runs in real time, whatever the clock of a test says


def open_engine(path: Path) -> sa.Engine:
    """
    An engine on the file at `path`, which must be there; connections are kept, and may go from thread to thread.

    The last connection that closes makes SQLite move everything from the log into the file: too dear for each event.
    """
    address = f"file:{quote(os.fsencode(path))}?mode=rw"

    def connect() -> sqlite3.Connection:
        # isolation_level None: the driver begins nothing on its own account
        opened = sqlite3.connect(
            address, uri=True, isolation_level=None, check_same_thread=False, timeout=LOCK_WAIT
        )  # fmt: skip
        opened.execute("PRAGMA synchronous = FULL")  # durable when COMMIT returns, also in WAL mode
        opened.execute("PRAGMA foreign_keys = ON")
        return opened

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=QueuePool)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def use_log(engine: sa.Engine) -> None:
    """Turn the file to write-ahead logging, for good: readers and the writer do not wait for each other."""
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        (mode,) = _patiently(lambda: driver.execute("PRAGMA journal_mode = WAL").fetchone())
        if mode != "wal":
            raise OSError(f"the file system takes no write-ahead log of SQLite (it stays {mode!r})")


def _patiently(work: Callable[[], Any]) -> Any:
    """Again while SQLite is busy: for a change of mode it does not wait by itself, even if somebody only looks."""
    until = _real.tick() + LOCK_WAIT
    while True:
        try:
            return work()
        except sqlite3.OperationalError as busy:
            if busy.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or _real.tick() >= until:
                raise
            _real.sleep(0.005)


def tables(connection: sa.Connection) -> frozenset[str]:
    """Names of the tables that are there."""
    return frozenset(connection.exec_driver_sql("SELECT name FROM sqlite_schema WHERE type = 'table'").scalars().all())


def hint(error: BaseException, path: Path) -> str:
    """What a person can do about a refusal of SQLite or of the file system."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    number = error.errno if isinstance(error, OSError) else None
    if code == sqlite3.SQLITE_FULL or number in _FULL:
        return f"make room on the disk of {str(path.parent)!r}, then `cutover resume`"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or isinstance(error, TimeoutError):
        return "another process has been writing for longer than a journal's event takes: find it (`fuser` names it)"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM) or number in _RIGHTS:
        return f"whoever runs cutover must be allowed to write in the folder {str(path.parent)!r}"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return (
            f"keep the file as it is, and put it back from a backup; {path.name}.jsonl beside it holds every event too"
        )
    if code == sqlite3.SQLITE_CONSTRAINT:
        return "somebody wrote into the journal's file by hand: verify it before anything else"
    return f"look at the disk that holds {str(path)!r}"


_FULL = frozenset({28, 122, 27})  # ENOSPC, EDQUOT, EFBIG
_RIGHTS = frozenset({1, 2, 13, 20, 30})  # EPERM, ENOENT, EACCES, ENOTDIR, EROFS
