"""One table that a copy step moves, judges, proves and takes back, in one attempt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from cutover.contract import Context
from cutover.dataplane import chunks as cutting
from cutover.dataplane import ledger, telling
from cutover.dataplane.chunks import Chunk
from cutover.dataplane.copy import REASONS, ROW, CopyJob, copy_table, keys_again
from cutover.dataplane.database import Database
from cutover.dataplane.dialects import Column, SequenceState
from cutover.dataplane.extract import prepare
from cutover.dataplane.functions import load_functions
from cutover.dataplane.identity import (
    NothingToTakeBack,
    Outside,
    TableNotEmpty,
    Unbalanced,
    excess,
    imbalance,
)
from cutover.dataplane.ledger import Owner, TableCount
from cutover.dataplane.rows import AmendedValue, BadRow
from cutover.dataplane.selecting import closed
from cutover.dataplane.undo import LoadedTable
from cutover.dataplane.uniqueness import refuse_doubled_keys
from cutover.errors import StepFailed
from cutover.journal.quarantine import AmendedValue as KeptValue
from cutover.journal.quarantine import QuarantinedRow
from cutover.model.migration import Migration, TableMapping
from cutover.model.outcome import Finding, Progress
from cutover.model.runbook import Wave
from cutover.validation import Contract, load_contract, split
from cutover.words import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMove:
    """One table of the step, with everything around it."""

    ctx: Context
    migration: Migration
    table: TableMapping
    wave: Wave | None

    @classmethod
    def of(cls, ctx: Context, name: str) -> TableMove:
        migration = ctx.migration_of(name)
        table, wave = migration.table(name), ctx.spec.wave
        if wave is not None and not (table.wave_by and table.wave_target):
            raise StepFailed(
                f"table {name!r} does not move by waves, and step {ctx.spec.id!r} is part of wave {wave.name!r}",
                hint="write wave_by: {source: COLUMN, target: COLUMN} in its mapping, or copy it before the waves",
            )
        return cls(ctx=ctx, migration=migration, table=table, wave=wave)

    @property
    def source(self) -> Database:
        return self.ctx.database(self.migration.source)

    @property
    def target(self) -> Database:
        return self.ctx.database(self.migration.target)

    @property
    def owner(self) -> Owner:
        wave = self.wave.value if self.wave else ""
        return Owner(run=self.ctx.mark, step=self.ctx.spec.id, table=self.table.table, wave=wave)

    @property
    def loaded(self) -> LoadedTable:
        return LoadedTable(
            owner=self.owner,
            key=self.table.target_key,
            wave_target=self.table.wave_target if self.wave else None,
            again=self._keys_again,
        )

    def contract(self) -> Contract | None:
        return load_contract(self.ctx.project.content, self.table.validator) if self.table.validator else None

    # check

    def check(self) -> None:
        """Everything that can be known before the first row is read."""
        contract = self.contract()
        functions = load_functions(self.ctx.project.content, self.table)
        with self.target.connect() as connection:
            columns = self.target.dialect.columns(connection, self.table.table)
            missing = self.target.dialect.missing_rights(connection, self.table.table)
        if missing:
            raise StepFailed(
                f"table {self.table.table!r} of {self.target.name!r}: this user may not {', '.join(missing)}",
                hint="grant it before the go-live, not during it",
            )
        dtypes = self._dtypes(columns, contract)
        with self.source.connect() as connection:
            ready = prepare(
                connection, self.source.dialect, table=self.table, dtypes=dtypes, functions=functions, wave=self.wave
            )
            self.source.dialect.read(connection, ready.plan.statement("1 = 0"), ready.plan.dtypes)
        refuse_doubled_keys(self.source, self.table)
        self.refuse_strangers()

    def _dtypes(self, columns: Sequence[Column], contract: Contract | None) -> Mapping[str, pl.DataType]:
        there = {column.name: column for column in columns}
        for column in self.table.columns:
            if column.target not in there or there[column.target].generated:
                what = "computes column" if column.target in there else "has no column"
                raise StepFailed(
                    f"{self.table.path.name}:{column.line}: table {self.table.table!r} {what} {column.target!r}",
                    hint=f"columns there: {', '.join(there)}",
                )
        reflected = {name: column.dtype or pl.String() for name, column in there.items()}
        return reflected if contract is None else {**contract.dtypes, **_missing(reflected, contract.dtypes)}

    def refuse_strangers(self) -> None:
        """Raise when the target has rows of this table (of this wave) that the ledger does not give to this step."""
        dialect = self.target.dialect
        with self.target.connect() as connection:
            there = dialect.count(connection, self.table.table, self.loaded.where(dialect))
            ours = ledger.summed(self.table.table, ledger.lines(connection, dialect, self.owner)).loaded
            others = ledger.others(connection, dialect, self.owner)
        if there != ours:
            of_wave = f" of wave {self.wave.name!r}" if self.wave else ""
            raise TableNotEmpty(
                f"table {self.table.table!r} holds {counted(there, 'row')}{of_wave}, "
                f"and this run brought {ours} of them",
                hint=f"they may be of {', '.join(others)}: roll it back" if others else "empty it, or leave it out",
            )

    # run

    def chunks(self) -> tuple[Chunk, ...]:
        """The chunks as they were cut when the step first ran, or as they would be cut now."""
        remembered = self.ctx.remembered(f"chunks of {self.table.table}")
        return (
            cutting.plan_chunks(self.source, self.table, self.wave)
            if remembered is None
            else cutting.from_plain(remembered)
        )

    def copy(self) -> TableCount:
        """Bring what is not there yet, and finish the table."""
        self.refuse_strangers()
        contract = self.contract()
        with self.target.connect() as connection:
            columns = self.target.dialect.columns(connection, self.table.table)
            states = self.target.dialect.sequences(connection, self.table.table)
        self.ctx.remember(f"sequences of {self.table.table}", [_plain(state) for state in states])
        plain = self.ctx.remember(f"chunks of {self.table.table}", cutting.as_plain(self.chunks()))
        count = copy_table(self.source, self.target, self._job(cutting.from_plain(plain), columns, contract))
        with self.target.begin() as connection:
            self.target.dialect.advance_sequences(connection, self.table.table, self._given_out())
            self.target.dialect.analyze(connection, [self.table.table])
        self.ctx.log(
            f"{count.table}: {counted(count.extracted, 'row')} read, {count.loaded} loaded, "
            f"{count.quarantined} in quarantine, {sum(count.excluded.values())} left behind, "
            f"{counted(sum(count.nulled.values()), 'value')} made NULL"
        )
        kept = self.ctx.quarantine.rows(self.ctx.run, self.table.table, step=self.ctx.spec.id, limit=telling.SAMPLES)
        for finding in (*telling.quarantined(self.table, count, kept), *self._unmatched(count)):
            self.ctx.find(replace(finding, step=self.ctx.spec.id))
        return count

    def _unmatched(self, count: TableCount) -> list[Finding]:
        """Rules that no row of the source is meant by, in whatever wave."""
        unused = telling.unused_rules(self.table, count)
        with self.source.connect() as connection:
            matched = {
                rule: self.source.dialect.count(connection, self.table.source, closed(condition))
                for rule, condition in unused.items()
            }
        return telling.unmatched(self.table, {rule: unused[rule] for rule, rows in matched.items() if not rows})

    def _given_out(self) -> dict[str, int]:
        """The last number that the source gave out for the key; its rows may be gone since."""
        with self.source.connect() as connection:
            states = self.source.dialect.sequences(connection, self.table.source)
        given = [state.last for state in states if state.called and state.column == self.table.source_key]
        return {self.table.target_key: max(given)} if given else {}

    def _job(self, chunks: tuple[Chunk, ...], columns: Sequence[Column], contract: Contract | None) -> CopyJob:
        total = sum(chunk.rows for chunk in chunks)

        def judge(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
            if contract is None:
                return rows, rows.clear().with_columns(_NO_REASONS)
            judged = split(contract, rows)
            return judged.good, judged.bad

        def tell(done: int) -> None:
            self.ctx.tell(Progress(step=self.ctx.spec.id, what=self.table.table, done=done, total=total))
            self.ctx.safe_point()  # a chunk is in the target with its line, or the table has not begun

        return CopyJob(
            run=self.ctx.mark,
            step=self.ctx.spec.id,
            table=self.table,
            chunks=chunks,
            dtypes=self._dtypes(columns, contract),
            functions=load_functions(self.ctx.project.content, self.table),
            judge=judge,
            keep=self._keep,
            tell=tell,
            now=self.ctx.clock.now,
            wave=self.wave,
        )

    def _keep(self, chunk: int, bad: Sequence[BadRow], amended: Sequence[AmendedValue]) -> None:
        self.ctx.quarantine.replace_chunk(
            run=self.ctx.run,
            step=self.ctx.spec.id,
            table=self.table.table,
            chunk=chunk,
            rows=[QuarantinedRow(key=row.key, values=row.values, reasons=row.reasons) for row in bad],
            amended=[
                KeptValue(key=one.key, column=one.column, before=one.before, reason=one.reason) for one in amended
            ],
        )

    def over_its_limit(self) -> list[str]:
        """What this run, in all its waves so far, left behind more than the migration allows, as sentences."""
        with self.target.connect() as connection:
            count = ledger.of_the_run(connection, self.target.dialect, self.owner)
        return [f"table {self.table.table!r}: {says}" for says in excess(self.table, count)]

    # verify

    def verify(self) -> None:
        """Count again on both sides, and hold the ledger to it."""
        dialect, table = self.target.dialect, self.table.table
        with self.target.connect() as connection:
            count = ledger.summed(table, ledger.lines(connection, dialect, self.owner))
            loaded = dialect.count(connection, table, self.loaded.where(dialect))
        with self.source.connect() as connection:
            where = cutting.wave_condition(self.source.dialect, self.table, self.wave)
            extracted = self.source.dialect.count(connection, self.table.source, where)
        kept = self.ctx.quarantine.count(self.ctx.run, table, step=self.ctx.spec.id)
        if says := imbalance(count, Outside(source=extracted, target=loaded, quarantine=kept)):
            raise Unbalanced(f"table {table!r}: {says}")

    # undo

    def refuse_nothing(self) -> None:
        """Raise when rows of this step should be in the target, and its ledger has never heard of them."""
        table, name = self.table.table, self._taking_back
        with self.target.connect() as connection:
            lines = ledger.lines(connection, self.target.dialect, self.owner)
        done = [one for one in self.ctx.facts(self.ctx.spec.id).get("tables", ()) if one["table"] == table]
        if not lines and any(one["chunks"] for one in done) and self.ctx.remembered(name) is None:
            raise NothingToTakeBack(
                f"table {table!r}: this step loaded {counted(done[0]['loaded'], 'row')}, and the ledger "
                f"in {self.target.name!r} has no line of it",
                hint="is this the database that was filled, or was it put back by other means? nothing was deleted",
            )
        if lines:  # a repeated undo finds none, because the first one took them away
            self.ctx.remember(name, sum(line.loaded for line in lines))

    def taken_back(self) -> int | None:
        """How many rows this step has taken back, in whichever try; None when it had brought none."""
        rows: int | None = self.ctx.remembered(self._taking_back)
        return rows

    @property
    def _taking_back(self) -> str:
        return f"taking back {self.table.table}"

    def _keys_again(self, numbers: frozenset[int]) -> Iterator[pl.Series]:
        with self.target.connect() as connection:
            columns = self.target.dialect.columns(connection, self.table.table)
        job = self._job(self.chunks(), columns, self.contract())
        left_out = frozenset(row.key for row in self.ctx.quarantine.rows(self.ctx.run, self.table.table))
        return keys_again(self.source, job, columns=columns, numbers=numbers, left_out=left_out)

    def remembered_sequences(self) -> tuple[SequenceState, ...]:
        """Where the generators stood before the step first ran."""
        remembered = self.ctx.remembered(f"sequences of {self.table.table}") or ()
        return tuple(SequenceState(name=name, last=int(last), called=called) for name, last, called in remembered)

    def refuse_leftovers(self, deleted: Mapping[str, int]) -> None:
        """Look again, from the outside, whether what was deleted is gone."""
        dialect, table = self.target.dialect, self.table.table
        with self.target.connect() as connection:
            left = dialect.count(connection, table, self.loaded.where(dialect)) if table in deleted else 0
            lines = ledger.lines(connection, dialect, self.owner)
        if left or lines:
            raise StepFailed(
                f"table {table!r}: {counted(left, 'row')} and {counted(len(lines), 'line')} of the ledger "
                f"are still there"
            )


_NO_REASONS = [pl.lit(None, dtype=pl.Int64).alias(ROW), pl.lit(None, dtype=pl.List(pl.String)).alias(REASONS)]


def _plain(state: SequenceState) -> list[Any]:
    """For the journal; the number as text, because it may be larger than JSON is sure to keep."""
    return [state.name, str(state.last), state.called]


def _missing(reflected: Mapping[str, pl.DataType], known: Mapping[str, pl.DataType]) -> dict[str, pl.DataType]:
    return {name: dtype for name, dtype in reflected.items() if name not in known}
