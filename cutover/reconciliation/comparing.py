"""
Compares rows: fingerprints per chunk, and where they differ the rows themselves.

The source is read again through the declared mapping, without excluded and quarantined rows; the target is read
by ranges of keys that leave no gap, so that a row which no source row explains is seen wherever its key lies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import polars as pl
from sqlalchemy import Connection

from cutover.dataplane.fingerprint import Fingerprint, fingerprint_rows
from cutover.dataplane.reading import read_rows
from cutover.model.outcome import Finding
from cutover.reconciliation.diff import Diff, diff_rows
from cutover.reconciliation.feeds import Feed
from cutover.reconciliation.pieces import Piece, plan
from cutover.reconciliation.scope import Scope
from cutover.reconciliation.source import SourceRows
from cutover.words import counted

CHECK = "reconcile rows"

Side = tuple[pl.DataFrame, Fingerprint]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What the comparison of a table came to."""

    source: Fingerprint = field(default_factory=Fingerprint)
    target: Fingerprint = field(default_factory=Fingerprint)
    chunks: int = 0
    differing: int = 0
    diff: Diff = field(default_factory=Diff)


def compare_rows(scope: Scope, *, samples: int = 20, tell: Callable[[int], None] | None = None) -> Compared:
    """
    Compare every row of the waves moved so far. `tell` is called after each chunk with the rows of the source so far.

    Raises what the databases raise, and what the mapping raises when it cannot be applied.
    """
    pieces = plan(scope)
    dtypes = target_dtypes(scope)
    rows = SourceRows(scope, dtypes)
    result = Compared()
    with ExitStack() as feeds:
        sources = feeds.enter_context(Feed(scope.source, pieces, rows.read))
        targets = feeds.enter_context(Feed(scope.target, pieces, _target_reader(scope, dtypes)))
        for piece, before, after in zip(pieces, sources, targets, strict=True):
            result = _with(scope, result, piece, sides=(before, after), samples=samples)
            if tell is not None:
                tell(result.source.rows)
    return result


def target_dtypes(scope: Scope) -> Mapping[str, pl.DataType]:
    """The mapped columns in their order, as the validator types them; without one as the target does."""
    with scope.target.connect() as connection:
        there = {column.name: column.dtype for column in scope.target.dialect.columns(connection, scope.mapping.table)}
    known = scope.contract.dtypes if scope.contract else {}
    return {
        column.target: known.get(column.target) or there.get(column.target) or pl.String()
        for column in scope.mapping.columns
    }


def findings(scope: Scope, compared: Compared) -> list[Finding]:
    """Missing, extra and changed rows, each with its first keys."""
    table, key, diff = scope.mapping.table, scope.mapping.target_key, compared.diff
    found = []
    if diff.missing:
        keys = tuple((one,) for one in diff.missing_keys)
        rows = counted(diff.missing, "row of the source is", "rows of the source are")
        says = f"{rows} missing, the first has {key} {diff.missing_keys[0]}"
        found.append(Finding(check=CHECK, table=table, says=says, count=diff.missing, columns=(key,), samples=keys))
    if diff.extra:
        keys = tuple((one,) for one in diff.extra_keys)
        rows = counted(diff.extra, "row is", "rows are")
        says = f"{rows} in the target only, or twice, the first has {key} {diff.extra_keys[0]}"
        found.append(Finding(check=CHECK, table=table, says=says, count=diff.extra, columns=(key,), samples=keys))
    if diff.changed:
        columns = (key, "column", "source", "target")
        where = ", ".join(diff.columns)
        rows = counted(diff.changed, "row has", "rows have")
        says = f"{rows} other values in {where}, the first has {key} {diff.changes[0][0]}"
        found.append(
            Finding(check=CHECK, table=table, says=says, count=diff.changed, columns=columns, samples=diff.changes[:20])
        )
    return found


def _target_reader(scope: Scope, dtypes: Mapping[str, pl.DataType]) -> Callable[[Connection, Piece], Side]:
    def read(connection: Connection, piece: Piece) -> Side:
        dialect, table = scope.target.dialect, scope.mapping.table
        frame = read_rows(connection, dialect, table=table, dtypes=dtypes, where=piece.in_target)
        return frame, fingerprint_rows(frame)

    return read


def _with(scope: Scope, result: Compared, piece: Piece, *, sides: tuple[Side, Side], samples: int) -> Compared:
    """The result with one more piece in it."""
    (before, before_print), (after, after_print) = sides
    differs = before_print != after_print
    wanted = samples - result.diff.fewest_samples
    diff = diff_rows(before, after, scope.mapping.target_key, samples=wanted) if differs else Diff()
    return Compared(
        source=result.source + before_print,
        target=result.target + after_print,
        chunks=result.chunks + (piece.chunk is not None),
        differing=result.differing + differs,
        diff=(result.diff + diff).shortened(samples),
    )
