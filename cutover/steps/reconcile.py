"""`reconcile`: proves that the target holds what the source held, and says row by row where it does not. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from cutover import points
from cutover.contract import Context, Fields, References
from cutover.dataplane.database import DatabaseRefused
from cutover.dataplane.dialects import NotSql
from cutover.dataplane.uniqueness import refuse_doubled_keys
from cutover.errors import Inconclusive, StepFailed
from cutover.model.outcome import Action, Facts, Finding, Progress
from cutover.model.runbook import StepSpec, Wave
from cutover.project import load_migrations
from cutover.reconciliation import Reconciled, Scope, forgotten, reconcile_table
from cutover.validation import load_contract
from cutover.words import counted

POINTS = ("reconcile.table_done",)


class Reconcile(Fields):
    """Compare source and target: counts and identity, control totals, fingerprints per chunk, rows that differ."""

    kind: ClassVar[str] = "reconcile"
    effects: ClassVar[bool] = False

    tables: tuple[str, ...] = Field(default=(), description="target tables; without it all tables of the project")
    totals: bool = Field(default=True, description="compare the control totals of the migration")
    fingerprints: bool = Field(default=True, description="compare every row")

    def says(self) -> str:
        what = ["counts"] + ["totals"] * self.totals + ["every row"] * self.fingerprints
        return f"compare {', '.join(what)} of {', '.join(self.tables) or 'all tables'} with the source"

    def references(self) -> References:
        return References(tables=self.tables)

    def undoable(self) -> bool:
        return True

    def check(self, ctx: Context) -> None:
        for table in self._tables(ctx):
            scope = self._scope(ctx, table)
            refuse_doubled_keys(scope.source, scope.mapping)

    def plan(self, ctx: Context) -> Iterator[Action]:
        waves = ", ".join(wave.name for wave in _moved(ctx.spec))
        for table in self._tables(ctx):
            yield Action(
                says=f"compare table {table!r} with {ctx.migration_of(table).table(table).source!r}",
                detail={"waves": waves} if waves else {},
            )

    def run(self, ctx: Context) -> Facts:
        done = []
        for table in self._tables(ctx):
            found = self._reconciled(ctx, table)
            for finding in found.findings:
                ctx.find(finding)
            ctx.log(
                f"{table}: {counted(found.counts.source_rows, 'row')} in the source, "
                f"{counted(len(found.findings), 'finding')}"
            )
            done.append(found)
            points.reach("reconcile.table_done")
            ctx.safe_point()
        for finding in self._forgotten(ctx):
            ctx.find(finding)
        _refuse_differences(done)
        return _facts(done)

    def verify(self, ctx: Context) -> None:
        """Nothing was changed."""

    def undo(self, ctx: Context) -> Facts:
        return {}

    def _tables(self, ctx: Context) -> tuple[str, ...]:
        if self.tables:
            return self.tables
        return tuple(table.table for migration in load_migrations(ctx.project) for table in migration.tables)

    def _forgotten(self, ctx: Context) -> Iterator[Finding]:
        tables, project = self._tables(ctx), load_migrations(ctx.project)
        migrations = {migration.name: migration for migration in map(ctx.migration_of, tables)}
        for migration in migrations.values():
            source, target = ctx.database(migration.source), ctx.database(migration.target)
            yield from forgotten(source, target, migration, project, tables)

    def _scope(self, ctx: Context, table: str) -> Scope:
        migration = ctx.migration_of(table)
        mapping = migration.table(table)
        return Scope(
            source=ctx.database(migration.source),
            target=ctx.database(migration.target),
            mapping=mapping,
            root=ctx.project.content,
            contract=load_contract(ctx.project.content, mapping.validator) if mapping.validator else None,
            waves=_moved(ctx.spec),
            quarantined=frozenset(ctx.quarantine.keys(ctx.run, table)),
            in_quarantine=ctx.quarantine.count(ctx.run, table),
        )

    def _reconciled(self, ctx: Context, table: str) -> Reconciled:
        def tell(done: int, total: int) -> None:
            ctx.tell(Progress(step=ctx.spec.id, what=table, done=done, total=total))

        try:
            return reconcile_table(
                self._scope(ctx, table), with_totals=self.totals, with_rows=self.fingerprints, tell=tell
            )
        except (NotSql, DatabaseRefused) as refused:
            raise Inconclusive(
                f"table {table!r} could not be compared: {refused}",
                hint=refused.hint or "nothing was said about its rows; correct the migration and try again",
            ) from refused


def _moved(spec: StepSpec) -> tuple[Wave, ...]:
    """The waves that are in the target when this step runs; none outside the phases of waves."""
    return (*spec.waves_before, spec.wave) if spec.wave is not None else ()


def _refuse_differences(done: list[Reconciled]) -> None:
    findings = [finding for one in done for finding in one.findings]
    if findings:
        more = f", and {len(findings) - 1} more findings" if len(findings) > 1 else ""
        first = findings[0]
        raise StepFailed(
            f"source and target differ: table {first.table!r}: {first.says}{more}",
            hint="the findings show the first rows with both values",
        )


def _facts(done: list[Reconciled]) -> Facts:
    facts: dict[str, list[Any]] = {"tables": [], "totals": [], "waves": []}
    for one in done:
        facts["tables"].append(dict(one.table_facts))
        facts["totals"] += [dict(total) for total in one.total_facts]
        facts["waves"] += [dict(wave) for wave in one.wave_facts]
    return facts
