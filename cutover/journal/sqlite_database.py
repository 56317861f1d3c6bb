"""A journal in a file of SQLite: opened cheaply, made once whoever comes first, and readable by its owner only."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import ClassVar

import sqlalchemy as sa

from cutover import durable
from cutover.errors import CutoverError, JournalNotWritable
from cutover.journal import filelock, schema, sqlite
from cutover.journal.database import JournalDatabase

#: Bytes of SQLite's smallest page. It would take anything shorter for an empty database, and write over it.
_SMALLEST = 512


class SqliteDatabase(JournalDatabase):
    """
    The file at `path`, made with all its tables when it is not there. See `JournalDatabase`.

    Raises NotAJournal, JournalTooNew, or JournalNotWritable when it cannot be made.
    """

    _writes: ClassVar = {sqlite.WRITES: True}
    _driver_error: ClassVar = sqlite3.Error

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        mirror = self.path.with_name(f"{self.path.name}.jsonl")
        super().__init__(sqlite.open_engine(self.path), shown=str(self.path), mirror=mirror)
        self.locks = FileLocks(self.path.with_name(f"{self.path.name}.leases"))
        self._one_writer = threading.Lock()  # threads would otherwise wait for each other by polling
        with self.translated("the journal cannot be opened", JournalNotWritable):
            if not self._is_current():
                self._make()

    def _alone(self) -> AbstractContextManager[object]:
        return self._one_writer

    def _is_current(self) -> bool:
        if not self.path.exists():
            return False
        with self._engine.connect() as connection, connection.begin():
            return self._version(connection) == schema.CURRENT

    def _version(self, connection: sa.Connection) -> str:
        return schema.version(connection, sqlite.tables(connection), shown=self.shown)

    def _make(self) -> None:
        """Under a lock of the kernel: SQLite itself refuses two that turn a new file to its log at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.take(self.mirror, wait=sqlite.LOCK_WAIT)
        if lock is None:
            raise TimeoutError(f"another process has held {self.mirror.name!r} for {sqlite.LOCK_WAIT:g} s")
        try:
            self._make_alone()
        finally:
            lock.release()

    def _make_alone(self) -> None:
        self._make_file()
        with self._engine.connect() as connection, connection.begin():
            there = self._version(connection)
        if not there:
            self._refuse_to_begin_again()
            sqlite.use_log(self._engine)
        if there != schema.CURRENT:
            with self._engine.connect() as fresh, fresh.execution_options(**self._writes).begin():
                schema.bring_forward(fresh, there)
        durable.sync_folder(self.path.parent)

    def _make_file(self) -> None:
        """Empty, because SQLite would let others read it. One that is there is never opened: closing it again would
        take away the locks that SQLite holds on it in this process."""
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        if 0 < self.path.stat().st_size < _SMALLEST:
            raise self._no_journal("file is not a database")

    def _refuse_to_begin_again(self) -> None:
        if self.mirror.stat().st_size:
            raise schema.begun_before(self.shown, self.mirror)

    def _no_journal(self, why: str) -> schema.NotAJournal:
        return schema.NotAJournal(
            f"{self.shown!r} is no journal of cutover: {why}", hint="name another file as `journal:` in cutover.yaml"
        )

    def _refusal(self, error: BaseException, says: str) -> CutoverError | None:
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_NOTADB:
            return None
        return schema.NotAJournal(f"{self.shown!r} is no journal of cutover: {says}", hint=self._hint(error))

    def _hint(self, error: BaseException) -> str:
        return sqlite.hint(error, self.path)


class FileLock:
    """A scope held by a lock of the kernel. See `Lock`."""

    def __init__(self, lock: filelock.FileLock) -> None:
        self.release = lock.release

    def is_held(self, connection: sa.Connection) -> bool:
        """Always: only this process can end it, by `release` or by its death."""
        return True


class FileLocks:
    """Locks of the kernel on files in `folder`; the files stay when nobody holds them. See `Locks`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, name: str, *, wait: float) -> FileLock | None:
        """Two takers in one process exclude each other as two processes do."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = filelock.take(self._folder / name, wait=wait)
        return None if lock is None else FileLock(lock)

    def taken(self, name: str, connection: sa.Connection) -> bool:
        """Asked of the kernel."""
        return filelock.taken(self._folder / name)
