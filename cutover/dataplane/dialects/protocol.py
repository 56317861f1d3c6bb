"""
What a kind of database must be able to do: the only place where databases differ.

A dialect is stateless; every method gets the connection it works on. Table names are written
`table` or `schema.table` (`naming`), column names bare; a dialect quotes both. `where` is a condition in the
database's own SQL, already complete; an empty one means all rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import polars as pl
import sqlalchemy as sa

from cutover.errors import StepFailed

Key = int | float | str | bytes
"""The value of a chunk's border. Text stands for every type that is neither number nor bytes."""


class NoSuchTable(StepFailed):
    """A table is not in its database."""

    code: ClassVar[str] = "CUT-312"


class NoSuchColumn(StepFailed):
    """A column is not in its table."""

    code: ClassVar[str] = "CUT-313"


class NotSql(StepFailed):
    """The database does not accept a piece of SQL that a person wrote."""

    code: ClassVar[str] = "CUT-314"


class RowRefused(Exception):
    """The database refused the rows of one write because of what is in them; the caller rolls his savepoint back."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason  # short and without values: the constraint, or the kind of error and the column


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    name: str
    type: str  # as the database writes it: `smallint`, `character varying(20)`
    nullable: bool = True
    dtype: pl.DataType | None = None  # what its regular values are in Polars; None where the declaration does not say
    generated: bool = False  # computed by the database; never written
    filled: bool = False  # by the database when nothing is given: a default, a number of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """
    Rows as they are in the database, columns named `c0`, `c1` … in the order of the SELECT.

    `frame` holds only exact values. A value that its type cannot hold is NULL there and stands in
    `unreadable[column]`: a String series of the frame's height, the value as text, NULL where all is well.
    """

    frame: pl.DataFrame
    unreadable: Mapping[str, pl.Series] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceState:
    """Where a number generator of a table stands. Plain values, so that the journal can keep them."""

    name: str
    last: int
    called: bool  # False: `last` itself is given out next
    column: str = ""  # that takes its numbers


class Dialect(Protocol):
    """One kind of database."""

    name: str
    driver_errors: tuple[type[Exception], ...]  # what the driver raises, beneath SQLAlchemy
    opening_hint: str  # what to look at when a database refuses to be opened

    # connecting

    def connect_arguments(self, url: sa.URL) -> dict[str, Any]:
        """What the driver is given beside the URL; ValueError when the URL cannot be used."""

    def prepare(self, engine: sa.Engine) -> None:
        """Set up every connection of `engine` so that sessions behave the same everywhere."""

    def heals(self, error: BaseException) -> bool:
        """Whether waiting may heal what the driver raised: a lock, a lost link, a server that is starting."""

    def unknown_at_commit(self, error: BaseException) -> bool:
        """Whether what the driver raised when it was told to commit leaves open that the commit took effect."""

    def server_version(self, connection: sa.Connection) -> str:
        """Name and version, such as `SQLite 3.40.1`."""

    def identity(self, connection: sa.Connection) -> str:
        """Which database this is, whatever URL led to it: the same text only for the same database."""

    # names and values

    def quote(self, name: str) -> str:
        """One identifier, quoted; WrongInput when the database would cut it off."""

    def table(self, name: str) -> str:
        """A table name (`table` or `schema.table`, a part in double quotes where a dot is in it), quoted."""

    def literal(self, value: Key | None) -> str:
        """A value as SQL."""

    def is_text(self, column: str, value: str) -> str:
        """A condition: the text of a column is exactly `value`. `column` is SQL."""

    # cutover's own tables

    def bookkeeping(self, name: str) -> str:
        """One of cutover's own tables (`chunk`, `applied`, `fence`), quoted."""

    def has_bookkeeping(self, connection: sa.Connection) -> bool:
        """Whether cutover's own tables are there."""

    def create_bookkeeping(self, connection: sa.Connection) -> None:
        """Make cutover's own tables where they are missing."""

    def held_token(self, connection: sa.Connection, scope: str, token: int) -> int | None:
        """
        The fencing token of the scope, None when there is none; nobody raises it until the caller's transaction ends.

        `token` is the caller's own, by which whoever takes over can tell his session.
        """

    def seen_token(self, connection: sa.Connection, scope: str) -> int | None:
        """The fencing token of the scope, None when there is none; holds nothing."""

    def raise_token(self, connection: sa.Connection, scope: str, token: int) -> int:
        """
        Write the token unless a higher one is there, and return the one that is there then.

        Waits for whoever holds a lower one; a holder who does not end is ended, where the database can do that.
        """

    # what is there

    def tables(self, connection: sa.Connection) -> tuple[str, ...]:
        """The user's tables, without cutover's own; `schema.table` outside the default schema."""

    def columns(self, connection: sa.Connection, table: str) -> tuple[Column, ...]:
        """The columns in their order; NoSuchTable."""

    def key(self, connection: sa.Connection, table: str, name: str) -> Column:
        """The column that orders the chunks (`rowid` where the database has it); NoSuchColumn."""

    def missing_rights(self, connection: sa.Connection, table: str) -> tuple[str, ...]:
        """What this user may not do with a table that is to be filled, such as `insert`."""

    def only_read(self, connection: sa.Connection) -> None:
        """Let the fresh connection see one state of the database until it ends, and refuse every change."""

    def query(self, connection: sa.Connection, statement: str) -> list[tuple[Any, ...]]:
        """Run a SELECT exactly as written and return its rows as the driver gives them; NotSql."""

    # reading

    def compared(self, key: Column, qualifier: str = "") -> str:
        """The key as SQL that orders and compares alike in every database: text byte by byte. `qualifier` is SQL."""

    def between(self, key: Column, low: Key | None, high: Key | None) -> str:
        """A condition: the key is not NULL and from `low` to `high`, both included; None is an open end."""

    def borders(
        self, connection: sa.Connection, table: str, key: Column, *, rows: int, where: str = ""
    ) -> list[tuple[Key, Key, int]]:
        """Lowest key, highest key and count of consecutive groups of about `rows` rows; equal keys stay together."""

    def count(self, connection: sa.Connection, table: str, where: str = "") -> int:
        """How many rows there are, counted."""

    def expression_dtypes(self, connection: sa.Connection, table: str, expressions: Sequence[str]) -> list[pl.DataType]:
        """In which type each SQL expression over the rows of `table` should be read; NotSql."""

    def read(self, connection: sa.Connection, statement: str, dtypes: Sequence[pl.DataType | None]) -> Read:
        """
        Run a SELECT and return all its rows; `dtypes`, one per column, say what is wanted (None: whatever it is).

        A column comes in the wanted type or in another that holds its values exactly (text for a decimal): casting is
        the caller's decision. Raises NotSql.
        """

    # writing

    def unholdable(self, columns: Sequence[Column], frame: pl.DataFrame) -> Mapping[str, pl.Expr]:
        """Reason -> condition that is TRUE for rows of `frame` that these columns would refuse or silently change."""

    def write(self, connection: sa.Connection, table: str, frame: pl.DataFrame) -> int:
        """Add the rows in the caller's transaction, all of them, and return how many the database took; RowRefused."""

    def lock(self, connection: sa.Connection, tables: Sequence[str]) -> None:
        """Let nobody else write to the tables until the caller's transaction ends."""

    def delete(self, connection: sa.Connection, table: str, where: str = "") -> int:
        """Delete rows and return how many went."""

    def empty(self, connection: sa.Connection, tables: Sequence[str]) -> None:
        """Delete all rows of the tables, the first table first, as quickly as the references to them allow."""

    def execute_script(self, connection: sa.Connection, script: str) -> int:
        """Run a file of statements in the caller's transaction and return how many there were; NotSql with the line."""

    def sequences(self, connection: sa.Connection, table: str) -> tuple[SequenceState, ...]:
        """The number generators of the table's columns, as they stand."""

    def advance_sequences(self, connection: sa.Connection, table: str, beyond: Mapping[str, int]) -> None:
        """
        Let no generator of the table give out a number that is in use, or one up to `beyond` (by column).

        Never sets one back.
        """

    def restore_sequences(self, connection: sa.Connection, states: Iterable[SequenceState]) -> None:
        """Put generators back to where they stood; one that is no longer there is left alone."""

    def analyze(self, connection: sa.Connection, tables: Iterable[str]) -> None:
        """Refresh the planner's statistics."""
