"""`smoke`: asks the database that the application uses now, found the way the application finds it. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from cutover import points
from cutover.contract import Context, Fields, References
from cutover.dataplane import connection_file
from cutover.dataplane.asking import Answer, Question, ask_all
from cutover.dataplane.database import Database
from cutover.errors import StepFailed
from cutover.model.outcome import Action, Facts

POINTS = ("smoke.asked",)


class Smoke(Fields):
    """Look at the new system as the application does, right after the switch; a wrong answer means going back."""

    kind: ClassVar[str] = "smoke"
    effects: ClassVar[bool] = False

    checks: tuple[Question, ...] = Field(min_length=1, description="questions and their answers")
    database: str | None = Field(
        default=None, alias="in", description="database to ask; without it the one that the application uses"
    )

    def says(self) -> str:
        where = self.database or "the database that the application uses"
        return f"smoke test in {where} that {'; '.join(question.says for question in self.checks)}"

    def references(self) -> References:
        return References(databases=(self.database,) if self.database else ())

    def undoable(self) -> bool:
        return True

    def check(self, ctx: Context) -> None:
        self._database(ctx).server_version()

    def plan(self, ctx: Context) -> Iterator[Action]:
        where = self.database or "the database that the application uses then"
        for question in self.checks:
            yield Action(says=f"ask {where}: {question.says}", detail={"sql": question.sql})

    def run(self, ctx: Context) -> Facts:
        database = self._database(ctx)

        def heard(answer: Answer) -> None:
            ctx.log(f"{database.name}: {answer.says()}")
            points.reach("smoke.asked")

        answers = ask_all(database, self.checks, heard=heard)
        return {"database": database.name, "checks": [answer.plain() for answer in answers]}

    def verify(self, ctx: Context) -> None:
        """Nothing was changed."""

    def undo(self, ctx: Context) -> Facts:
        return {}

    def _database(self, ctx: Context) -> Database:
        """The one that is named, or what the application's connection file says at this moment."""
        if self.database is not None:
            return ctx.database(self.database)
        file = connection_file.of_environment(ctx.environment)
        name = connection_file.read(file).uses(ctx.spec.wave.value if ctx.spec.wave else None)
        try:
            return ctx.database(name)
        except StepFailed as error:
            raise StepFailed(f"the application uses {name!r} (file '{file}'): {error}", hint=error.hint) from error
