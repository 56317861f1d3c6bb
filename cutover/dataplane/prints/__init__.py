"""
How each kind of database writes its own rows and its own schema, byte for byte the same each time.

Called by `fingerprint` only. One module per kind of database; a value is written by the database that
holds it, so that no type is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection

from cutover.dataplane.prints.postgresql import PostgresqlPrints
from cutover.dataplane.prints.sqlite import SqlitePrints
from cutover.errors import StepFailed

Texts = Iterable[str]


class Prints(Protocol):
    """What a kind of database must be able to write down. Reads only."""

    def snapshot(self, connection: Connection) -> AbstractContextManager[None]:
        """One consistent read of everything inside; the caller's own transaction is left alone."""

    def settled(self, connection: Connection) -> AbstractContextManager[None]:
        """Inside, the session's settings do not change how a value is written; afterwards they are as before."""

    def rows(self, connection: Connection, table: str) -> Iterable[bytes]:
        """Each row as bytes that only an equal row has. `table` is quoted. The stream must be read to its end."""

    def schema(self, connection: Connection) -> Texts:
        """One text per thing that stands in the schema."""

    def sequences(self, connection: Connection) -> Texts:
        """One text per sequence, with the number that comes next."""

    def beside(self, connection: Connection) -> Iterable[tuple[str, Iterable[bytes]]]:
        """
        What belongs to the world and is no part of a restored backup, by the name of its entry.

        Each must be read to its end before the next is asked for.
        """


_PRINTS: Mapping[str, Prints] = {"postgresql": PostgresqlPrints(), "sqlite": SqlitePrints()}


def prints_of(dialect: str) -> Prints:
    """The writer for that kind of database; StepFailed when there is none."""
    try:
        return _PRINTS[dialect]
    except KeyError:
        raise StepFailed(
            f"databases of the kind {dialect!r} have no fingerprints yet", hint=f"known kinds: {', '.join(_PRINTS)}"
        ) from None
