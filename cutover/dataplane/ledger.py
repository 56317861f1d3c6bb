"""
The chunk ledger in the target database: one line for each chunk, committed together with its rows.

It is what makes a copy exactly-once: a chunk with a line is in the target, a chunk without one is not. Used by
the copy; the same tables hold the notes of SQL files that ran (`applied`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from cutover.dataplane.dialects import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkLine:
    """What became of one chunk. extracted = loaded + quarantined + the sum of excluded, each of them counted."""

    number: int
    low: str | None
    high: str | None
    extracted: int
    loaded: int
    quarantined: int
    excluded: Mapping[str, int] = field(default_factory=dict)  # by id of the signed exception
    nulled: Mapping[str, int] = field(default_factory=dict)  # values in loaded rows, by column
    reasons: Mapping[str, int] = field(default_factory=dict)  # quarantined rows, by rule
    keys: str = "0" * 32  # digest of the loaded rows' keys (`loaded_keys`)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCount:
    """Everything the ledger says about one table, summed over its chunks."""

    table: str
    extracted: int = 0
    loaded: int = 0
    quarantined: int = 0
    excluded: Mapping[str, int] = field(default_factory=dict)
    nulled: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    chunks: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every row that was read is accounted for."""
        return self.extracted == self.loaded + self.quarantined + sum(self.excluded.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose lines: of one table, as one step of one run copies it."""

    run: str
    step: str
    table: str
    wave: str = ""  # value of the wave, empty for the whole table


def write_line(connection: sa.Connection, dialect: Dialect, owner: Owner, line: ChunkLine, *, at: datetime) -> None:
    """Add a line in the caller's transaction; a second line for the same chunk is refused by the primary key."""
    values = {
        "run": owner.run,
        "step": owner.step,
        "table_name": owner.table,
        "wave": owner.wave,
        "number": line.number,
        "low": line.low,
        "high": line.high,
        "extracted": line.extracted,
        "loaded": line.loaded,
        "quarantined": line.quarantined,
        "excluded": _json(line.excluded),
        "nulled": _json(line.nulled),
        "reasons": _json(line.reasons),
        "key_digest": line.keys,
        "written_at": at.isoformat(),
    }
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(
        sa.text(f"INSERT INTO {dialect.bookkeeping('chunk')} ({', '.join(values)}) VALUES ({marks})"), values
    )


def lines(connection: sa.Connection, dialect: Dialect, owner: Owner) -> tuple[ChunkLine, ...]:
    """The lines of that owner (its wave is not asked), in order."""
    if not dialect.has_bookkeeping(connection):
        return ()
    statement = (
        "SELECT number, low, high, extracted, loaded, quarantined, excluded, nulled, reasons, key_digest "
        f"FROM {dialect.bookkeeping('chunk')} WHERE run = :run AND step = :step AND table_name = :table ORDER BY number"
    )
    found = connection.execute(sa.text(statement), {"run": owner.run, "step": owner.step, "table": owner.table})
    return tuple(
        ChunkLine(
            number=row.number,
            low=row.low,
            high=row.high,
            extracted=row.extracted,
            loaded=row.loaded,
            quarantined=row.quarantined,
            excluded=json.loads(row.excluded),
            nulled=json.loads(row.nulled),
            reasons=json.loads(row.reasons),
            keys=row.key_digest,
        )
        for row in found
    )


def summed(table: str, found: Iterable[ChunkLine]) -> TableCount:
    """Lines of one table, added up."""
    every = tuple(found)
    return TableCount(
        table=table,
        extracted=sum(line.extracted for line in every),
        loaded=sum(line.loaded for line in every),
        quarantined=sum(line.quarantined for line in every),
        excluded=_added(line.excluded for line in every),
        nulled=_added(line.nulled for line in every),
        reasons=_added(line.reasons for line in every),
        chunks=len(every),
    )


def of_the_run(connection: sa.Connection, dialect: Dialect, owner: Owner) -> TableCount:
    """Everything that this run has copied into the table so far, in all its waves."""
    if not dialect.has_bookkeeping(connection):
        return TableCount(table=owner.table)
    steps = connection.execute(
        sa.text(f"SELECT DISTINCT step FROM {dialect.bookkeeping('chunk')} WHERE run = :run AND table_name = :table"),
        {"run": owner.run, "table": owner.table},
    ).scalars()
    owners = [Owner(run=owner.run, step=step, table=owner.table) for step in steps]
    return summed(owner.table, (line for one in owners for line in lines(connection, dialect, one)))


def others(connection: sa.Connection, dialect: Dialect, owner: Owner) -> list[str]:
    """Who else has lines for the table: `run step`, for a message."""
    if not dialect.has_bookkeeping(connection):
        return []
    statement = (
        f"SELECT DISTINCT run, step FROM {dialect.bookkeeping('chunk')} WHERE table_name = :table ORDER BY run, step"
    )
    found = connection.execute(sa.text(statement), {"table": owner.table})
    return [f"run {row.run} step {row.step}" for row in found if (row.run, row.step) != (owner.run, owner.step)]


def delete_lines(connection: sa.Connection, dialect: Dialect, owner: Owner) -> int:
    """Remove the lines of that owner in the caller's transaction, and return how many there were."""
    statement = f"DELETE FROM {dialect.bookkeeping('chunk')} WHERE run = :run AND step = :step AND table_name = :table"
    return connection.execute(sa.text(statement), {"run": owner.run, "step": owner.step, "table": owner.table}).rowcount


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total)


def _json(counts: Mapping[str, int]) -> str:
    return json.dumps(counts, sort_keys=True, ensure_ascii=False)
