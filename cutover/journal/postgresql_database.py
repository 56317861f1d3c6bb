"""
A journal in a schema of a PostgreSQL database, shared by a team.

Made once, whoever comes first. The mirror is a file of this machine: it has every line up to the last one that this
machine wrote or saw.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import sqlalchemy as sa

from cutover.clock import SystemClock
from cutover.errors import CutoverError, JournalNotWritable, WrongInput
from cutover.journal import postgresql, schema
from cutover.journal.database import JournalDatabase
from cutover.journal.tables import VERSION
from cutover.redact import Secret, redact

#: Seconds between two tries for a lock: a server notices a killed client within a millisecond or two.
_PAUSE = 0.01
_real = SystemClock()  # another process runs in real time, whatever the clock of a test says

_HOLDS = sa.text(
    """
    SELECT count(*) FROM pg_catalog.pg_locks
    WHERE locktype = 'advisory' AND granted AND mode = 'ExclusiveLock' AND objsubid = 1
      AND classid::bigint = :high AND objid::bigint = :low AND pid = coalesce(CAST(:pid AS integer), pid)
      AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    """
)


class PostgresqlDatabase(JournalDatabase):
    """
    The journal of `project` in `schema_name` of the database at `url`, made when it is not there.

    `mirror` is the file for what is mirrored here. Raises WrongInput for a URL that is none, NotAJournal,
    JournalTooNew, or JournalNotWritable when the server cannot be reached or refuses.
    """

    _reads: ClassVar = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    _driver_error: ClassVar = psycopg.Error

    def __init__(self, url: Secret, *, schema_name: str, mirror: Path, project: str) -> None:
        engine = postgresql.open_engine(url, schema_name, kept=True)
        place = redact(engine.url.set(query={}).render_as_string(hide_password=True))
        super().__init__(engine, shown=f"{place} schema {schema_name}", mirror=mirror)
        self._schema = schema_name
        self._project = project
        self.locks = AdvisoryLocks(postgresql.open_engine(url, schema_name, kept=False), schema_name)
        with self.translated("the journal cannot be opened", JournalNotWritable):
            mirror.parent.mkdir(parents=True, exist_ok=True)
            if not self._is_current():
                self._make()

    def _alone(self) -> AbstractContextManager[object]:
        return nullcontext()  # the server lets them wait for each other

    def _is_current(self) -> bool:
        with self._engine.connect() as connection, connection.begin():
            return self._version(connection) == schema.CURRENT

    def _version(self, connection: sa.Connection) -> str:
        found = schema.version(connection, postgresql.tables(connection, self._schema), shown=self.shown)
        if found:
            self._refuse_others(str(connection.execute(sa.select(VERSION.c.project)).scalar_one()))
        return found

    def _make(self) -> None:
        """Under a lock of the server, which goes with the transaction: two that come first do not collide."""
        with self._engine.connect() as connection, connection.begin():
            connection.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
            name = f"{self._schema} is being made"
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _key(self._schema, name)})
            there = self._version(connection)
            if there == schema.CURRENT:
                return
            if not there:
                self._refuse_to_begin_again()
                self._make_schema(connection)
            schema.bring_forward(connection, there, made_for={"project": self._project})

    def _make_schema(self, connection: sa.Connection) -> None:
        encoding = connection.execute(sa.text("SHOW server_encoding")).scalar_one()
        if encoding != "UTF8":
            raise WrongInput(
                f"the database of the journal ({self.shown}) is encoded in {encoding}, which cannot hold every text",
                hint="make a database with ENCODING 'UTF8' and name it as `journal:` in cutover.yaml",
            )
        # Asked first: IF NOT EXISTS wants the right to create even then.
        found = sa.text("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = :name")
        if not connection.execute(found, {"name": self._schema}).scalar_one():
            connection.exec_driver_sql(f"CREATE SCHEMA {self._schema}")

    def _refuse_to_begin_again(self) -> None:
        if self.mirror.exists() and self.mirror.stat().st_size:
            raise schema.begun_before(self.shown, self.mirror)

    def _refuse_others(self, project: str) -> None:
        if project != self._project:
            raise schema.NotAJournal(
                f"the journal {self.shown!r} is that of project {project!r}, not of {self._project!r}",
                hint="give each project a schema of its own: journal: {url: …, schema: …} in cutover.yaml",
            )

    def _refusal(self, error: BaseException, says: str) -> CutoverError | None:
        return None

    def _hint(self, error: BaseException) -> str:
        if isinstance(error, OSError):
            return f"whoever runs cutover must be allowed to write {str(self.mirror)!r}, and its disk must have room"
        return postgresql.hint(error)


class AdvisoryLock:
    """A scope held by a connection of its own: the server frees it when the connection ends. See `Lock`."""

    def __init__(self, connection: sa.Connection, key: int, backend: int) -> None:
        self._connection: sa.Connection | None = connection
        self._key = key
        self._backend = backend
        _held.add(self)  # also when nobody else keeps it: a lock must not go because an object was forgotten

    def release(self) -> None:
        """End the connection, and with it the lock; again does nothing."""
        connection, self._connection = self._connection, None
        _held.discard(self)
        if connection is not None:
            with suppress(sa.exc.DBAPIError, psycopg.Error):  # it has ended already
                connection.close()

    def is_held(self, connection: sa.Connection) -> bool:
        """What the server says: it knows of a connection that was lost while this process still waits for answers."""
        return _holds(connection, self._key, self._backend)

    def forget(self) -> None:
        """In a forked child: close its copy of the socket, without a word to the server."""
        connection, self._connection = self._connection, None
        if connection is not None:
            driver: Any = connection.connection.driver_connection
            with suppress(OSError, psycopg.Error):
                os.close(driver.fileno())
            _forgotten.append(connection)


_held: set[AdvisoryLock] = set()
_forgotten: list[sa.Connection] = []  # collected, it would say goodbye to the server in its parent's name


def _forget_in_child() -> None:
    """A child that lives on would keep its parent's socket open, and with it the lock of the dead."""
    for lock in list(_held):
        lock.forget()
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_child)


