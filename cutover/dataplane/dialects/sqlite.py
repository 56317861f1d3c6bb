"""
SQLite: one file, values of any class in any column, a transaction only when one is begun by hand.

Python's driver would begin and commit on its own account; here it is told not to, and every
transaction is an explicit one. A writing transaction takes the lock at once, so that it cannot
fail half-way because another writer came in between.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote as percent

import polars as pl
import sqlalchemy as sa

from cutover.dataplane.dialects import naming
from cutover.dataplane.dialects import sqlite_values as values
from cutover.dataplane.dialects.protocol import (
    Column,
    Key,
    NoSuchColumn,
    NoSuchTable,
    NotSql,
    Read,
    RowRefused,
    SequenceState,
)
from cutover.dataplane.dialects.script import Script
from cutover.redact import redact

#: Seconds to wait for somebody else's lock.
LOCK_WAIT = 5.0

#: cutover's own tables. Exact names, not a prefix: a user's table is never mistaken for one.
BOOKKEEPING: Mapping[str, str] = {"chunk": "cutover_chunk", "applied": "cutover_applied", "fence": "cutover_fence"}

_LEDGER = """
CREATE TABLE IF NOT EXISTS cutover_chunk (
    run TEXT NOT NULL, step TEXT NOT NULL, table_name TEXT NOT NULL, wave TEXT NOT NULL, number INTEGER NOT NULL,
    low TEXT, high TEXT, extracted INTEGER NOT NULL, loaded INTEGER NOT NULL, quarantined INTEGER NOT NULL,
    excluded TEXT NOT NULL, nulled TEXT NOT NULL, reasons TEXT NOT NULL, key_digest TEXT NOT NULL,
    written_at TEXT NOT NULL,
    PRIMARY KEY (run, step, table_name, number)
)
"""
_APPLIED = """
CREATE TABLE IF NOT EXISTS cutover_applied (
    run TEXT NOT NULL, step TEXT NOT NULL, sha256 TEXT NOT NULL, statements INTEGER NOT NULL, applied_at TEXT NOT NULL,
    PRIMARY KEY (run, step)
)
"""

_FENCE = """
CREATE TABLE IF NOT EXISTS cutover_fence (scope TEXT PRIMARY KEY NOT NULL, token INTEGER NOT NULL)
"""
_RAISE = """
INSERT INTO cutover_fence (scope, token) VALUES (?, ?)
ON CONFLICT (scope) DO UPDATE SET token = excluded.token WHERE cutover_fence.token < excluded.token
"""

#: Statements that would end the transaction a script runs in, or cannot run in one.
_NOT_IN_A_SCRIPT = frozenset({"begin", "commit", "end", "rollback", "vacuum", "attach", "detach"})
_ROWID = frozenset({"rowid", "oid", "_rowid_"})


class Sqlite:
    """See `Dialect`."""

    name = "sqlite"
    driver_errors: tuple[type[Exception], ...] = (sqlite3.Error,)
    opening_hint = "the file must be there, a database, and writable; `touch FILE` makes an empty one"

    # connecting

    def connect_arguments(self, url: sa.URL) -> dict[str, Any]:
        if not url.database or url.database == ":memory:":
            raise ValueError("a SQLite database must be a file")
        # isolation_level None: no transaction but those that `prepare` begins
        return {"isolation_level": None, "check_same_thread": False, "timeout": LOCK_WAIT}

    def prepare(self, engine: sa.Engine) -> None:
        @sa.event.listens_for(engine, "do_connect")
        def _open(*given: Any) -> sqlite3.Connection:
            path = percent(str(Path(engine.url.database or "").absolute()))
            opened: sqlite3.Connection = sqlite3.connect(f"file:{path}?mode=rw", uri=True, **given[-1])
            opened.execute("PRAGMA foreign_keys = ON")  # off by default, and then references mean nothing
            return opened

        @sa.event.listens_for(engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            options = connection.get_execution_options()
            if options.get("isolation_level") != "AUTOCOMMIT":
                connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("cutover_writes") else "BEGIN")

    def heals(self, error: BaseException) -> bool:
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and (code & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

    def unknown_at_commit(self, error: BaseException) -> bool:
        """A disk that fails while the last page is on its way; every other refusal leaves the transaction undone."""
        return (getattr(error, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_IOERR

    def server_version(self, connection: sa.Connection) -> str:
        return f"SQLite {self.query(connection, 'SELECT sqlite_version()')[0][0]}"

    def identity(self, connection: sa.Connection) -> str:
        file = self.query(connection, "SELECT file FROM pragma_database_list WHERE name = 'main'")[0][0]
        return str(Path(file).resolve())

    # names and values

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def table(self, name: str) -> str:
        return ".".join(self.quote(part) for part in naming.parts(name) if part)

    def literal(self, value: Key | None) -> str:
        return values.literal(value)

    def is_text(self, column: str, value: str) -> str:
        return f"CAST({column} AS TEXT) = {self.literal(value)} COLLATE BINARY"

    # cutover's own tables

    def bookkeeping(self, name: str) -> str:
        return self.quote(BOOKKEEPING[name])

    def has_bookkeeping(self, connection: sa.Connection) -> bool:
        found = "SELECT count(*) FROM sqlite_schema WHERE name IN ('cutover_chunk', 'cutover_applied')"
        return bool(self.query(connection, found)[0][0] == len((_LEDGER, _APPLIED)))

    def create_bookkeeping(self, connection: sa.Connection) -> None:
        for statement in (_LEDGER, _APPLIED):
            connection.exec_driver_sql(statement)

    def held_token(self, connection: sa.Connection, scope: str, token: int) -> int | None:
        """A writing transaction has the whole file, so nothing more is needed to hold it."""
        return self.seen_token(connection, scope)

    def seen_token(self, connection: sa.Connection, scope: str) -> int | None:
        if not self.query(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'cutover_fence'"):
            return None
        found = self.query(connection, f"SELECT token FROM cutover_fence WHERE scope = {self.literal(scope)}")
        return int(found[0][0]) if found else None

    def raise_token(self, connection: sa.Connection, scope: str, token: int) -> int:
        """Whoever holds a lower one is waited for when the transaction begins; a file's lock cannot be taken away."""
        driver = _driver(connection)
        driver.execute(_FENCE)
        driver.execute(_RAISE, (scope, token))
        return self.seen_token(connection, scope) or 0

    # what is there

    def tables(self, connection: sa.Connection) -> tuple[str, ...]:
        found = "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name"
        names = (name for (name,) in self.query(connection, found) if name not in BOOKKEEPING.values())
        return tuple(naming.joined("", name) for name in names)

    def columns(self, connection: sa.Connection, table: str) -> tuple[Column, ...]:
        schema, name = naming.parts(table)
        pragma = f"PRAGMA {self.quote(schema or 'main')}.table_xinfo({self.quote(name)})"
        found = tuple(
            Column(
                name=row[1],
                type=row[2],
                nullable=not row[3],
                dtype=values.declared(row[2]),
                generated=row[6] in (2, 3),
                filled=row[4] is not None or (row[5] == 1 and row[2].upper() == "INTEGER"),
            )
            for row in self.query(connection, pragma)
            if row[6] != 1  # a hidden column of a virtual table
        )
        if not found:
            raise NoSuchTable(
                f"table {table!r} is not there", hint=f"tables there: {', '.join(self.tables(connection)) or 'none'}"
            )
        return found

    def key(self, connection: sa.Connection, table: str, name: str) -> Column:
        columns = self.columns(connection, table)
        for column in columns:
            if column.name.lower() == name.lower():
                return column
        if name.lower() in _ROWID and self._has_rowid(connection, table):
            return Column(name=name, type="INTEGER", nullable=False, dtype=pl.Int64())
        there = ", ".join(column.name for column in columns)
        raise NoSuchColumn(f"table {table!r} has no column {name!r}", hint=f"columns there: {there}")

    def _has_rowid(self, connection: sa.Connection, table: str) -> bool:
        try:
            self.query(connection, f"SELECT {self.table(table)}.rowid FROM {self.table(table)} LIMIT 0")
        except NotSql:
            return False
        return True

    def missing_rights(self, connection: sa.Connection, table: str) -> tuple[str, ...]:
        file = connection.engine.url.database or ""
        return () if os.access(file, os.W_OK) and os.access(Path(file).absolute().parent, os.W_OK) else ("write",)

    def only_read(self, connection: sa.Connection) -> None:
        self._cursor(connection, "PRAGMA query_only = ON")

    def query(self, connection: sa.Connection, statement: str) -> list[tuple[Any, ...]]:
        try:
            return self._cursor(connection, statement).fetchall()
        except sqlite3.Error as error:
            raise self._not_sql(statement, error) from error

    def _not_sql(self, statement: str, error: sqlite3.Error) -> Exception:
        if self.heals(error):
            return error
        return NotSql(f"SQLite does not accept {_short(statement)!r}: {redact(str(error))}")

    def _cursor(self, connection: sa.Connection, statement: str) -> sqlite3.Cursor:
        return _driver(connection).execute(statement)

    # reading

    def compared(self, key: Column, qualifier: str = "") -> str:
        return f"{qualifier + '.' if qualifier else ''}{self.quote(key.name)} COLLATE BINARY"

    def between(self, key: Column, low: Key | None, high: Key | None) -> str:
        compared = self.compared(key)
        conditions = [f"{self.quote(key.name)} IS NOT NULL"]
        if low is not None:
            conditions.append(f"{compared} >= {self.literal(low)}")
        if high is not None:
            conditions.append(f"{compared} <= {self.literal(high)}")
        return " AND ".join(conditions)

    def borders(
        self, connection: sa.Connection, table: str, key: Column, *, rows: int, where: str = ""
    ) -> list[tuple[Key, Key, int]]:
        name = f"{self.table(table)}.{self.quote(key.name)}"
        condition = f"{name} IS NOT NULL" + (f" AND ({where})" if where else "")
        # Texts by their bytes: one that is no UTF-8 is a key like any other.
        by_bytes = f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END"
        statement = (
            f"SELECT {by_bytes}, typeof({name}) = 'text' "
            f"FROM {self.table(table)} WHERE {condition} ORDER BY {self.compared(key, self.table(table))}"
        )
        try:
            return list(values.groups(self._cursor(connection, statement), rows))
        except sqlite3.Error as error:
            raise self._not_sql(statement, error) from error

    def count(self, connection: sa.Connection, table: str, where: str = "") -> int:
        condition = f" WHERE {where}" if where else ""
        return int(self.query(connection, f"SELECT count(*) FROM {self.table(table)}{condition}")[0][0])

    def expression_dtypes(self, connection: sa.Connection, table: str, expressions: Sequence[str]) -> list[pl.DataType]:
        if not expressions:
            return []
        asked = ", ".join(f"group_concat(DISTINCT typeof({expression}))" for expression in expressions)
        row = self.query(connection, f"SELECT {asked} FROM {self.table(table)}")[0]
        return [values.dtype_of_classes(frozenset((classes or "").split(","))) for classes in row]

    def read(self, connection: sa.Connection, statement: str, dtypes: Sequence[pl.DataType | None]) -> Read:
        try:
            columns = values.fetch(_driver(connection), statement)
        except sqlite3.Error as error:
            raise self._not_sql(statement, error) from error
        return values.as_read(columns, dtypes)

    # writing

    def unholdable(self, columns: Sequence[Column], frame: pl.DataFrame) -> Mapping[str, pl.Expr]:
        return values.unholdable(frame)

    def write(self, connection: sa.Connection, table: str, frame: pl.DataFrame) -> int:
        names = ", ".join(self.quote(name) for name in frame.columns)
        marks = ", ".join("?" for _ in frame.columns)
        rows = values.storable(frame)
        try:
            written = _driver(connection).executemany(
                f"INSERT INTO {self.table(table)} ({names}) VALUES ({marks})", rows
            )
        except sqlite3.IntegrityError as error:
            raise RowRefused(values.rule_of(redact(str(error)))) from error
        return written.rowcount if frame.height else 0

    def lock(self, connection: sa.Connection, tables: Sequence[str]) -> None:
        """A writing transaction has the whole file."""

    def delete(self, connection: sa.Connection, table: str, where: str = "") -> int:
        condition = f" WHERE {where}" if where else ""
        return self._cursor(connection, f"DELETE FROM {self.table(table)}{condition}").rowcount

    def empty(self, connection: sa.Connection, tables: Sequence[str]) -> None:
        for table in tables:
            self.delete(connection, table)

    def execute_script(self, connection: sa.Connection, script: str) -> int:
        parsed = Script.of(script, is_complete=sqlite3.complete_statement)
        parsed.refuse(_NOT_IN_A_SCRIPT)
        for statement in parsed.statements:
            try:
                self._cursor(connection, statement.text)
            except (sqlite3.Error, sqlite3.Warning) as error:
                if self.heals(error):
                    raise
                raise NotSql(f"line {statement.line}: {redact(str(error))}") from error
        return len(parsed.statements)

    def sequences(self, connection: sa.Connection, table: str) -> tuple[SequenceState, ...]:
        if not self.query(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'"):
            return ()
        name = naming.parts(table)[1]
        found = self.query(connection, f"SELECT seq FROM sqlite_sequence WHERE name = {self.literal(name)}")
        keys = [row[1] for row in self.query(connection, f"PRAGMA table_info({self.quote(name)})") if row[5]]
        column = keys[0] if len(keys) == 1 else ""
        return (SequenceState(name=name, last=found[0][0] if found else 0, called=bool(found), column=column),)

    def advance_sequences(self, connection: sa.Connection, table: str, beyond: Mapping[str, int]) -> None:
        """SQLite itself counts with every row that has a number."""
        for state in self.sequences(connection, table):
            number = beyond.get(state.column)
            if state.called and number is not None and number > state.last:
                self._cursor(
                    connection, f"UPDATE sqlite_sequence SET seq = {number} WHERE name = {self.literal(state.name)}"
                )

    def restore_sequences(self, connection: sa.Connection, states: Iterable[SequenceState]) -> None:
        if not self.query(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'"):
            return
        for state in states:
            name = self.literal(state.name)
            if state.called:
                self._cursor(connection, f"UPDATE sqlite_sequence SET seq = {state.last} WHERE name = {name}")
            else:
                self._cursor(connection, f"DELETE FROM sqlite_sequence WHERE name = {name}")

    def analyze(self, connection: sa.Connection, tables: Iterable[str]) -> None:
        """Would write the table sqlite_stat1, which was not there before; SQLite plans well without."""


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    """The driver's connection, inside SQLAlchemy's transaction."""
    if not connection.in_transaction():
        connection.begin()
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]  # this is the sqlite dialect
    return driver


def _short(statement: str) -> str:
    line = " ".join(statement.split())
    return line if len(line) <= 200 else line[:199] + "…"
