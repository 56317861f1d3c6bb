"""PostgreSQL's own text of its rows and its schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from cutover.dataplane.dialects.postgresql_sql import AS_IS
from cutover.dataplane.prints import postgresql_sql as sql

#: How a value is written depends on these.
_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "row_security": "off",  # rather an error than a part of the rows
}

#: Names are written in full when nothing else is on the path.
_FULL_NAMES = {"search_path": "pg_catalog"}


class PostgresqlPrints:
    """A whole row as text holds every value as its type writes it, NULL apart from the empty text."""

    @contextmanager
    def snapshot(self, connection: Connection) -> Iterator[None]:
        """A transaction at the level REPEATABLE READ; inside the caller's own transaction, his level counts."""
        own = not connection.in_transaction()
        if own:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            yield
        finally:
            if own:
                connection.rollback()

    @contextmanager
    def settled(self, connection: Connection) -> Iterator[None]:
        """Sets what changes the text of a value, for this transaction, and sets it back."""
        before = {name: _setting(connection, name) for name in _SETTINGS}
        _set(connection, _SETTINGS)
        yield  # after an error the transaction is broken, and its end takes the settings back
        _set(connection, before)

    def rows(self, connection: Connection, table: str) -> Iterable[bytes]:
        """COPY sends one message per row; its bytes are hashed as they come."""
        statement = f"COPY (SELECT (whole_row_.*)::text FROM {table} AS whole_row_) TO STDOUT"
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for message in copy:
                yield bytes(message)

    def schema(self, connection: Connection) -> Iterable[str]:
        """Everything that stands in the schemas of the users; owners and rights are not part of it."""
        return _lines(connection, sql.SCHEMA)

    def sequences(self, connection: Connection) -> Iterable[str]:
        """Every sequence with its last number, and whether that was given out."""
        for name in connection.exec_driver_sql(sql.SEQUENCES).scalars().all():
            statement = f"SELECT last_value, is_called FROM {name}"  # a percent sign in it is a percent sign
            state = connection.exec_driver_sql(statement, execution_options=AS_IS).one()
            yield f"{name} {state.last_value} {state.is_called}"

    def beside(self, connection: Connection) -> Iterable[tuple[str, Iterable[bytes]]]:
        """Rights, comments, stored answers of queries, and large objects where there are any."""
        yield "(rights)", _encoded(_lines(connection, sql.RIGHTS))
        yield "(comments)", _encoded(_lines(connection, sql.COMMENTS))
        for name in connection.exec_driver_sql(sql.MATERIALISED).scalars().all():
            yield f"(materialised) {name}", self.rows(connection, name)
        there, readable = connection.exec_driver_sql(sql.LARGE_OBJECTS).one()
        if there:
            yield "(large objects)", _encoded(_lines(connection, _LARGE_OBJECTS[readable]))


#: By whether the pages may be read as a table.
_LARGE_OBJECTS = {True: sql.LARGE_OBJECT_PAGES, False: sql.LARGE_OBJECTS_WHOLE}


def _encoded(lines: Iterable[str]) -> Iterator[bytes]:
    return (line.encode() for line in lines)


def _lines(connection: Connection, statement: str) -> list[str]:
    """The only column of `statement`; names in it are written in full."""
    before = _setting(connection, "search_path")
    _set(connection, _FULL_NAMES)
    lines = [line for (line,) in connection.exec_driver_sql(statement, execution_options=AS_IS)]
    _set(connection, {"search_path": before})
    return lines


def _setting(connection: Connection, name: str) -> str:
    return str(connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one())


def _set(connection: Connection, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
