"""
The quarantine: rows that a run left behind, with every reason, and values that it amended on the way.

Written by the copy step, a chunk at a time; read by reconciliation and report. Row values are the business's own data
and are kept exactly as they are, also where no UTF-8 can hold them: what they are worth is for people to judge.
They are not redacted, which is why the journal is readable by its owner only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from cutover.journal.database import JournalDatabase
from cutover.journal.sqlite_database import SqliteDatabase
from cutover.journal.tables import AMENDED, ROW


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRow:
    """A row that was not loaded. Values are text, as the source showed them; None is NULL."""

    key: str
    values: Mapping[str, str | None]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendedValue:
    """A value that a declared rule changed on the way (to NULL, for example); the row was loaded."""

    key: str
    column: str
    before: str | None
    reason: str


class QuarantineStore(Protocol):
    """What a run left behind."""

    def replace_chunk(
        self,
        *,
        run: str,
        step: str,
        table: str,
        chunk: int,
        rows: Sequence[QuarantinedRow],
        amended: Sequence[AmendedValue],
    ) -> None:
        """Keep this instead of what was kept of the chunk: all of it or nothing, so a repeated chunk never doubles."""

    def rows(self, run: str, table: str, step: str = "", limit: int | None = None) -> tuple[QuarantinedRow, ...]:
        """The rows of a table in the order of chunks; of one step only when it is named."""

    def amended(self, run: str, table: str, limit: int | None = None) -> tuple[AmendedValue, ...]:
        """The amended values of a table, in the order of chunks."""

    def keys(self, run: str, table: str) -> frozenset[str]:
        """The keys of all rows of a table that the run left behind."""

    def count(self, run: str, table: str, step: str = "") -> int:
        """How many rows of a table were left behind; by one step only when it is named."""

    def tables(self, run: str) -> tuple[str, ...]:
        """Names of the tables of which something was kept."""

    def drop(self, run: str, step: str) -> None:
        """Forget what that step kept: its copy was undone."""


class SqlQuarantine:
    """The quarantine in the journal `where`, or in a file of SQLite at that path. See `QuarantineStore`."""

    def __init__(self, where: JournalDatabase | Path) -> None:
        self._database = SqliteDatabase(where) if isinstance(where, Path) else where

    def replace_chunk(
        self,
        *,
        run: str,
        step: str,
        table: str,
        chunk: int,
        rows: Sequence[QuarantinedRow],
        amended: Sequence[AmendedValue],
    ) -> None:
        place = {"run": run, "step": step, "table_name": table, "chunk": chunk}
        with self._database.writing(f"the quarantine of table {table!r}, chunk {chunk},") as connection:
            for kept in (ROW, AMENDED):
                connection.execute(
                    sa.delete(kept).where(
                        kept.c.run == run, kept.c.step == step, kept.c.table_name == table, kept.c.chunk == chunk
                    )
                )
            if rows:
                connection.execute(sa.insert(ROW), [{**place, **_stored(n, row)} for n, row in enumerate(rows)])
            if amended:
                connection.execute(
                    sa.insert(AMENDED), [{**place, **_stored_value(n, one)} for n, one in enumerate(amended)]
                )

    def rows(self, run: str, table: str, step: str = "", limit: int | None = None) -> tuple[QuarantinedRow, ...]:
        found = self._of(ROW, run, table, step).limit(limit)
        with self._reading(table) as connection:
            return tuple(
                QuarantinedRow(
                    key=json.loads(row.key_json),
                    values=json.loads(row.values_json),
                    reasons=tuple(json.loads(row.reasons_json)),
                )
                for row in connection.execute(found)
            )

    def amended(self, run: str, table: str, limit: int | None = None) -> tuple[AmendedValue, ...]:
        found = self._of(AMENDED, run, table, "").limit(limit)
        with self._reading(table) as connection:
            return tuple(
                AmendedValue(
                    key=json.loads(row.key_json),
                    column=row.column_name,
                    before=json.loads(row.before_json),
                    reason=row.reason,
                )
                for row in connection.execute(found)
            )

    def keys(self, run: str, table: str) -> frozenset[str]:
        found = sa.select(ROW.c.key_json).where(ROW.c.run == run, ROW.c.table_name == table)
        with self._reading(table) as connection:
            return frozenset(json.loads(text) for text in connection.execute(found).scalars())

    def count(self, run: str, table: str, step: str = "") -> int:
        found = self._of(ROW, run, table, step).order_by(None).subquery()
        with self._reading(table) as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(found)).scalar_one())

    def tables(self, run: str) -> tuple[str, ...]:
        found = sa.union(*(sa.select(kept.c.table_name).where(kept.c.run == run) for kept in (ROW, AMENDED)))
        with self._database.reading(f"the quarantine of run {run!r}") as connection:
            return tuple(sorted(connection.execute(found).scalars()))

    def drop(self, run: str, step: str) -> None:
        with self._database.writing(f"the quarantine of step {step!r}") as connection:
            for kept in (ROW, AMENDED):
                connection.execute(sa.delete(kept).where(kept.c.run == run, kept.c.step == step))

    def close(self) -> None:
        """Close it; the end of the process does it, too."""
        self._database.close()

    def _of(self, kept: sa.TableClause, run: str, table: str, step: str) -> sa.Select[Any]:
        found = sa.select(kept).where(kept.c.run == run, kept.c.table_name == table)
        if step:
            found = found.where(kept.c.step == step)
        return found.order_by(kept.c.step, kept.c.chunk, kept.c.number)

    def _reading(self, table: str) -> Any:
        return self._database.reading(f"the quarantine of table {table!r}")


def _stored(number: int, row: QuarantinedRow) -> dict[str, Any]:
    return {
        "number": number,
        "key_json": json.dumps(row.key),
        "values_json": json.dumps(dict(row.values)),
        "reasons_json": json.dumps(row.reasons),
    }


def _stored_value(number: int, one: AmendedValue) -> dict[str, Any]:
    return {
        "number": number,
        "key_json": json.dumps(one.key),
        "column_name": one.column,
        "before_json": json.dumps(one.before),
        "reason": one.reason,
    }
