"""A migration: how tables of the old system become tables of the new, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """
    Where one target column comes from. Exactly one of `source`, `sql`, `python`, `has_value` is used.

    `sql` is an expression of the source's own SQL, pushed into its SELECT.
    `python` is `file.py:function` in `migrations/`; the function gets what it `needs` as a
    `polars.DataFrame` and returns a Series or Expr of the target's type. Each need is a name and
    an expression of the source's own SQL (usually a column of that name), which may look at other
    tables: `(SELECT a.tzone FROM airports a WHERE a.faa = flights.dest)`.
    `null_when` is a source SQL condition: where it holds the value becomes NULL, and row key, old
    value and `reason` are kept. `codes` maps text values; a value outside it goes to quarantine.
    """

    target: str
    source: str | None = None
    sql: str | None = None
    python: str | None = None
    needs: tuple[tuple[str, str], ...] = ()  # (name in the DataFrame, source SQL of it)
    has_value: bool = False
    value: str | None = None
    codes: Mapping[str, str] | None = None
    null_when: str | None = None
    reason: str = ""
    at_most: int | None = None  # more NULLed values than this fail the step
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedException:
    """Rows that are left behind on purpose: a signed exception of the identity."""

    id: str
    when: str  # condition in the source's SQL
    reason: str
    signed_by: str
    signed_on: str  # ISO date
    at_most: int | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSides:
    """One expression said in both databases' own SQL."""

    name: str
    source: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTotal:
    """Counts and sums by business dimension, by independent SQL on both sides. Measures are `count(*)` or `sum(x)`."""

    name: str
    by: tuple[TwoSides, ...]
    measures: tuple[TwoSides, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """One target table and where its rows come from."""

    table: str  # target table; `schema.table` allowed
    source: str  # source table
    source_key: str  # unique, orders the chunks; `rowid` allowed for SQLite
    target_key: str  # the column `source_key` arrives in, unique in the target
    columns: tuple[ColumnMapping, ...]
    validator: str | None = None  # `file.py:Class` in validators/
    wave_by: str | None = None  # source column that waves select on
    wave_target: str | None = None  # the target column that holds the same value
    exclude: tuple[SignedException, ...] = ()
    quarantine_at_most: int = 0
    totals: tuple[ControlTotal, ...] = ()
    chunk_rows: int = 50_000
    ignore_columns: Mapping[str, str] = field(default_factory=dict)  # left out on purpose, on either side -> why
    path: Path = field(default_factory=Path)  # file it was read from, for messages
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoredTable:
    """A table of the source that stays behind on purpose."""

    table: str
    reason: str
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """The mapping of one source database to one target database; tables in foreign-key order."""

    name: str
    source: str  # database name, as environments name it
    target: str
    tables: tuple[TableMapping, ...]
    ignore: tuple[IgnoredTable, ...] = ()
    path: Path = field(default_factory=Path)

    def table(self, name: str) -> TableMapping:
        """The mapping of that target table; KeyError when there is none."""
        for table in self.tables:
            if table.table == name:
                return table
        raise KeyError(name)
