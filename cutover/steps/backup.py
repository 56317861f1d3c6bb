"""`backup`: takes a backup of a database, with the fingerprints of the very moment it was taken in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from cutover.backup import back_up, check_back_up, suffix_of, verify_backup
from cutover.contract import Context, Fields, References
from cutover.dataplane.database import Database
from cutover.model.outcome import Action, Facts, Progress
from cutover.words import counted

POINTS = ("backup.before_rename", "backup.renamed")


class Backup(Fields):
    """Take a backup of a database."""

    kind: ClassVar[str] = "backup"
    effects: ClassVar[bool] = False  # it changes no database; its file is evidence, and a way back is never thrown away

    database: str = Field(description="database to back up")
    folder: str | None = Field(
        default=None, description="where backups go, relative to the project folder; without it, beside the journal"
    )

    def says(self) -> str:
        return f"back up {self.database}"

    def references(self) -> References:
        return References(databases=(self.database,))

    def undoable(self) -> bool:
        return True

    def check(self, ctx: Context) -> None:
        database = ctx.database(self.database)
        check_back_up(database, self._file(ctx, database), programs=_programs(ctx, database))

    def plan(self, ctx: Context) -> Iterator[Action]:
        file = self._file(ctx, ctx.database(self.database))
        says = f"back up database {self.database!r} to {_shown(ctx, file)}"
        yield Action(says=says, undo="nothing: the file is kept")

    def run(self, ctx: Context) -> Facts:
        database = ctx.database(self.database)
        file = self._file(ctx, database)

        def tell(done: int, total: int | None, unit: str) -> None:
            what = f"backup of {self.database}"
            ctx.tell(Progress(step=ctx.spec.id, what=what, done=done, total=total, unit=unit))

        facts = back_up(database, file, programs=_programs(ctx, database), tell=tell)
        tables = [print_.rows for name, print_ in facts.tables.items() if not name.startswith("(")]
        ctx.log(
            f"{self.database}: {counted(sum(tables), 'row')} of {counted(len(tables), 'table')} backed up "
            f"to {_shown(ctx, file)} ({facts.bytes} bytes, {facts.sha256})"
        )
        return {**facts.plain(), "file": _shown(ctx, file)}

    def verify(self, ctx: Context) -> None:
        database = ctx.database(self.database)
        verify_backup(database, self._file(ctx, database), programs=_programs(ctx, database))

    def undo(self, ctx: Context) -> Facts:
        return {"kept": _shown(ctx, self._file(ctx, ctx.database(self.database)))}

    def _file(self, ctx: Context, database: Database) -> Path:
        folder = ctx.workdir / "backups" if self.folder is None else ctx.project.root / self.folder / ctx.run
        return folder / f"{ctx.spec.id}-{self.database}{suffix_of(database)}"


def _programs(ctx: Context, database: Database) -> Path | None:
    """The folder of the database's own programs, when the environment names one."""
    folder = ctx.environment.tools.get(database.dialect.name)
    return None if folder is None else ctx.project.root / folder


def _shown(ctx: Context, file: Path) -> str:
    """The file as it is written down: relative to the project folder where it lies in it."""
    return str(file.relative_to(ctx.project.root) if file.is_relative_to(ctx.project.root) else file)
