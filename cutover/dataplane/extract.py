"""
Reads one chunk of a source table and applies the declared mapping: the one place where it is interpreted.

The copy and the reconciliation use this same function, each on its own read. What the source can do
itself is pushed into one SELECT: columns, expressions, conditions. The rest is done by Polars, a column at
a time. A value is exact, or its row is bad and says why; nothing is rounded, cut or made NULL in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from cutover.dataplane import functions as project_functions
from cutover.dataplane.casting import NoCast, cast
from cutover.dataplane.chunks import Chunk
from cutover.dataplane.dialects import Dialect, Read
from cutover.dataplane.functions import FunctionFailed, Functions
from cutover.dataplane.rows import BadRow, as_text, bad_rows, keys_of
from cutover.dataplane.selecting import Plan, Source, plan_select
from cutover.errors import StepFailed
from cutover.model.migration import ColumnMapping, TableMapping
from cutover.model.runbook import Wave


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """A table's mapping made ready for one source: what is asked, and in which types it arrives."""

    dialect: Dialect
    table: TableMapping
    dtypes: Mapping[str, pl.DataType]  # of every mapped target column, in the order of the rows
    functions: Functions
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """
    One chunk: extracted = rows.height + len(bad) + the sum of excluded.

    `rows` has the target's columns in the validator's types. `amended` says which of their values were made NULL by
    rule: `row` (position in `rows`), `column`, `before` (text), `reason`.
    """

    extracted: int
    rows: pl.DataFrame
    bad: tuple[BadRow, ...]
    excluded: Mapping[str, int]
    amended: pl.DataFrame

    @property
    def nulled(self) -> Mapping[str, int]:
        """Values made NULL by rule in `rows`, by column."""
        return dict(Counter(self.amended["column"].to_list()))


_AMENDED = {"row": pl.Int64(), "column": pl.String(), "before": pl.String(), "reason": pl.String()}


def prepare(
    connection: sa.Connection,
    dialect: Dialect,
    *,
    table: TableMapping,
    dtypes: Mapping[str, pl.DataType],
    functions: Functions,
    wave: Wave | None = None,
) -> Extraction:
    """
    Ask the source what it has, once per table.

    `dtypes` name at least every mapped target column; rows come in its order. Raises NoSuchTable, NoSuchColumn, NotSql.
    """
    mapped = {column.target: column for column in table.columns}
    unknown = [name for name in mapped if name not in dtypes]
    if unknown:
        raise StepFailed(
            f"column {unknown[0]!r} is neither in the validator nor in table {table.table!r} of the target",
            hint="bring the mapping, the validator and the table together",
        )
    ordered = {name: dtype for name, dtype in dtypes.items() if name in mapped}
    plan = plan_select(connection, dialect, table=table, dtypes=ordered, wave=wave)
    return Extraction(dialect=dialect, table=table, dtypes=ordered, functions=functions, plan=plan)


def extract(connection: sa.Connection, extraction: Extraction, chunk: Chunk) -> Extracted:
    """Read the rows of `chunk` and apply the mapping."""
    plan = extraction.plan
    condition = chunk.condition(extraction.dialect, plan.key)
    read = extraction.dialect.read(connection, plan.statement(condition), plan.dtypes)
    kept, excluded = _without_excluded(extraction, read)
    work = _Work(extraction, kept, chunk)
    for column in extraction.table.columns:
        work.add(column)
    return work.done(extracted=read.frame.height, excluded=excluded)


def _without_excluded(extraction: Extraction, read: Read) -> tuple[Read, dict[str, int]]:
    """The rows that are to move, and how many each signed exception leaves behind; the first that applies counts."""
    plan = extraction.plan
    counts = dict.fromkeys((exception.id for exception in extraction.table.exclude), 0)
    if plan.excluded is None or not read.frame.height:
        return read, counts
    number = read.frame[plan.excluded]
    for position, rows in number.value_counts().rows():
        if position:
            counts[extraction.table.exclude[position - 1].id] = rows
    if not any(counts.values()):
        return read, counts
    stays = number == 0
    unreadable = {name: series.filter(stays) for name, series in read.unreadable.items()}
    return Read(frame=read.frame.filter(stays), unreadable=unreadable), counts


