"""`copy`: moves the rows of tables through the declared mapping, judged on the way, each chunk exactly once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from cutover import points
from cutover.contract import Context, Fields, References
from cutover.dataplane import telling
from cutover.dataplane.identity import (
    LimitExceeded,
)
from cutover.dataplane.undo import undo_copy
from cutover.errors import StepFailed
from cutover.model.outcome import Action, Facts
from cutover.model.project import Mode
from cutover.project import load_migrations
from cutover.steps.copy.moving import TableMove
from cutover.words import counted

POINTS = (
    "copy.before_ledger",
    "copy.chunk.quarantined",
    "copy.chunk.before_commit",
    "copy.chunk.committed",
    "copy.table_done",
    "copy.undo.before_commit",
    "copy.undo.committed",
)


class Copy(Fields):
    """Copy tables from the source of their migration to its target."""

    kind: ClassVar[str] = "copy"
    effects: ClassVar[bool] = True

    tables: tuple[str, ...] = Field(
        default=(), description="target tables, in an order that references allow; without it all of the one migration"
    )

    def says(self) -> str:
        return f"copy {', '.join(self.tables) or 'all tables'}"

    def references(self) -> References:
        return References(tables=self.tables)

    def undoable(self) -> bool:
        return True

    def says_undo(self, facts: Facts) -> str:
        """See `contract.SaysUndo`."""
        loaded = [(table["table"], table["loaded"]) for table in facts.get("tables", ())]
        if not loaded:
            return f"delete what it has loaded into {', '.join(self.tables) or 'all tables'} so far"
        return "delete " + ", ".join(f"{counted(rows, 'row')} from {table}" for table, rows in reversed(loaded))

    def check(self, ctx: Context) -> None:
        for work in self._works(ctx):
            work.check()

    def plan(self, ctx: Context) -> Iterator[Action]:
        for work in self._works(ctx):
            chunks = work.chunks()
            rows = sum(chunk.rows for chunk in chunks)
            yield Action(
                says=f"copy {counted(rows, 'row')} of {work.table.source!r} into {work.table.table!r} "
                f"in {counted(len(chunks), 'chunk')}",
                undo=f"delete the rows that this run loaded into {work.table.table!r}",
                detail={"wave": work.wave.name} if work.wave else {},
            )

    def run(self, ctx: Context) -> Facts:
        tables, over = [], []
        for work in self._works(ctx):
            count = work.copy()
            tables.append(telling.facts(work.table, count))
            over += work.over_its_limit()
            if over and ctx.mode is Mode.LIVE:
                break  # a rehearsal is there to learn of all tables, a go-live must not lose its window
            points.reach("copy.table_done")
            ctx.safe_point()
        if over:
            files = dict.fromkeys(work.table.path.name for work in self._works(ctx))
            raise LimitExceeded(
                "; ".join(over), hint=f"look at the rows in the report; the limits stand in {', '.join(files)}"
            )
        return {"tables": tables}

    def verify(self, ctx: Context) -> None:
        for work in self._works(ctx):
            work.verify()

    def undo(self, ctx: Context) -> Facts:
        works = tuple(reversed(self._works(ctx)))
        for work in works:
            work.refuse_nothing()
        deleted: dict[str, int] = {}
        for target in dict.fromkeys(work.migration.target for work in works):
            mine = [work for work in works if work.migration.target == target]
            sequences = {work.table.table: work.remembered_sequences() for work in mine}
            deleted |= undo_copy(ctx.database(target), [work.loaded for work in mine], sequences)
        ctx.quarantine.drop(ctx.run, ctx.spec.id)
        for work in works:
            work.refuse_leftovers(deleted)
        # An earlier try, killed before it could say so, may have deleted them.
        gone = {work.table.table: rows for work in works if (rows := work.taken_back()) is not None}
        for table, rows in gone.items():
            ctx.log(f"{table}: {counted(rows, 'row')} deleted")
        return {"deleted": gone}

    def _works(self, ctx: Context) -> tuple[TableMove, ...]:
        return tuple(TableMove.of(ctx, table) for table in self.tables or _only_migration(ctx))


def _only_migration(ctx: Context) -> tuple[str, ...]:
    migrations = load_migrations(ctx.project)
    if len(migrations) != 1:
        raise StepFailed(
            f"the project has {len(migrations)} migrations, and the step does not say what to copy",
            hint="write tables: [...]",
        )
    return tuple(table.table for table in migrations[0].tables)
