"""
PostgreSQL through psycopg 3: rows come and go by COPY, names and rights come from the catalogs.

Every session writes values in one way (UTC, ISO dates, UTF-8), so that text is exact in both directions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
import psycopg
import sqlalchemy as sa

from cutover.dataplane.dialects import naming
from cutover.dataplane.dialects import postgresql_fence as fence
from cutover.dataplane.dialects import postgresql_rows as rows_of
from cutover.dataplane.dialects import postgresql_sql as sql
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
from cutover.errors import WrongInput
from cutover.redact import redact

#: Seconds to wait for a server to answer a new connection.
CONNECT_WAIT = 10

#: Bytes of a name; PostgreSQL cuts longer ones off without a word, and two could become one.
LONGEST_NAME = 63

#: SQLSTATE classes and codes that waiting may heal: lost links, no room, shutdown, locks and serialization.
_HEALS = ("08", "53", "57P", "40001", "40P01", "55P03", "55006")

#: SQLSTATE classes and codes of an answer to COMMIT that leave open whether it took effect.
_UNKNOWN_AT_COMMIT = ("08", "57P", "58", "XX", "40003")

#: What a failed connection says when waiting would not help; it carries no SQLSTATE.
_FINAL_WORDS = tuple("authentication|does not exist|no pg_hba.conf|not permitted|denied|invalid|no password".split("|"))

_NOT_IN_A_SCRIPT = frozenset({"begin", "commit", "end", "rollback", "abort", "start", "prepare", "vacuum"})

#: SQLSTATEs of a row that breaks a rule: data exceptions, integrity, views with check option, raised by a trigger.
_ROW_STATES = ("22", "23", "44", "P0001")


class Postgresql:
    """See `Dialect`."""

    name = "postgresql"
    driver_errors: tuple[type[Exception], ...] = (psycopg.Error,)
    opening_hint = "check its URL and its password in cutover.yaml"

    # connecting

    def connect_arguments(self, url: sa.URL) -> dict[str, Any]:
        if url.drivername not in ("postgresql+psycopg", "postgresql"):
            raise ValueError(f"driver {url.drivername!r} is not used here: write postgresql+psycopg://…")
        return {"connect_timeout": CONNECT_WAIT, "application_name": "cutover", "client_encoding": "utf8"}

    def prepare(self, engine: sa.Engine) -> None:
        @sa.event.listens_for(engine, "connect")
        def _settle(connection: Any, _: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute("; ".join(f"SET {name} = '{value}'" for name, value in sql.SETTINGS.items()))
                cursor.execute(sql.LEAVE_BOOKKEEPING)
            connection.commit()

    def heals(self, error: BaseException) -> bool:
        state = getattr(error, "sqlstate", None)
        if state is not None:
            return str(state).startswith(_HEALS)
        words = str(error).lower()
        return isinstance(error, psycopg.OperationalError) and not any(final in words for final in _FINAL_WORDS)

    def unknown_at_commit(self, error: BaseException) -> bool:
        """Without a SQLSTATE nobody answered; a server that goes down may have written the commit before."""
        state = getattr(error, "sqlstate", None)
        return state is None or str(state).startswith(_UNKNOWN_AT_COMMIT)

    def server_version(self, connection: sa.Connection) -> str:
        return f"PostgreSQL {self.query(connection, 'SHOW server_version')[0][0].split()[0]}"

    def identity(self, connection: sa.Connection) -> str:
        system, number, name = self.query(
            connection,
            "SELECT system_identifier, oid, datname FROM pg_control_system(), pg_database"
            " WHERE datname = current_database()",
        )[0]
        return f"{name} (database {number} of system {system})"

    # names and values

    def quote(self, name: str) -> str:
        if len(name.encode()) > LONGEST_NAME:
            raise WrongInput(
                f"name {name!r} has {len(name.encode())} bytes; PostgreSQL keeps {LONGEST_NAME} and drops the rest",
                hint="shorten it",
            )
        return '"' + name.replace('"', '""') + '"'

    def table(self, name: str) -> str:
        schema, table = naming.parts(name)
        return f"{self.quote(schema or 'public')}.{self.quote(table)}"

    def literal(self, value: Key | None) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, bytes):
            return f"'\\x{value.hex()}'::bytea"
        if isinstance(value, float):
            return f"'{value!r}'::double precision"
        if isinstance(value, int):
            return f"'{value}'::numeric" if abs(value) >= 2**63 else f"({value})"
        if "\0" in value:
            raise NotSql(f"PostgreSQL has no text with a NUL character such as {value!r}")
        return "'" + value.replace("'", "''") + "'"

    def is_text(self, column: str, value: str) -> str:
        return f'({column})::text = {self.literal(value)} COLLATE "C"'

    # cutover's own tables

    def bookkeeping(self, name: str) -> str:
        return f"{sql.BOOKKEEPING}.{self.quote(name)}"

    def has_bookkeeping(self, connection: sa.Connection) -> bool:
        found = "SELECT to_regclass('cutover.chunk') IS NOT NULL AND to_regclass('cutover.applied') IS NOT NULL"
        return bool(self.query(connection, found)[0][0])

    def create_bookkeeping(self, connection: sa.Connection) -> None:
        if not self.has_bookkeeping(connection):  # IF NOT EXISTS wants the right to create even then
            for statement in sql.CREATE_BOOKKEEPING:
                connection.exec_driver_sql(statement)

    def held_token(self, connection: sa.Connection, scope: str, token: int) -> int | None:
        return fence.held(_driver(connection), scope, token)

    def seen_token(self, connection: sa.Connection, scope: str) -> int | None:
        return fence.seen(_driver(connection), scope)

    def raise_token(self, connection: sa.Connection, scope: str, token: int) -> int:
        return fence.raised(connection, _driver(connection), scope, token)

    # what is there

    def tables(self, connection: sa.Connection) -> tuple[str, ...]:
        found = self.query(connection, sql.TABLES)
        return tuple(naming.joined("" if schema == "public" else schema, name) for schema, name in found)

    def columns(self, connection: sa.Connection, table: str) -> tuple[Column, ...]:
        found = self.query(connection, sql.COLUMNS.format(table=self.literal(self.table(table))))
        if not found:
            there = ", ".join(self.tables(connection)) or "none"
            raise NoSuchTable(f"table {table!r} is not there", hint=f"tables there: {there}")
        return tuple(
            Column(
                name=name,
                type=type_,
                nullable=not not_null,
                dtype=rows_of.declared(type_),
                generated=bool(generated),
                filled=bool(filled),
            )
            for name, type_, not_null, generated, filled in found
        )

    def key(self, connection: sa.Connection, table: str, name: str) -> Column:
        columns = self.columns(connection, table)
        for column in columns:
            if column.name == name:
                return column
        there = ", ".join(column.name for column in columns)
        raise NoSuchColumn(f"table {table!r} has no column {name!r}", hint=f"columns there: {there}")

    def missing_rights(self, connection: sa.Connection, table: str) -> tuple[str, ...]:
        rights = ("select", "insert", "delete")
        asked = ", ".join(f"has_table_privilege({self.literal(self.table(table))}, '{right}')" for right in rights)
        granted = self.query(connection, f"SELECT {asked}")[0]
        missing = tuple(right for right, has in zip(rights, granted, strict=True) if not has)
        if not self.has_bookkeeping(connection):
            ((may_create,),) = self.query(connection, "SELECT has_database_privilege(current_database(), 'create')")
            missing += () if may_create else ("create the schema cutover",)
        return missing

    def only_read(self, connection: sa.Connection) -> None:
        self.query(connection, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    def query(self, connection: sa.Connection, statement: str) -> list[tuple[Any, ...]]:
        try:
            with _driver(connection).cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise self._not_sql(statement, error) from error

    def _not_sql(self, statement: str, error: psycopg.Error) -> Exception:
        if self.heals(error):
            return error
        line = " ".join(statement.split())
        shown = line if len(line) <= 200 else line[:199] + "…"
        return NotSql(f"PostgreSQL does not accept {shown!r}: {_said(error)}")

    # reading

    def compared(self, key: Column, qualifier: str = "") -> str:
        name = f"{qualifier + '.' if qualifier else ''}{self.quote(key.name)}"
        return f'{name} COLLATE "C"' if sql.is_text(key.type) else name

    def between(self, key: Column, low: Key | None, high: Key | None) -> str:
        name, compared = self.quote(key.name), self.compared(key)
        conditions = [f"{name} IS NOT NULL"]
        for sign, bound in ((">=", low), ("<=", high)):
            if bound is not None:
                conditions.append(sql.comparison(compared, sign, bound, key.type, self.literal))
        return " AND ".join(conditions)

    def borders(
        self, connection: sa.Connection, table: str, key: Column, *, rows: int, where: str = ""
    ) -> list[tuple[Key, Key, int]]:
        name = f"{self.table(table)}.{self.quote(key.name)}"
        collate = ' COLLATE "C"' if sql.is_text(key.type) else ""
        condition = f"{name} IS NOT NULL" + (f" AND ({where})" if where else "")
        statement = sql.BORDERS.format(
            name=name, collate=collate, table=self.table(table), condition=condition, rows=int(rows)
        )
        return sql.paired(self.query(connection, statement), key.type)

    def count(self, connection: sa.Connection, table: str, where: str = "") -> int:
        condition = f" WHERE {where}" if where else ""
        return int(self.query(connection, f"SELECT count(*) FROM {self.table(table)}{condition}")[0][0])

    def expression_dtypes(self, connection: sa.Connection, table: str, expressions: Sequence[str]) -> list[pl.DataType]:
        if not expressions:
            return []
        types = self._types(connection, f"SELECT {', '.join(expressions)} FROM {self.table(table)}")
        return [rows_of.declared(type_) or pl.String() for type_ in types]

    def _types(self, connection: sa.Connection, statement: str) -> list[str]:
        """The type of each column of a SELECT, which is not run."""
        try:
            with _driver(connection).cursor() as cursor:
                cursor.execute(f"SELECT * FROM ({statement}) AS described_ LIMIT 0")
                described = [
                    (column.type_code, _modifier(cursor, number))
                    for number, column in enumerate(cursor.description or ())
                ]
        except psycopg.Error as error:
            raise self._not_sql(statement, error) from error
        asked = ", ".join(f"format_type({oid}, {modifier})" for oid, modifier in described)
        return list(self.query(connection, f"SELECT {asked}")[0])

    def read(self, connection: sa.Connection, statement: str, dtypes: Sequence[pl.DataType | None]) -> Read:
        numbered = ", ".join(f"c{number}" for number in range(len(dtypes)))
        types = self._types(connection, f"SELECT * FROM ({statement}) AS read_({numbered})")
        # The last column keeps Polars from skipping a line that holds nothing but a NULL.
        copy = (
            f"COPY (SELECT {numbered}, 1 FROM ({statement}) AS read_({numbered})) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"
        )
        try:
            with _driver(connection).cursor() as cursor, cursor.copy(copy) as stream:
                lines = b"".join(stream)
        except psycopg.Error as error:
            raise self._not_sql(statement, error) from error
        return rows_of.as_read(lines, types)

    # writing

    def unholdable(self, columns: Sequence[Column], frame: pl.DataFrame) -> Mapping[str, pl.Expr]:
        return rows_of.unholdable({column.name: column.type for column in columns}, frame)

    def write(self, connection: sa.Connection, table: str, frame: pl.DataFrame) -> int:
        if not frame.height:
            return 0
        types = {column.name: column.type for column in self.columns(connection, table)}
        try:
            return rows_of.copy_in(_driver(connection), self.table(table), frame, types, quote=self.quote)
        except psycopg.Error as error:
            if (error.sqlstate or "").startswith(_ROW_STATES):
                raise RowRefused(_reason(error)) from error
            raise

    def lock(self, connection: sa.Connection, tables: Sequence[str]) -> None:
        names = ", ".join(self.table(table) for table in tables)
        self.query(connection, f"LOCK TABLE {names} IN EXCLUSIVE MODE")

    def delete(self, connection: sa.Connection, table: str, where: str = "") -> int:
        condition = f" WHERE {where}" if where else ""
        return int(
            connection.exec_driver_sql(
                f"DELETE FROM {self.table(table)}{condition}", execution_options=sql.AS_IS
            ).rowcount
        )

    def empty(self, connection: sa.Connection, tables: Sequence[str]) -> None:
        """One TRUNCATE where nothing else refers to the tables; row by row otherwise."""
        names = ", ".join(self.table(table) for table in tables)
        try:
            with connection.begin_nested():
                _driver(connection).execute(f"TRUNCATE {names}")
        except (psycopg.errors.FeatureNotSupported, psycopg.errors.InsufficientPrivilege):
            for table in tables:
                self.delete(connection, table)

    def execute_script(self, connection: sa.Connection, script: str) -> int:
        parsed = Script.of(script)
        parsed.refuse(_NOT_IN_A_SCRIPT)
        driver = _driver(connection)
        try:
            if parsed.statements:
                driver.execute(script)
        except psycopg.Error as error:
            if self.heals(error):
                raise
            raise NotSql(f"{sql.line_of(error.diag.statement_position, script)}{_said(error)}") from error
        if parsed.statements and driver.info.transaction_status != psycopg.pq.TransactionStatus.INTRANS:
            raise NotSql("the file ended the transaction that it ran in")
        return len(parsed.statements)

    def sequences(self, connection: sa.Connection, table: str) -> tuple[SequenceState, ...]:
        owned = self.query(connection, sql.SEQUENCES.format(table=self.literal(self.table(table))))
        return tuple(self._state(connection, name, column) for name, column, _ in owned)

    def _state(self, connection: sa.Connection, name: str, column: str) -> SequenceState:
        last, called = self.query(connection, f"SELECT last_value, is_called FROM {name}")[0]
        return SequenceState(name=name, last=last, called=called, column=column)

    def advance_sequences(self, connection: sa.Connection, table: str, beyond: Mapping[str, int]) -> None:
        for name, column, step in self.query(connection, sql.SEQUENCES.format(table=self.literal(self.table(table)))):
            furthest = max if step > 0 else min
            statement = f"SELECT {furthest.__name__}({self.quote(column)}) FROM {self.table(table)}"
            found = (self.query(connection, statement)[0][0], beyond.get(column))
            used = furthest((int(number) for number in found if number is not None), default=None)
            state = self._state(connection, name, column)
            following = state.last + step if state.called else state.last
            if used is not None and furthest(used, following) == used:
                self.query(connection, f"SELECT setval({self.literal(name)}, {used}, true)")

    def restore_sequences(self, connection: sa.Connection, states: Iterable[SequenceState]) -> None:
        for state in states:
            there = f"to_regclass({self.literal(state.name)})"
            self.query(connection, f"SELECT setval({there}, {state.last}, {state.called}) WHERE {there} IS NOT NULL")

    def analyze(self, connection: sa.Connection, tables: Iterable[str]) -> None:
        for table in tables:
            connection.exec_driver_sql(f"ANALYZE {self.table(table)}", execution_options=sql.AS_IS)


def _driver(connection: sa.Connection) -> psycopg.Connection[Any]:
    """The driver's connection, inside SQLAlchemy's transaction."""
    if not connection.in_transaction():
        connection.begin()
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]  # the psycopg dialect
    return driver


def _modifier(cursor: psycopg.Cursor[Any], number: int) -> int:
    """The modifier of a column's type, such as the size of a numeric."""
    assert cursor.pgresult is not None
    return cursor.pgresult.fmod(number)


def _said(error: psycopg.Error) -> str:
    return redact(error.diag.message_primary or " ".join(str(error).split()))


def _reason(error: psycopg.Error) -> str:
    """Which rule a row breaks. The server's detail would repeat the row's values, which are kept beside it."""
    diag = error.diag
    if diag.constraint_name:
        return f"target:{diag.constraint_name}"
    name = type(error).__name__
    column = diag.column_name or sql.column_of(diag.context)
    return f"target:{name}({column})" if column else f"target:{name}"
