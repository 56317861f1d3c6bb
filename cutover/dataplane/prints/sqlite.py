"""SQLite's own text of its rows and its schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection

from cutover.dataplane.dialects.sqlite import BOOKKEEPING

_OWN = frozenset(BOOKKEEPING.values())


class SqlitePrints:
    """Reads with SQLite's storage classes, which are finer than the declared types."""

    @contextmanager
    def snapshot(self, connection: Connection) -> Iterator[None]:
        """A deferred transaction; the file may be written by others meanwhile, and this read does not see it."""
        own = not connection.in_transaction()
        if own:
            connection.exec_driver_sql("SELECT 1")
            driver: Any = connection.connection.driver_connection
            if not driver.in_transaction:
                driver.execute("BEGIN")
        try:
            yield
        finally:
            if own:
                connection.rollback()

    @contextmanager
    def settled(self, connection: Connection) -> Iterator[None]:
        """SQLite has no settings that change what is read."""
        yield

    def rows(self, connection: Connection, table: str) -> Iterable[bytes]:
        """
        Each row as Python's ASCII literal of it: 1, 1.0, '1', b'1' and None are five different texts.

        Nearly twice as quick as letting SQLite put `quote()` of every value together, and it stops at no NUL character.
        """
        driver: Any = connection.connection.driver_connection
        before, driver.text_factory = driver.text_factory, _any_text
        try:
            for row in driver.execute(f"SELECT * FROM {table}"):
                yield ascii(row).encode()
        finally:
            driver.text_factory = before

    def schema(self, connection: Connection) -> Iterable[str]:
        """Every statement that made something, as SQLite keeps it, and the version the application gave the file."""
        made = connection.exec_driver_sql(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"
        ).all()
        for kind, name, table, sql in made:
            if not name.startswith("sqlite_") and table not in _OWN:
                yield f"{kind} {name!r} of {table!r}: {sql}"
        yield f"user_version {connection.exec_driver_sql('PRAGMA user_version').scalar_one()}"

    def sequences(self, connection: Connection) -> Iterable[str]:
        """The counters of AUTOINCREMENT; there are none before the first such table."""
        there = "SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'"
        if connection.exec_driver_sql(there).scalar_one():
            for name, number in connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence ORDER BY name").all():
                if name not in _OWN:
                    yield f"{name!r} {number}"

    def beside(self, connection: Connection) -> Iterable[tuple[str, Iterable[bytes]]]:
        """Nothing: a file of SQLite holds tables, what is in its schema, and counters."""
        return ()


#: SQLite keeps whatever bytes it was given as text; those that are no UTF-8 must not end the read.
_any_text = partial(str, encoding="utf-8", errors="surrogateescape")