class _Work:
    """The columns of one chunk while they are made."""

    def __init__(self, extraction: Extraction, read: Read, chunk: Chunk) -> None:
        self.extraction = extraction
        self.read = read
        self.chunk = chunk
        self.made: dict[str, pl.Series] = {}
        self.raw: dict[str, pl.Series] = {}  # before it was cast
        self.problems: list[tuple[str, pl.Series]] = []  # (reason, TRUE where a row has it)
        self.amended: list[pl.DataFrame] = []

    def add(self, column: ColumnMapping) -> None:
        """Make one target column: read or compute, make NULL by rule, translate codes, cast."""
        source = self.extraction.plan.columns[column.target]
        series = self._value(column, source)
        nulled = self._nulled(source)
        lost = self._unreadable(source)
        if nulled is not None:
            shown = _text(series)
            if column.python is None and (text := self.read.unreadable.get(source.names[0])) is not None:
                shown = shown.fill_null(text)
                lost = {name: where & ~nulled for name, where in lost.items()}
            self._amend(column, shown, nulled)
            series = series.to_frame("v").select(pl.when(~pl.lit(nulled)).then(pl.col("v"))).to_series()
        for reason, where in lost.items():
            self._problem(f"{column.target}:{reason}", where)
        self.raw[column.target] = series
        self._finish(column, series)

    def _value(self, column: ColumnMapping, source: Source) -> pl.Series:
        if column.python is not None:
            needs = self.read.frame.select(
                pl.col(read).alias(name) for name, read in zip(source.needs, source.names, strict=True)
            )
            try:
                return project_functions.call(self.extraction.functions, column.python, needs)
            except FunctionFailed as failed:
                raise self._placed(failed, column.python, needs) from failed
        if column.has_value:
            return pl.Series(column.target, [column.value], dtype=pl.String).new_from_index(0, self.read.frame.height)
        return self.read.frame[source.names[0]]

    def _placed(self, failed: FunctionFailed, name: str, needs: pl.DataFrame) -> FunctionFailed:
        """The same failure with the place where somebody who mends the function begins to look."""
        table = self.extraction.table
        said = f"{failed}; in chunk {self.chunk.number} of table {table.table!r}"
        key = self.extraction.plan.columns.get(table.target_key)
        if key is not None and len(key.names) == 1 and needs.height:
            row = project_functions.first_failing(self.extraction.functions, name, needs)
            said += f", first for the row with {table.target_key} {_text(self.read.frame[key.names[0]])[row]}"
        return FunctionFailed(said, hint=failed.hint)

    def _nulled(self, source: Source) -> pl.Series | None:
        if source.null_when is None:
            return None
        nulled = self.read.frame[source.null_when] == 1
        return nulled if nulled.any() else None

    def _unreadable(self, source: Source) -> dict[str, pl.Series]:
        found = [self.read.unreadable[name].is_not_null() for name in source.names if name in self.read.unreadable]
        if not found:
            return {}
        where = found[0]
        for more in found[1:]:
            where |= more
        return {"unreadable": where}

    def _amend(self, column: ColumnMapping, shown: pl.Series, nulled: pl.Series) -> None:
        rows = pl.DataFrame({"row": pl.arange(shown.len(), eager=True, dtype=pl.Int64), "before": shown})
        changed = rows.filter(nulled & shown.is_not_null())
        constant = pl.lit(column.target).alias("column"), pl.lit(column.reason).alias("reason")
        self.amended.append(changed.select("row", constant[0], "before", constant[1]))

    def _finish(self, column: ColumnMapping, series: pl.Series) -> None:
        want = self.extraction.dtypes[column.target]
        if column.codes is not None:
            codes = series.to_frame("v").select(cast(pl.col("v"), series.dtype, pl.String())[0]).to_series()
            series = codes.replace_strict(dict(column.codes), default=None, return_dtype=pl.String)
            self._problem(f"{column.target}:codes", codes.is_not_null() & series.is_null())
        try:
            new, failed = cast(pl.col("v"), series.dtype, want)
        except NoCast as error:
            raise NoCast(
                f"column {column.target!r} of table {self.extraction.table.table!r}: {error}", hint=error.hint
            ) from None
        done = series.to_frame("v").select(new.alias("new"), failed.alias("failed"))
        if column.has_value and done["failed"].any():
            raise StepFailed(f"column {column.target!r}: {column.value!r} is no value of the type {want}")
        self._problem(f"{column.target}:cast", done["failed"])
        self.made[column.target] = done["new"].alias(column.target)

    def _problem(self, reason: str, where: pl.Series) -> None:
        if where.any():
            self.problems.append((reason, where))

    def done(self, *, extracted: int, excluded: Mapping[str, int]) -> Extracted:
        """Good rows and bad rows, each with what belongs to it."""
        frame = pl.DataFrame([self.made[name] for name in self.extraction.dtypes])
        amended = pl.concat(self.amended) if self.amended else pl.DataFrame(schema=_AMENDED)
        if not self.problems:
            return Extracted(extracted=extracted, rows=frame, bad=(), excluded=excluded, amended=amended)
        bad = self.problems[0][1]
        for _, where in self.problems[1:]:
            bad |= where
        return Extracted(
            extracted=extracted,
            rows=frame.filter(~bad),
            bad=self._bad(frame, bad),
            excluded=excluded,
            amended=_of_rows_kept(amended, bad),
        )

    def _bad(self, frame: pl.DataFrame, bad: pl.Series) -> tuple[BadRow, ...]:
        values = pl.DataFrame([self._shown(frame[name].filter(bad), bad) for name in frame.columns])
        masks = [(reason, where.filter(bad).to_list()) for reason, where in self.problems]
        reasons = [[reason for reason, where in masks if where[row]] for row in range(values.height)]
        return bad_rows(values, keys_of(values, self.extraction.table.target_key), reasons)

    def _shown(self, made: pl.Series, bad: pl.Series) -> pl.Series:
        """A column of the bad rows as text: what was made of it, else what was read, else what could not be read."""
        text = _text(made).fill_null(_text(self.raw[made.name].filter(bad)))
        for name in self.extraction.plan.columns[made.name].names:
            if name in self.read.unreadable:
                text = text.fill_null(self.read.unreadable[name].filter(bad))
        return text.alias(made.name)


def _text(series: pl.Series) -> pl.Series:
    return series.to_frame("v").select(as_text(pl.col("v"), series.dtype)).to_series()


def _of_rows_kept(amended: pl.DataFrame, bad: pl.Series) -> pl.DataFrame:
    """The same amendments with the positions that the rows have once the bad ones are gone."""
    positions = pl.DataFrame({"row": pl.arange(bad.len(), eager=True, dtype=pl.Int64), "bad": bad}).with_columns(
        now=pl.col("row") - pl.col("bad").cast(pl.Int64).cum_sum()
    )
    kept = amended.join(positions.filter(~pl.col("bad")), on="row", how="inner", maintain_order="left")
    return kept.select(pl.col("now").alias("row"), "column", "before", "reason")
