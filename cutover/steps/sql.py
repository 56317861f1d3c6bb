"""`sql`: runs a file of SQL in a database exactly once, and its undo file on the way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from cutover.contract import Context, Fields, References
from cutover.dataplane.dialects import NotSql
from cutover.dataplane.scripts import applied, apply_script, undo_script
from cutover.errors import StepFailed
from cutover.model.outcome import Action, Facts

POINTS = ("sql.before_commit", "sql.committed", "sql.undo.before_commit", "sql.undo.committed")

_TAKING_BACK = "taking back"


class Sql(Fields):
    """Run a file of SQL, all of it or nothing, once per run."""

    kind: ClassVar[str] = "sql"
    effects: ClassVar[bool] = True

    file: str = Field(description="project file with the statements; it runs as one transaction")
    database: str = Field(alias="in", description="database to run it in")
    undo_file: str | None = Field(default=None, alias="undo", description="project file that takes the effects back")

    def says(self) -> str:
        back = f", to be taken back by {self.undo_file}" if self.undo_file else ""
        return f"run {self.file} in {self.database}{back}"

    def references(self) -> References:
        files = (self.file, self.undo_file) if self.undo_file else (self.file,)
        return References(databases=(self.database,), writes=(self.database,), files=files)

    def undoable(self) -> bool:
        return self.undo_file is not None

    def says_undo(self, facts: Facts) -> str:
        """See `contract.SaysUndo`."""
        return f"run {self.undo_file} in {self.database}" if self.undo_file else f"nothing takes {self.file} back"

    def check(self, ctx: Context) -> None:
        for name in self.references().files:
            _script(ctx, name)
        ctx.database(self.database).server_version()

    def plan(self, ctx: Context) -> Iterator[Action]:
        yield Action(
            says=f"run {self.file} in database {self.database!r}",
            undo=f"run {self.undo_file}" if self.undo_file else "",
        )

    def run(self, ctx: Context) -> Facts:
        database, script = ctx.database(self.database), _script(ctx, self.file)
        try:
            note = apply_script(database, script, run=ctx.mark, step=ctx.spec.id, at=ctx.clock.now())
        except NotSql as error:
            raise _in_file(self.file, error) from error
        ctx.log(f"{self.file}: {note.statements} statements in {self.database}")
        return {"file": self.file, "statements": note.statements, "sha256": note.sha256}

    def verify(self, ctx: Context) -> None:
        if applied(ctx.database(self.database), run=ctx.mark, step=ctx.spec.id) is None:
            raise StepFailed(f"database {self.database!r} does not know that {self.file} ran")

    def undo(self, ctx: Context) -> Facts:
        if self.undo_file is None:
            raise StepFailed(f"file {self.file} has no undo file", hint="take its effects back by hand, then say so")
        database, script = ctx.database(self.database), _script(ctx, self.undo_file)
        try:
            statements = undo_script(
                database, script, run=ctx.mark, step=ctx.spec.id, keep=lambda count: ctx.remember(_TAKING_BACK, count)
            )
        except NotSql as error:
            raise _in_file(self.undo_file, error) from error
        if applied(database, run=ctx.mark, step=ctx.spec.id) is not None:
            raise StepFailed(f"database {self.database!r} still says that {self.file} ran")
        if statements is None:  # an earlier try, killed before it could say so, may have taken it back
            statements = ctx.remembered(_TAKING_BACK)
        if statements is None:
            ctx.log(f"{self.file} had no effects in {self.database}: nothing to take back")
        return {"file": self.undo_file, "statements": statements or 0, "nothing_to_do": statements is None}


def _script(ctx: Context, name: str) -> str:
    file: Path = ctx.project.content / name
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StepFailed(
            f"file {name} cannot be read: {error}", hint="its place is relative to the project folder"
        ) from None


def _in_file(name: str, error: NotSql) -> NotSql:
    return NotSql(f"{name}: {error}", hint=error.hint or "nothing of the file was kept")
