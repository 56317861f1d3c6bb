"""
Copies one table, chunk by chunk: a chunk's rows and its line in the ledger are committed together.

Called by the copy step with a judge (the validator) and a keeper (the quarantine), so it knows neither. While
a chunk is written, the next one is read, transformed and judged in a second thread. After a kill at most the chunk
in flight is done again; what the ledger has is never touched.
"""

from __future__ import annotations

import contextvars
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from cutover import points
from cutover.dataplane import ledger, loaded_keys
from cutover.dataplane.casting import NoCast, cast
from cutover.dataplane.chunks import Chunk, key_text
from cutover.dataplane.database import Database
from cutover.dataplane.dialects import Column, RowRefused
from cutover.dataplane.extract import Extracted, Extraction, extract, prepare
from cutover.dataplane.functions import Functions
from cutover.dataplane.ledger import ChunkLine, Owner, TableCount
from cutover.dataplane.rows import AmendedValue, BadRow, bad_rows, keys_of
from cutover.errors import StepFailed
from cutover.model.migration import TableMapping
from cutover.model.runbook import Wave

ROW, REASONS = "_row", "_reasons"

#: Rows of one chunk that are searched out one by one before it is said that something else is wrong.
MOST_REFUSED = 1_000

Judge = Callable[[pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]]
"""Rows -> (good rows, bad rows with `_row`, their position from 0, and `_reasons`, a list of texts)."""

