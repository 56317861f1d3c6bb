"""
Where a journal is kept: transactions on it, and its refusals turned into ours.

Called by the store, the leases and the quarantine, each with a transaction of its own. Knows nothing of what they keep.
`sqlite_database` and `postgresql_database` are the two places there are; nothing else asks which one it is.
"""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cutover.errors import CutoverError, ExitStatus, JournalNotWritable
from cutover.redact import redact


class JournalNotReadable(CutoverError):
    """The journal cannot be read, or holds something that no event is; nothing was done on its word."""

    code: ClassVar[str] = "CUT-614"
    exit_status: ClassVar[ExitStatus] = ExitStatus.DEFECT


class Lock(Protocol):
    """A scope that this process holds, until it gives it back or dies."""

    def release(self) -> None:
        """Let go; again does nothing."""

    def is_held(self, connection: sa.Connection) -> bool:
        """Whether it still holds, as far as can be told from within a transaction of the journal."""


class Locks(Protocol):
    """Locks that end with the process that holds them, whatever it died of. A lock's name is fit for a file."""

    def take(self, name: str, *, wait: float) -> Lock | None:
        """The lock of that name; None when another has it for longer than `wait` seconds."""

    def taken(self, name: str, connection: sa.Connection) -> bool:
        """Whether somebody holds it now."""


class JournalDatabase(ABC):
    """An opened journal with all its tables. May be used by several threads."""

    locks: Locks

    def __init__(self, engine: sa.Engine, *, shown: str, mirror: Path) -> None:
        self.shown = shown  # fit for messages
        self.mirror = mirror  # the file on this machine that holds every event as a line of JSON
        self._engine = engine
        self.close = weakref.finalize(self, engine.dispose)

    #: Options of a connection for a transaction that sees one moment, and for one that writes.
    _reads: ClassVar[Mapping[str, Any]] = {}
    _writes: ClassVar[Mapping[str, Any]] = {}

    @contextmanager
    def reading(self, what: str) -> Iterator[sa.Connection]:
        """One transaction that sees one moment; JournalNotReadable when `what` cannot be read."""
        refusal = self.translated(f"{what} cannot be read", JournalNotReadable)
        with refusal, self._engine.connect() as fresh:
            connection = fresh.execution_options(**self._reads)
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self, what: str) -> Iterator[sa.Connection]:
        """One transaction, on the disk when it ends; JournalNotWritable, and nothing of it, when it cannot be."""
        refusal = self.translated(f"{what} cannot be written", JournalNotWritable)
        with self._alone(), refusal, self._engine.connect() as fresh:
            connection = fresh.execution_options(**self._writes)
            with connection.begin():
                yield connection

    @contextmanager
    def translated(self, what: str, into: type[CutoverError], *, place: str = "") -> Iterator[None]:
        """What is refused in here comes out as `into`, with what was to be done and what can be done now."""
        try:
            yield
        except (DBAPIError, self._driver_error, OSError) as refused:
            error = (refused.orig if isinstance(refused, DBAPIError) else None) or refused
            says = redact(" ".join(str(error).split())) or type(error).__name__
            raise self._refusal(error, says) or into(
                f"{what} (journal {place or self.shown!r}): {says}", hint=self._hint(error)
            ) from refused

    _driver_error: ClassVar[type[Exception]]  # where the driver is used without SQLAlchemy

    @abstractmethod
    def _alone(self) -> AbstractContextManager[object]:
        """Keeps other threads of this process from writing, where they would only be in each other's way."""

    @abstractmethod
    def _refusal(self, error: BaseException, says: str) -> CutoverError | None:
        """An error of its own for what means that this is no journal; None for everything else."""

    @abstractmethod
    def _hint(self, error: BaseException) -> str:
        """What a person can do about it."""
