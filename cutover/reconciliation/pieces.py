"""
Cuts both sides of a table into the same ranges of keys, so that they can be compared range by range.

Used by `comparing`. The ranges of the target leave no gap between them, and the rows without a key are a
piece of their own: a row that no row of the source explains is found wherever it lies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cutover.dataplane.chunks import Chunk, plan_chunks
from cutover.dataplane.dialects import Column, Dialect, Key
from cutover.model.runbook import Wave
from cutover.reconciliation.scope import Scope, all_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A chunk of the source (None: it has nothing there), and the rows of the target that belong to it, as SQL."""

    wave: Wave | None
    chunk: Chunk | None
    in_target: str


def plan(scope: Scope) -> tuple[Piece, ...]:
    """The pieces of every wave moved so far; together they cover all keys, and the rows without one."""
    with scope.target.connect() as connection:
        key = scope.target.dialect.key(connection, scope.mapping.table, scope.mapping.target_key)
    waves: Sequence[Wave | None] = scope.by_wave or (None,)
    return tuple(piece for wave in waves for piece in _pieces(scope, key, wave))


def _pieces(scope: Scope, key: Column, wave: Wave | None) -> Iterator[Piece]:
    chunks = plan_chunks(scope.source, scope.mapping, wave)
    ranged = [chunk for chunk in chunks if not chunk.nulls]
    nulls = next((chunk for chunk in chunks if chunk.nulls), None)
    if not _same_order(scope, ranged, key):
        ranged = [Chunk(number=1, rows=sum(chunk.rows for chunk in ranged))]
    dialect, of_wave = scope.target.dialect, scope.in_target(wave) if wave is not None else ""
    parts: list[Chunk | None] = [*ranged] or [None]
    # From its own lowest key up to the next chunk's: a gap between two chunks belongs to the first of them.
    lows: list[Key | None] = [None, *(chunk.low for chunk in ranged[1:]), None]
    for chunk, (low, high) in zip(parts, pairwise(lows), strict=True):
        yield Piece(wave=wave, chunk=chunk, in_target=all_of(_from_to(dialect, key, low, high), of_wave))
    if nulls is not None or key.nullable:
        no_key = f"{dialect.quote(key.name)} IS NULL"
        yield Piece(wave=wave, chunk=nulls, in_target=all_of(no_key, of_wave))


def _from_to(dialect: Dialect, key: Column, low: Key | None, high: Key | None) -> str:
    """From `low` to below `high`."""
    above = f"NOT ({dialect.between(key, high, None)})" if high is not None else ""
    return all_of(dialect.between(key, low, None), above)


def _same_order(scope: Scope, chunks: Sequence[Chunk], key: Column) -> bool:
    """
    Whether the key arrives as it is and orders alike on both sides, numbers as numbers and texts by their bytes.

    '10' comes before '9', and 10 after 9: ranges of one would be no ranges of the other.
    """
    if not scope.key_arrives_as_it_is:
        return False
    borders = [border for chunk in chunks for border in (chunk.low, chunk.high) if border is not None]
    numeric = key.dtype is not None and key.dtype.is_numeric()
    if all(isinstance(border, (int, float)) for border in borders):
        return numeric or not borders
    return all(isinstance(border, str) for border in borders) and _is_text(key)


def _is_text(key: Column) -> bool:
    """Texts only: a uuid or a JSON document is read as text, too, but it has an order of its own."""
    return any(word in key.type.lower() for word in ("char", "text", "clob"))
