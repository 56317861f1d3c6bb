"""
Cuts a source table into key ranges of about equal size.

Called by the copy (which keeps the plan in the journal, so that a run that is resumed cuts the same)
and by the reconciliation. A chunk is a range of keys, never a row number: rows of a chunk can be found
again in the target. Equal keys are never torn apart, so a key that is not unique is copied once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cutover.dataplane.database import Database
from cutover.dataplane.dialects import Column, Dialect, Key
from cutover.model.migration import TableMapping
from cutover.model.runbook import Wave


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Rows with `low` <= key <= `high`; None is an open end. `nulls`: the rows without a key instead."""

    number: int  # 1, 2, 3 …
    low: Key | None = None
    high: Key | None = None
    nulls: bool = False
    rows: int = 0  # how many there were when it was planned; for progress, never for evidence

    def condition(self, dialect: Dialect, key: Column) -> str:
        """The rows of this chunk as SQL."""
        return f"{dialect.quote(key.name)} IS NULL" if self.nulls else dialect.between(key, self.low, self.high)


def plan_chunks(source: Database, table: TableMapping, wave: Wave | None = None) -> tuple[Chunk, ...]:
    """
    The chunks of `table` (of the rows of `wave`), in the order of the keys; a table without rows has none.

    The first and the last are open, so that every key lies in a chunk or between two. Raises NoSuchTable, NoSuchColumn.
    """
    dialect, where = source.dialect, wave_condition(source.dialect, table, wave)
    with source.connect() as connection:
        key = dialect.key(connection, table.source, table.source_key)
        borders = dialect.borders(connection, table.source, key, rows=table.chunk_rows, where=where)
        is_null = f"{dialect.quote(key.name)} IS NULL" + (f" AND {where}" if where else "")
        nulls = dialect.count(connection, table.source, is_null) if key.nullable else 0
    last = len(borders)
    chunks = [
        Chunk(number=number, low=low if number > 1 else None, high=high if number < last else None, rows=rows)
        for number, (low, high, rows) in enumerate(borders, start=1)
    ]
    if nulls:
        chunks.append(Chunk(number=last + 1, nulls=True, rows=nulls))
    return tuple(chunks)


def wave_condition(dialect: Dialect, table: TableMapping, wave: Wave | None) -> str:
    """The source rows of a wave as SQL; empty for the whole table. A table that does not move by waves moves whole."""
    if wave is None or table.wave_by is None:
        return ""
    return dialect.is_text(f"{dialect.table(table.source)}.{dialect.quote(table.wave_by)}", wave.value)


def as_plain(chunks: Sequence[Chunk]) -> list[list[Any]]:
    """The chunks as JSON values that keep the type of every border."""
    return [[key_text(chunk.low), key_text(chunk.high), chunk.nulls, chunk.rows] for chunk in chunks]


def from_plain(plain: Sequence[Sequence[Any]]) -> tuple[Chunk, ...]:
    """What `as_plain` made."""
    return tuple(
        Chunk(number=number, low=_key(low), high=_key(high), nulls=bool(nulls), rows=int(rows))
        for number, (low, high, nulls, rows) in enumerate(plain, start=1)
    )


def key_text(key: Key | None) -> str | None:
    """A border with its type in front: `i:5`, `t:abc`; texts that are no UTF-8, or hold a NUL, by their bytes."""
    if key is None:
        return None
    if isinstance(key, bytes):
        return f"b:{key.hex()}"
    if isinstance(key, str):
        raw = key.encode(errors="surrogatepass")
        return f"t:{key}" if raw == key.encode(errors="replace") and "\0" not in key else f"u:{raw.hex()}"
    return f"i:{key}" if isinstance(key, int) else f"f:{key!r}"


def _key(text: str | None) -> Key | None:
    if text is None:
        return None
    kind, _, value = text.partition(":")
    if kind == "b":
        return bytes.fromhex(value)
    if kind == "u":
        return bytes.fromhex(value).decode(errors="surrogatepass")
    if kind == "t":
        return value
    return int(value) if kind == "i" else float(value)
