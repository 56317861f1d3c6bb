"""
The source as the target should hold it: read again, through the declared mapping, without what stays behind.

Used by `comparing`, on the thread that reads the source. Excluded rows are left out by the mapping; rows in
quarantine are dropped by their keys, so that a row which the copy lost without keeping it is missed.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from sqlalchemy import Connection

from cutover.dataplane.extract import Extraction, extract, prepare
from cutover.dataplane.fingerprint import Fingerprint, fingerprint_rows
from cutover.dataplane.functions import load_functions
from cutover.dataplane.rows import keys_of
from cutover.model.runbook import Wave
from cutover.reconciliation.pieces import Piece
from cutover.reconciliation.scope import Scope


class SourceRows:
    """Reads pieces of the source. Belongs to one thread."""

    def __init__(self, scope: Scope, dtypes: Mapping[str, pl.DataType]) -> None:
        self._scope = scope
        self._dtypes = dtypes
        self._functions = load_functions(scope.root, scope.mapping)
        self._extractions: dict[Wave | None, Extraction] = {}

    def read(self, connection: Connection, piece: Piece) -> tuple[pl.DataFrame, Fingerprint]:
        """The rows of a piece that should be in the target, in the target's columns and types."""
        if piece.chunk is None:
            return pl.DataFrame(schema=dict(self._dtypes)), Fingerprint()
        rows = extract(connection, self._extraction(connection, piece.wave), piece.chunk).rows
        frame = self._without_quarantined(rows).select(list(self._dtypes))
        return frame, fingerprint_rows(frame)

    def _extraction(self, connection: Connection, wave: Wave | None) -> Extraction:
        if wave not in self._extractions:
            self._extractions[wave] = prepare(
                connection,
                self._scope.source.dialect,
                table=self._scope.mapping,
                dtypes=self._dtypes,
                functions=self._functions,
                wave=wave,
            )
        return self._extractions[wave]

    def _without_quarantined(self, rows: pl.DataFrame) -> pl.DataFrame:
        if not self._scope.quarantined:
            return rows
        keys = pl.Series(keys_of(rows, self._scope.mapping.target_key), dtype=pl.String)
        left = pl.Series(sorted(self._scope.quarantined), dtype=pl.String)
        return rows.filter(~keys.is_in(left.implode()))
