"""
A database of an environment: where fresh connections come from.

Opened by the engine's context and by commands; used by everything that reads or writes rows.
Knows nothing of what is in it. Every connection is fresh and is closed for good at the end: a
step that proves something must not look through the connection that did it. What a driver raises
is translated here, once: into something that waiting may heal, or something that it will not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from cutover.dataplane.dialects import Dialect, dialect_of
from cutover.errors import CutoverError, StepFailed, TryAgain, WrongInput
from cutover.redact import Secret, redact


class DatabaseRefused(StepFailed):
    """The database answered, and said no: wrong password, no such file, no right, a broken rule."""

    code: ClassVar[str] = "CUT-310"


class DatabaseBusy(TryAgain):
    """Nobody answers where the database should be, the link was lost, or somebody else holds a lock: it may heal."""

    code: ClassVar[str] = "CUT-311"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An environment's database under the name that the project gave it. May be used by several threads."""

    name: str
    dialect: Dialect
    shown: str  # the URL without its password
    engine: sa.Engine = field(repr=False, compare=False)

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """A fresh connection for reading; whatever transaction is open at the end is rolled back."""
        with self._translated(), self._connected() as connection:
            yield connection

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A fresh connection with one write transaction: committed at the end, rolled back on any exception."""
        with self._translated(), self._connected() as fresh:
            connection = fresh.execution_options(cutover_writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def autocommit(self) -> Iterator[sa.Connection]:
        """A fresh connection on which every statement commits by itself."""
        with self._translated(), self._connected() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def server_version(self) -> str:
        """What the server says it is, such as `PostgreSQL 18.4`; raises what connecting raises."""
        with self.connect() as connection:
            return self.dialect.server_version(connection)

    def identity(self) -> str:
        """Which database this is, whatever URL led to it; raises what connecting raises."""
        with self.connect() as connection:
            return self.dialect.identity(connection)

    def _connected(self) -> sa.Connection:
        try:
            return self.engine.connect()
        except DBAPIError as error:
            raise self._opening_failed(error.orig or error) from None
        except self.dialect.driver_errors as error:  # raised while a new connection is prepared
            raise self._opening_failed(error) from None

    def _opening_failed(self, error: BaseException) -> CutoverError:
        message = f"database {self.name!r} ({self.shown}) cannot be opened: {_said(error)}"
        if self.dialect.heals(error):
            return DatabaseBusy(message, hint="is the server running?")
        return DatabaseRefused(message, hint=self.dialect.opening_hint)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._failed(error.orig or error) from error
        except self.dialect.driver_errors as error:
            raise self._failed(error) from error

    def _failed(self, error: BaseException) -> CutoverError:
        message = f"database {self.name!r}: {_said(error)}"
        return DatabaseBusy(message) if self.dialect.heals(error) else DatabaseRefused(message)


def open_database(name: str, url: Secret) -> Database:
    """
    The database at `url`, named `name`; nothing is connected yet.

    Raises WrongInput when the URL is not understood or its kind of database is not known.
    """
    try:
        parsed = sa.make_url(url.reveal())
        dialect = dialect_of(parsed.get_backend_name())
        arguments = dialect.connect_arguments(parsed)
        engine = sa.create_engine(parsed, poolclass=NullPool, connect_args=arguments)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as wrong:
        raise WrongInput(
            f"the URL of database {name!r} is not understood: {_said(wrong)}",
            hint="write sqlite:///path/to/file.db or postgresql+psycopg://user@host:port/database",
        ) from None
    dialect.prepare(engine)
    shown = redact(parsed.render_as_string(hide_password=True))
    return Database(name=name, dialect=dialect, shown=shown, engine=engine)


def _said(error: BaseException) -> str:
    return redact(" ".join(str(error).split())) or type(error).__name__
