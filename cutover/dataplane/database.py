"""
A database of an environment: where fresh connections come from.

Opened by the engine's context and by commands; used by everything that reads or writes rows.
Knows nothing of what is in it. Every connection is fresh and is closed for good at the end: a
step that proves something must not look through the connection that did it. What a driver raises
is translated here, once: into something that waiting may heal, something that it will not, or, when
the answer to a commit is lost, something that nobody can know without looking. Every write
transaction holds the run's fence (`fence`), so that a process that was overtaken writes no more.
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
from cutover.dataplane.fence import Fence
from cutover.errors import CutoverError, OutcomeUnknown, StepFailed, TryAgain, WrongInput
from cutover.redact import Secret, redact


class DatabaseRefused(StepFailed):
    """The database answered, and said no: wrong password, no such file, no right, a broken rule."""

    code: ClassVar[str] = "CUT-310"


class DatabaseBusy(TryAgain):
    """Nobody answers where the database should be, the link was lost, or somebody else holds a lock: it may heal."""

    code: ClassVar[str] = "CUT-311"


class AnswerLost(OutcomeUnknown):
    """The link was lost after a change was ordered and before the answer came: it may have taken effect, or not."""

    code: ClassVar[str] = "CUT-315"


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """
    An environment's database under the name that the project gave it. May be used by several threads.

    With a fence, every change is refused with LeaseLost once another process has taken the run over.
    """

    name: str
    dialect: Dialect
    shown: str  # the URL without its password
    engine: sa.Engine = field(repr=False, compare=False)
    fence: Fence | None = field(default=None, compare=False)

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """A fresh connection for reading; whatever transaction is open at the end is rolled back."""
        with self._translated(), self._connected() as connection:
            yield connection

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """
        A fresh connection with one write transaction: committed at the end, rolled back on any exception.

        Raises AnswerLost when the link is lost at the commit, and LeaseLost, before anything is written, when this
        process was overtaken.
        """
        with self._translated(), self._writing() as (connection, transaction):
            if self.fence is not None:
                self.fence.hold(connection, self.dialect, database=self.name)
            yield connection
            self._commit(transaction)

    @contextmanager
    def autocommit(self) -> Iterator[sa.Connection]:
        """
        A fresh connection on which every statement commits by itself; LeaseLost when this process was overtaken.

        For what no transaction can hold, such as making a database. Raises AnswerLost when the link is lost.
        """
        if self.fence is not None:
            self.confirm()
            with self.connect() as looking:
                self.fence.look(looking, self.dialect, database=self.name)
        with self._translated(orders=True), self._connected() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def raise_fence(self) -> None:
        """
        Put up this process's fence before it goes on with a run: earlier holders write here no more.

        Waits for their transactions under way. LeaseLost when a later holder is there; nothing without a fence.
        """
        if self.fence is None:
            return
        with self._translated(), self._writing() as (connection, _):
            self.fence.put_up(connection, self.dialect, database=self.name)

    def confirm(self) -> None:
        """Ask the lease, just before a change outside of databases; LeaseLost when this process was overtaken."""
        if self.fence is not None:
            self.fence.confirm()

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
    def _writing(self) -> Iterator[tuple[sa.Connection, sa.RootTransaction]]:
        with self._connected() as fresh:
            connection = fresh.execution_options(cutover_writes=True)
            with connection.begin() as transaction:
                yield connection, transaction

    def _commit(self, transaction: sa.RootTransaction) -> None:
        """Commit now: a link that is lost here leaves another doubt than one that is lost before."""
        try:
            transaction.commit()
        except DBAPIError as error:
            raise self._commit_failed(error.orig or error) from error
        except self.dialect.driver_errors as error:
            raise self._commit_failed(error) from error

    def _commit_failed(self, error: BaseException) -> CutoverError:
        return self._answer_lost(error) if self.dialect.unknown_at_commit(error) else self._failed(error)

    @contextmanager
    def _translated(self, *, orders: bool = False) -> Iterator[None]:
        """`orders`: each statement takes effect by itself, so that a lost link leaves open whether it did."""
        try:
            yield
        except DBAPIError as error:
            raise self._failed(error.orig or error, orders=orders) from error
        except self.dialect.driver_errors as error:
            raise self._failed(error, orders=orders) from error

    def _failed(self, error: BaseException, *, orders: bool = False) -> CutoverError:
        if orders and self.dialect.unknown_at_commit(error):
            return self._answer_lost(error)
        message = f"database {self.name!r}: {_said(error)}"
        return DatabaseBusy(message) if self.dialect.heals(error) else DatabaseRefused(message)

    def _answer_lost(self, error: BaseException) -> CutoverError:
        return AnswerLost(
            f"database {self.name!r}: the link was lost before the answer came: {_said(error)}",
            hint="whether it took effect is asked on a fresh connection before anything is repeated",
        )


def open_database(name: str, url: Secret, *, fence: Fence | None = None) -> Database:
    """
    The database at `url`, named `name`; nothing is connected yet. What is written to it is written behind `fence`.

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
    return Database(name=name, dialect=dialect, shown=shown, engine=engine, fence=fence)


def _said(error: BaseException) -> str:
    return redact(" ".join(str(error).split())) or type(error).__name__
