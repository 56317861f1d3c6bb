"""
The journal's file: opened cheaply, made once whoever comes first, and its refusals turned into ours.

Called by the store, the leases and the quarantine, each with a transaction of its own. Knows nothing of what they keep.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cutover import durable
from cutover.errors import CutoverError, ExitStatus, JournalNotWritable
from cutover.journal import filelock, schema, sqlite
from cutover.redact import redact

#: Bytes of SQLite's smallest page. It would take anything shorter for an empty database, and write over it.
_SMALLEST = 512


class JournalNotReadable(CutoverError):
    """The journal cannot be read, or holds something that no event is; nothing was done on its word."""

    code: ClassVar[str] = "CUT-614"
    exit_status: ClassVar[ExitStatus] = ExitStatus.DEFECT


class JournalDatabase:
    """
    The file at `path`, made with all its tables when it is not there. May be used by several threads.

    Raises NotAJournal, JournalTooNew, or JournalNotWritable when it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._engine = sqlite.open_engine(self.path)
        self._one_writer = threading.Lock()  # threads would otherwise wait for each other by polling
        self.close = weakref.finalize(self, self._engine.dispose)
        with translated(self.path, "the journal cannot be opened", JournalNotWritable):
            if not self._is_current():
                self._make()

    @property
    def mirror(self) -> Path:
        """The file beside the journal that holds every event as a line of JSON."""
        return self.path.with_name(f"{self.path.name}.jsonl")

    @contextmanager
    def reading(self, what: str) -> Iterator[sa.Connection]:
        """One transaction that sees one moment; JournalNotReadable when `what` cannot be read."""
        refusal = translated(self.path, f"{what} cannot be read", JournalNotReadable)
        with refusal, self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self, what: str) -> Iterator[sa.Connection]:
        """One transaction, on the disk when it ends; JournalNotWritable, and nothing of it, when it cannot be."""
        refusal = translated(self.path, f"{what} cannot be written", JournalNotWritable)
        with self._one_writer, refusal, self._engine.connect() as fresh:
            connection = fresh.execution_options(**{sqlite.WRITES: True})
            with connection.begin():
                yield connection

    def _is_current(self) -> bool:
        if not self.path.exists():
            return False
        with self._engine.connect() as connection, connection.begin():
            return schema.version(connection, self.path) == schema.CURRENT

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
            there = schema.version(connection, self.path)
        if there == 0:
            self._refuse_to_begin_again()
            sqlite.use_log(self._engine)
        with self._engine.connect() as fresh, fresh.execution_options(**{sqlite.WRITES: True}).begin():
            if there < schema.CURRENT:
                schema.bring_forward(fresh, there)
        durable.sync_folder(self.path.parent)

    def _make_file(self) -> None:
        """Empty, because SQLite would let others read it. One that is there is never opened: closing it again would
        take away the locks that SQLite holds on it in this process."""
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        if 0 < self.path.stat().st_size < _SMALLEST:
            raise schema.NotAJournal(
                f"{str(self.path)!r} is no journal of cutover: file is not a database",
                hint="name another file as `journal:` in cutover.yaml",
            )

    def _refuse_to_begin_again(self) -> None:
        if self.mirror.stat().st_size:
            raise JournalNotWritable(
                f"the journal {str(self.path)!r} is empty or gone, but its mirror {self.mirror.name!r} has events",
                hint="put the journal back from a backup; to begin a new one, move the mirror away first",
            )


@contextmanager
def translated(path: Path, what: str, into: type[CutoverError]) -> Iterator[None]:
    """What SQLite or the file system refuses comes out as `into`, with what was to be done and what can be done now."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, OSError) as refused:
        error = (refused.orig if isinstance(refused, DBAPIError) else None) or refused
        says = redact(" ".join(str(error).split())) or type(error).__name__
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise schema.NotAJournal(
                f"{str(path)!r} is no journal of cutover: {says}", hint=sqlite.hint(error, path)
            ) from refused
        raise into(f"{what} (journal {str(path)!r}): {says}", hint=sqlite.hint(error, path)) from refused