Keep = Callable[[int, Sequence[BadRow], Sequence[AmendedValue]], None]
"""Keeps what did not arrive as it was, for a chunk's number; replaces what was kept for that chunk before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyJob:
    """One table of one step: what to copy, and who judges, keeps and watches."""

    run: str
    step: str
    table: TableMapping
    chunks: tuple[Chunk, ...]
    dtypes: Mapping[str, pl.DataType]
    functions: Functions
    judge: Judge
    keep: Keep
    tell: Callable[[int], None]  # rows read so far
    now: Callable[[], datetime]
    wave: Wave | None = None

    @property
    def owner(self) -> Owner:
        """Whose lines of the ledger."""
        wave = self.wave.value if self.wave is not None and self.table.wave_by is not None else ""
        return Owner(run=self.run, step=self.step, table=self.table.table, wave=wave)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """A chunk that was read, transformed and judged. `positions`: where each of `good` stood in `extracted.rows`."""

    chunk: Chunk
    extracted: Extracted
    good: pl.DataFrame  # in the target's types
    positions: pl.Series
    bad: tuple[BadRow, ...]


def copy_table(source: Database, target: Database, job: CopyJob) -> TableCount:
    """
    Bring every chunk that the ledger does not have yet, and return what the ledger says then.

    Raises StepFailed for a mapping that cannot work; a bad row is never an error here. Safe to call again.
    """
    points.reach("copy.before_ledger")
    with target.begin() as connection:
        target.dialect.create_bookkeeping(connection)
        columns = target.dialect.columns(connection, job.table.table)
        there = {line.number: line for line in ledger.lines(connection, target.dialect, job.owner)}
    pending = [chunk for chunk in job.chunks if chunk.number not in there]
    done = sum(line.extracted for line in there.values())
    job.tell(done)
    for ready in _read_ahead(source, target, job, pending=pending, columns=columns):
        done += _write(target, job, ready, columns=columns).extracted
        job.tell(done)
    with target.connect() as connection:
        return ledger.summed(job.table.table, ledger.lines(connection, target.dialect, job.owner))


def fit(frame: pl.DataFrame, columns: Sequence[Column], table: str) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """
    `frame` in the types of the target's columns, and where a value would not survive that (`column:does not fit …`).

    Raises NoCast when a type of the validator can never become the column's type.
    """
    types = {column.name: column for column in columns}
    lost: dict[str, pl.Series] = {}
    made: list[pl.Series] = []
    for series in frame.iter_columns():
        column = types.get(series.name)
        if column is None or column.dtype is None or column.dtype == series.dtype:
            made.append(series)
            continue
        try:
            new, failed = cast(pl.col("v"), series.dtype, column.dtype)
        except NoCast as error:
            raise NoCast(
                f"column {series.name!r} of table {table!r} is {column.type}: {error}", hint=error.hint
            ) from None
        done = series.to_frame("v").select(new.alias(series.name), failed.alias("failed"))
        made.append(done[series.name])
        if done["failed"].any():
            lost[f"{series.name}:does not fit {column.type}"] = done["failed"]
    return pl.DataFrame(made), lost


def _read_ahead(
    source: Database, target: Database, job: CopyJob, *, pending: Sequence[Chunk], columns: Sequence[Column]
) -> Iterator[_Ready]:
    """Chunks ready to be written. One is being made while the caller writes the one before it: two in flight."""
    if not pending:
        return
    with source.connect() as connection, ThreadPoolExecutor(1, thread_name_prefix="cutover-read") as reader:
        source.dialect.only_read(connection)  # all chunks of the table from one state of the source
        extraction = prepare(
            connection, source.dialect, table=job.table, dtypes=job.dtypes, functions=job.functions, wave=job.wave
        )

        def begin(chunk: Chunk) -> Future[_Ready]:
            context = contextvars.copy_context()
            return reader.submit(
                context.run, lambda: _make(connection, extraction, job, chunk=chunk, target=target, columns=columns)
            )

        following = begin(pending[0])
        for chunk in [*pending[1:], None]:
            ready = following.result()
            if chunk is not None:
                following = begin(chunk)
            yield ready


def _make(
    connection: sa.Connection,
    extraction: Extraction,
    job: CopyJob,
    *,
    chunk: Chunk,
    target: Database,
    columns: Sequence[Column],
) -> _Ready:
    extracted = extract(connection, extraction, chunk)
    key = job.table.target_key
    good, judged = job.judge(extracted.rows)
    bad = [*extracted.bad, *_judged_rows(judged, key)]
    positions = _others(extracted.rows.height, judged[ROW])
    fitting, lost = fit(good, columns, job.table.table)
    unholdable = target.dialect.unholdable(columns, fitting)
    if fitting.width and unholdable:
        lost |= fitting.select(
            condition.fill_null(value=False).alias(reason) for reason, condition in unholdable.items()
        ).to_dict()
    lost = {reason: where for reason, where in lost.items() if where.any()}
    if lost:
        refused = pl.DataFrame(lost).select(pl.any_horizontal(pl.all())).to_series()
        masks = {reason: where.filter(refused).to_list() for reason, where in lost.items()}
        shown = good.filter(refused)
        reasons = [[reason for reason, where in masks.items() if where[row]] for row in range(shown.height)]
        bad += bad_rows(shown, keys_of(shown, key), reasons)
        fitting, positions = fitting.filter(~refused), positions.filter(~refused)
    return _Ready(chunk=chunk, extracted=extracted, good=fitting, positions=positions, bad=tuple(bad))


def _judged_rows(judged: pl.DataFrame, key: str) -> tuple[BadRow, ...]:
    if not judged.height:
        return ()
    rows = judged.drop(ROW, REASONS)
    return bad_rows(rows, keys_of(rows, key), judged[REASONS].to_list())


def _others(height: int, bad: pl.Series) -> pl.Series:
    """The positions from 0 to `height` that are not in `bad`."""
    every = pl.arange(height, eager=True, dtype=pl.Int64)
    return every.filter(~every.is_in(bad.cast(pl.Int64).implode())) if bad.len() else every


def _write(target: Database, job: CopyJob, ready: _Ready, *, columns: Sequence[Column]) -> ChunkLine:
    """One transaction: the rows and the line. What is kept goes to the journal before it, and again if repeated."""
    with target.begin() as connection:
        loaded, refused = _load(connection, target, job, ready.good)
        amended = _amended(job, ready, refused)
        bad = [*ready.bad, *_refused_rows(job, ready, refused)]
        keys = loaded_keys.written(
            connection,
            target.dialect,
            table=job.table.table,
            key=next(column for column in columns if column.name == job.table.target_key),
            keys=_loaded_keys(ready, job, refused),
            loaded=loaded,
        )
        line = replace(_line(ready, loaded, bad, amended), keys=keys.digest)
        job.keep(ready.chunk.number, bad, amended)
        points.reach("copy.chunk.quarantined")
        ledger.write_line(connection, target.dialect, job.owner, line, at=job.now())
        points.reach("copy.chunk.before_commit")
    points.reach("copy.chunk.committed")
    return line


def _load(connection: sa.Connection, target: Database, job: CopyJob, rows: pl.DataFrame) -> tuple[int, dict[int, str]]:
    """
    Write `rows`; where the target refuses, halve until the single bad rows are found.

    Returns how many the target took, and position -> reason of those that it refused.
    """
    loaded = 0
    refused: dict[int, str] = {}
    waiting = [(0, rows.height)] if rows.height else []
    while waiting:
        start, length = waiting.pop()
        try:
            with connection.begin_nested():
                loaded += target.dialect.write(connection, job.table.table, rows.slice(start, length))
        except RowRefused as error:
            if length == 1:
                refused[start] = error.reason
                _refuse_too_many(job, refused)
            else:
                half = length // 2
                waiting += [(start + half, length - half), (start, half)]
    return loaded, refused


def _loaded_keys(ready: _Ready, job: CopyJob, refused: Mapping[int, str]) -> pl.Series:
    return ready.good[job.table.target_key].filter(~_marks(ready.good.height, refused))


def _refuse_too_many(job: CopyJob, refused: Mapping[int, str]) -> None:
    limit = max(MOST_REFUSED, job.table.quarantine_at_most)
    if len(refused) > limit:
        (reason, _), *_ = Counter(refused.values()).most_common(1)
        raise StepFailed(
            f"the target refuses more than {limit} rows of one chunk of table {job.table.table!r}: {reason}",
            hint="the table is not made for these rows; nothing of the chunk was kept",
        )


def _refused_rows(job: CopyJob, ready: _Ready, refused: Mapping[int, str]) -> tuple[BadRow, ...]:
    positions = sorted(refused)
    rows = ready.good[positions]
    return bad_rows(rows, keys_of(rows, job.table.target_key), [[refused[position]] for position in positions])


def _amended(job: CopyJob, ready: _Ready, refused: Mapping[int, str]) -> tuple[AmendedValue, ...]:
    """The values made NULL by rule in rows that were loaded."""
    loaded = ready.positions.filter(~_marks(ready.positions.len(), refused))
    kept = ready.extracted.amended.join(loaded.to_frame("row"), on="row", how="semi", maintain_order="left")
    if not kept.height:
        return ()
    keys = keys_of(ready.extracted.rows[kept["row"].to_list()], job.table.target_key)
    return tuple(
        AmendedValue(key=key, column=column, before=before, reason=reason)
        for key, (_, column, before, reason) in zip(keys, kept.rows(), strict=True)
    )


def _marks(length: int, positions: Mapping[int, str]) -> pl.Series:
    marks = [False] * length
    for position in positions:
        marks[position] = True
    return pl.Series(marks, dtype=pl.Boolean)


def _line(ready: _Ready, loaded: int, bad: Sequence[BadRow], amended: Sequence[AmendedValue]) -> ChunkLine:
    return ChunkLine(
        number=ready.chunk.number,
        low=key_text(ready.chunk.low),
        high=key_text(ready.chunk.high),
        extracted=ready.extracted.extracted,
        loaded=loaded,
        quarantined=len(bad),
        excluded=dict(ready.extracted.excluded),
        nulled=dict(Counter(value.column for value in amended)),
        reasons=dict(Counter(reason for row in bad for reason in row.reasons)),
    )


def keys_again(
    source: Database, job: CopyJob, *, columns: Sequence[Column], numbers: frozenset[int], left_out: frozenset[str]
) -> Iterator[pl.Series]:
    """The keys that the source would load today in the chunks of those numbers, but for those `left_out` (as text)."""
    key = job.table.target_key
    left = pl.Series(sorted(left_out), dtype=pl.String)
    with source.connect() as connection:
        source.dialect.only_read(connection)
        extraction = prepare(
            connection, source.dialect, table=job.table, dtypes=job.dtypes, functions=job.functions, wave=job.wave
        )
        for chunk in job.chunks:
            if chunk.number in numbers:
                rows = extract(connection, extraction, chunk).rows
                shown = pl.Series(keys_of(rows, key), dtype=pl.String)
                fitting, _ = fit(rows.select(key).filter(~shown.is_in(left.implode())), columns, job.table.table)
                yield fitting[key]
