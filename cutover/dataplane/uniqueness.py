"""
Whether the key of a source table tells its rows apart: asked before anything is copied, and before it is compared.

A key that stands there twice is one row too many in every chunk, ledger and comparison that goes by keys.
"""

from __future__ import annotations

from typing import ClassVar

from cutover.dataplane.database import Database
from cutover.dataplane.selecting import closed
from cutover.errors import StepFailed
from cutover.model.migration import TableMapping

#: Keys named in a message.
SAMPLES = 5


class KeyNotUnique(StepFailed):
    """Several rows of the source have one key."""

    code: ClassVar[str] = "CUT-346"


def refuse_doubled_keys(source: Database, table: TableMapping) -> None:
    """
    Raise KeyNotUnique when rows that are to move share their key; rows without one share none.

    One scan. Raises NoSuchTable, NoSuchColumn, NotSql.
    """
    dialect = source.dialect
    stays = " OR ".join(closed(exception.when) for exception in table.exclude)
    where = f" WHERE ({stays}) IS NOT TRUE" if stays else ""
    with source.connect() as connection:
        key = dialect.compared(dialect.key(connection, table.source, table.source_key), dialect.table(table.source))
        rows = f"FROM {dialect.table(table.source)}{where}"
        keys, different = dialect.query(connection, f"SELECT count({key}), count(DISTINCT {key}) {rows}")[0]
        if keys == different:
            return
        doubled = dialect.query(
            connection,
            f"SELECT CAST({key} AS text), count(*) {rows} GROUP BY {key} HAVING count({key}) > 1 "
            f"ORDER BY {key} LIMIT {SAMPLES + 1}",
        )
    named = ", ".join(f"{spelled} ({count} rows)" for spelled, count in doubled[:SAMPLES])
    raise KeyNotUnique(
        f"the key of {table.source!r} is not unique: {named}{', …' if len(doubled) > SAMPLES else ''}",
        hint=f"name a column that tells rows apart as its key in {table.path.name}, or settle which of them counts",
    )
