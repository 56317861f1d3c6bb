"""
Reads rows of a table back as a frame of given types, exactly as they lie there.

Called by the reconciliation and by the check of whole tables. A value that does not fit the type that is
wanted is an error, never a guess: there is nothing left to transform once rows are in the target.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

import polars as pl
from sqlalchemy import Connection

from cutover.dataplane.casting import NoCast, cast
from cutover.dataplane.dialects import Dialect
from cutover.errors import StepFailed

#: Rows of a table that are in memory at once when it is read in pieces.
PIECE = 100_000


#: Texts that a database fills with blanks up to their width: the blanks are not part of the value.
_PADDED = re.compile(r"(?:character|char|bpchar)\b(?! varying)")


class Unreadable(StepFailed):
    """A stored value does not fit the type that the validator or the migration gives its column."""

    code: ClassVar[str] = "CUT-322"


def read_rows(
    connection: Connection, dialect: Dialect, *, table: str, dtypes: Mapping[str, pl.DataType], where: str = ""
) -> pl.DataFrame:
    """The columns `dtypes` of the rows for which `where` holds (the database's own SQL), in no particular order."""
    padded = {column.name for column in dialect.columns(connection, table) if _PADDED.match(column.type.lower())}
    quoted = {name: dialect.quote(name) for name in dtypes}
    selected = ", ".join(f"CAST({sql} AS text)" if name in padded else sql for name, sql in quoted.items())
    condition = f" WHERE {where}" if where else ""
    read = dialect.read(connection, f"SELECT {selected} FROM {dialect.table(table)}{condition}", list(dtypes.values()))
    columns = zip(dtypes.items(), read.frame.iter_columns(), strict=True)
    return pl.DataFrame(
        [_typed(series, name, dtype, read.unreadable.get(series.name), table) for (name, dtype), series in columns]
    )


def read_in_pieces(
    connection: Connection, dialect: Dialect, *, table: str, dtypes: Mapping[str, pl.DataType], key: str | None
) -> Iterator[pl.DataFrame]:
    """The whole table, in ranges of `key` of about PIECE rows; without a key at once. At least one frame."""
    yield pl.DataFrame(schema=dict(dtypes))
    if key is None:
        yield read_rows(connection, dialect, table=table, dtypes=dtypes)
        return
    column = dialect.key(connection, table, key)
    for low, high, _ in dialect.borders(connection, table, column, rows=PIECE):
        yield read_rows(connection, dialect, table=table, dtypes=dtypes, where=dialect.between(column, low, high))
    if column.nullable:
        where = f"{dialect.quote(key)} IS NULL"
        yield read_rows(connection, dialect, table=table, dtypes=dtypes, where=where)


def _typed(series: pl.Series, name: str, dtype: pl.DataType, unreadable: pl.Series | None, table: str) -> pl.Series:
    if unreadable is not None and (seen := unreadable.drop_nulls()).len():
        raise _unreadable(table, name, dtype, seen[0])
    try:
        new, lost = cast(pl.col("v"), series.dtype, dtype)
    except NoCast as no:
        raise _unreadable(table, name, dtype, f"it holds {series.dtype}") from no
    done = series.to_frame("v").select(new.alias(name), lost.alias("lost_"))
    if done["lost_"].any():
        raise _unreadable(table, name, dtype, series.filter(done["lost_"])[0])
    return done[name]


def _unreadable(table: str, name: str, dtype: pl.DataType, found: object) -> Unreadable:
    return Unreadable(
        f"column {name!r} of table {table!r} holds what is no {dtype}: {str(found)[:80]!r}",
        hint="bring the column's type, the validator and the mapping together",
    )
