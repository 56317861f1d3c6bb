"""
The SELECT that reads a chunk of a source table, and what each of its columns is for.

Used by `extract` only. Every expression is asked for once, however many target columns need it. Columns
are always written with their table: SQLite takes a misspelt quoted name for a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl
import sqlalchemy as sa

from cutover.dataplane.chunks import wave_condition
from cutover.dataplane.dialects import Column, Dialect, NoSuchColumn
from cutover.model.migration import ColumnMapping, TableMapping
from cutover.model.runbook import Wave


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which columns of the SELECT a target column is made of."""

    names: tuple[str, ...]  # `c0` …
    needs: tuple[str, ...] = ()  # what a function calls them
    null_when: str | None = None  # the column that is 1 where the value becomes NULL


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A SELECT without the condition of its chunk."""

    select: str
    where: str
    key: Column
    columns: Mapping[str, Source]  # by target column
    dtypes: tuple[pl.DataType | None, ...]
    excluded: str | None  # the column with the number of the signed exception, 0 for none

    def statement(self, condition: str) -> str:
        """The SELECT of the rows for which `condition` holds."""
        return f"{self.select} WHERE {condition}" + (f" AND {self.where}" if self.where else "")


@dataclass(slots=True)
class _Asked:
    """What is asked of the source, each expression once for each type that it is wanted in."""

    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    dtypes: list[pl.DataType | None] = field(default_factory=list)

    def add(self, expression: str, dtype: pl.DataType | None) -> str:
        """The name of the column that will hold `expression`."""
        marker = (expression, str(dtype))
        if marker not in self.numbers:
            self.numbers[marker] = len(self.numbers)
            self.dtypes.append(dtype)
        return f"c{self.numbers[marker]}"

    def select(self) -> str:
        return ", ".join(expression for expression, _ in self.numbers) or "1"


def plan_select(
    connection: sa.Connection,
    dialect: Dialect,
    *,
    table: TableMapping,
    dtypes: Mapping[str, pl.DataType],
    wave: Wave | None,
) -> Plan:
    """What to ask `dialect`'s database for the rows of `table`. Raises NoSuchTable, NoSuchColumn, NotSql."""
    key = dialect.key(connection, table.source, table.source_key)
    columns = _Columns(connection, dialect, table)
    asked = _Asked()
    needed = _need_dtypes(connection, columns, table)
    sources = {
        column.target: _source(column, columns, asked, dtypes[column.target], needed) for column in table.columns
    }
    excluded = asked.add(_exception_number(table), pl.Int64()) if table.exclude else None
    return Plan(
        select=f"SELECT {asked.select()} FROM {columns.table}",
        where=wave_condition(dialect, table, wave),
        key=key,
        columns=sources,
        dtypes=tuple(asked.dtypes) or (pl.Int64(),),
        excluded=excluded,
    )


class _Columns:
    """The source table's columns as SQL."""

    def __init__(self, connection: sa.Connection, dialect: Dialect, table: TableMapping) -> None:
        self.connection, self.dialect, self.mapping = connection, dialect, table
        self.table = dialect.table(table.source)
        self.there = {column.name: column for column in dialect.columns(connection, table.source)}

    def column(self, name: str) -> str:
        """A column that must be there."""
        try:
            found = self.dialect.key(self.connection, self.mapping.source, name)
        except NoSuchColumn as error:
            raise NoSuchColumn(f"{self.mapping.path.name}: {error}", hint=error.hint) from None
        return f"{self.table}.{self.dialect.quote(found.name)}"

    def expression(self, sql: str) -> str:
        """A column of that name, or else SQL as it was written."""
        return f"{self.table}.{self.dialect.quote(sql)}" if sql in self.there else closed(sql)


def _need_dtypes(connection: sa.Connection, columns: _Columns, table: TableMapping) -> Mapping[str, pl.DataType]:
    """
    The type of every expression that a function needs, the same for all chunks.

    A function must not see numbers in one chunk and texts in the next because the next holds nothing but NULL.
    """
    plain = {sql: columns.there[sql].dtype for _, sql in _needs(table) if sql in columns.there}
    known = {sql: dtype for sql, dtype in plain.items() if dtype is not None and _is_storage(dtype)}
    asked = list(dict.fromkeys(sql for _, sql in _needs(table) if sql not in known))
    found = columns.dialect.expression_dtypes(connection, table.source, [columns.expression(sql) for sql in asked])
    return {**known, **dict(zip(asked, found, strict=True))}


def _is_storage(dtype: pl.DataType) -> bool:
    """Whether a declaration says how values are kept, not only what they mean to people."""
    return isinstance(dtype, pl.Int64 | pl.Float64 | pl.String | pl.Binary)


def _needs(table: TableMapping) -> list[tuple[str, str]]:
    return [need for column in table.columns for need in column.needs]


def _source(
    column: ColumnMapping, columns: _Columns, asked: _Asked, dtype: pl.DataType, needed: Mapping[str, pl.DataType]
) -> Source:
    null_when = (
        asked.add(f"CASE WHEN {closed(column.null_when)} THEN 1 ELSE 0 END", pl.Int64()) if column.null_when else None
    )
    if column.python is not None:
        names = tuple(asked.add(columns.expression(sql), needed[sql]) for _, sql in column.needs)
        return Source(names=names, needs=tuple(name for name, _ in column.needs), null_when=null_when)
    if column.has_value:
        return Source(names=(), null_when=None)
    wanted = pl.String() if column.codes is not None else dtype
    expression = columns.column(column.source) if column.source is not None else closed(str(column.sql))
    return Source(names=(asked.add(expression, wanted),), null_when=null_when)


def _exception_number(table: TableMapping) -> str:
    """One expression for all signed exceptions: the first that applies wins."""
    cases = " ".join(
        f"WHEN {closed(exception.when)} THEN {number}" for number, exception in enumerate(table.exclude, start=1)
    )
    return f"CASE {cases} ELSE 0 END"


def closed(sql: str) -> str:
    """SQL as somebody wrote it, in brackets of its own; it may end in a comment."""
    return f"({sql}\n)"
