"""
What is reconciled: a table, both databases, the waves moved so far, and the rows that stayed behind on purpose.

Made by the step, used by every part of the reconciliation. The conditions here are this package's own reading of the
mapping: what counts which rows is written a second time, not taken from the copy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from sqlalchemy import Connection

from cutover.dataplane.database import Database
from cutover.dataplane.dialects import Column, Dialect
from cutover.errors import Inconclusive, WrongInput
from cutover.model.migration import TableMapping
from cutover.model.runbook import Wave
from cutover.validation import Contract

#: Keys named in one statement.
_BATCH = 5_000

#: What stands in quarantine for the key of a row without one.
NO_KEY = "NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One table to reconcile. `quarantined`: the keys, as text, of the rows that the copies of this run left behind."""

    source: Database
    target: Database
    mapping: TableMapping
    root: Path  # of the project: where its functions are
    contract: Contract | None = None
    waves: tuple[Wave, ...] = ()  # moved so far; none: the whole table
    quarantined: frozenset[str] = field(default_factory=frozenset)
    in_quarantine: int = 0  # rows, not keys

    def __post_init__(self) -> None:
        if self.waves and self.mapping.wave_by and not self.mapping.wave_target:
            raise WrongInput(
                f"table {self.mapping.table!r} moves in waves, and its mapping does not say by which target column",
                hint="write wave_by: {source: COLUMN, target: COLUMN}",
            )

    @property
    def by_wave(self) -> tuple[Wave, ...]:
        """The waves by which this table is moved; none when it moves as a whole."""
        return self.waves if self.mapping.wave_by else ()

    def in_source(self, wave: Wave) -> str:
        """The rows of a wave, as a condition of the source."""
        dialect = self.source.dialect
        return dialect.is_text(dialect.quote(self.mapping.wave_by or ""), wave.value)

    def in_target(self, wave: Wave) -> str:
        """The rows of a wave, as a condition of the target."""
        dialect = self.target.dialect
        return dialect.is_text(dialect.quote(self.mapping.wave_target or ""), wave.value)

    @property
    def moved_in_source(self) -> str:
        """The rows that are to have moved by now; empty for all."""
        return any_of(self.in_source(wave) for wave in self.by_wave)

    @property
    def moved_in_target(self) -> str:
        """The rows that may be in the target by now; empty for all."""
        return any_of(self.in_target(wave) for wave in self.by_wave)

    @property
    def excluded(self) -> str:
        """The rows that signed exceptions leave behind, as a condition of the source; empty when there are none."""
        return any_of(f"({exception.when}\n)" for exception in self.mapping.exclude)

    def quarantined_in_source(self, connection: Connection) -> list[str]:
        """
        Conditions that together hold for the quarantined rows that are not excluded, each row in one of them only.

        Raises Inconclusive when the keys in quarantine are not those of the source, so that rows cannot be looked up.
        """
        dialect: Dialect = self.source.dialect
        key = dialect.key(connection, self.mapping.source, self.mapping.source_key)
        if self.quarantined and not self._keys_are_the_sources(key):
            raise Inconclusive(
                f"quarantined rows of table {self.mapping.table!r} cannot be looked up in the source by their keys",
                hint=f"map {self.mapping.source_key!r} to {self.mapping.target_key!r} as it is, as a number or a text",
            )
        keys = [dialect.literal(text) for text in sorted(self.quarantined - {NO_KEY})]
        batches = [", ".join(keys[start : start + _BATCH]) for start in range(0, len(keys), _BATCH)]
        conditions = [f"CAST({dialect.quote(key.name)} AS TEXT) IN ({batch})" for batch in batches]
        if NO_KEY in self.quarantined:
            conditions.append(f"{dialect.quote(key.name)} IS NULL")
        return [all_of(condition, self._not_excluded) for condition in conditions]

    @property
    def key_arrives_as_it_is(self) -> bool:
        """Whether the target's key is the source's, not computed or translated."""
        mapped = next((column for column in self.mapping.columns if column.target == self.mapping.target_key), None)
        return mapped is not None and mapped.source == self.mapping.source_key and mapped.codes is None

    def _keys_are_the_sources(self, key: Column) -> bool:
        """Whether the key's text is the same here and in SQL: fractions and times are written in many ways."""
        plain = key.dtype is None or key.dtype.is_integer() or isinstance(key.dtype, pl.String)
        return self.key_arrives_as_it_is and plain

    @property
    def _not_excluded(self) -> str:
        return f"({self.excluded}) IS NOT TRUE" if self.excluded else ""


def any_of(conditions: Iterable[str]) -> str:
    """At least one holds; empty when there are none."""
    return " OR ".join(conditions)


def all_of(*conditions: str) -> str:
    """All of them hold; empty ones say nothing."""
    return " AND ".join(f"({condition})" for condition in conditions if condition)


def where(*conditions: str) -> str:
    """The clause for `conditions`, or nothing."""
    every = all_of(*conditions)
    return f" WHERE {every}" if every else ""