class AdvisoryLocks:
    """Session advisory locks, each on a connection of its own. See `Locks`."""

    def __init__(self, engine: sa.Engine, schema_name: str) -> None:
        self._engine = engine
        self._schema = schema_name

    def take(self, name: str, *, wait: float) -> AdvisoryLock | None:
        """Two takers in one process exclude each other as two processes do."""
        key = _key(self._schema, name)
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            backend = _taken_by(connection, key, wait)
        except BaseException:
            connection.close()
            raise
        if backend is None:
            connection.close()
            return None
        return AdvisoryLock(connection, key, backend)

    def taken(self, name: str, connection: sa.Connection) -> bool:
        """Asked of the server, without touching the lock."""
        return _holds(connection, _key(self._schema, name), None)


def _taken_by(connection: sa.Connection, key: int, wait: float) -> int | None:
    """The number of the server's process that holds the lock for us now; None when others have it."""
    take = sa.text("SELECT pg_try_advisory_lock(:key), pg_backend_pid()")
    until = _real.tick() + wait
    while True:
        mine, backend = connection.execute(take, {"key": key}).one()
        if mine:
            _refuse_shared_sessions(connection, key, backend)
            return int(backend)
        if _real.tick() >= until:
            return None
        _real.sleep(_PAUSE)


def _refuse_shared_sessions(connection: sa.Connection, key: int, backend: int) -> None:
    """A pooler that gives each transaction another session would leave the lock with a stranger."""
    again = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
    if again != backend or not _holds(connection, key, backend):
        raise WrongInput(
            "the journal's server gives each transaction another session: it cannot say whether a run's process lives",
            hint="name the server itself as `journal:` in cutover.yaml, not a pooler in transaction mode",
        )


def _holds(connection: sa.Connection, key: int, backend: int | None) -> bool:
    parts = {"high": (key >> 32) & 0xFFFFFFFF, "low": key & 0xFFFFFFFF, "pid": backend}
    return bool(connection.execute(_HOLDS, parts).scalar_one())


def _key(schema_name: str, name: str) -> int:
    """64 bits with a sign: locks are numbers, and all journals of a database share them."""
    text = f"cutover\0{schema_name}\0{name}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big", signed=True)
