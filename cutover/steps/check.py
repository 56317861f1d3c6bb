"""`check`: asks a database questions whose answers are known, before anything depends on them. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

from pydantic import Field, model_validator

from cutover import points
from cutover.contract import Context, Fields, References
from cutover.dataplane.asking import Answer, Question, ask_all, empty_table
from cutover.dataplane.database import Database
from cutover.model.outcome import Action, Facts

POINTS = ("check.asked",)


class Check(Fields):
    """Compare the answers of a database with what they must be; every one is asked before the step fails."""

    kind: ClassVar[str] = "check"
    effects: ClassVar[bool] = False

    database: str = Field(alias="in", description="database to ask")
    checks: tuple[Question, ...] = Field(default=(), description="questions and their answers")
    empty: tuple[str, ...] = Field(default=(), description="tables that must have no rows")

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self.checks and not self.empty:
            raise ValueError("write 'checks' or 'empty'")
        return self

    def says(self) -> str:
        asked = [question.says for question in self.checks] + [f"table {table} is empty" for table in self.empty]
        return f"check in {self.database} that {'; '.join(asked)}"

    def references(self) -> References:
        return References(databases=(self.database,))

    def undoable(self) -> bool:
        return True

    def check(self, ctx: Context) -> None:
        ctx.database(self.database).server_version()

    def plan(self, ctx: Context) -> Iterator[Action]:
        for question in self._questions(ctx.database(self.database)):
            yield Action(says=f"ask {self.database}: {question.says}", detail={"sql": question.sql})

    def run(self, ctx: Context) -> Facts:
        database = ctx.database(self.database)

        def heard(answer: Answer) -> None:
            ctx.log(answer.says())
            points.reach("check.asked")

        answers = ask_all(database, self._questions(database), heard=heard)
        return {"checks": [answer.plain() for answer in answers]}

    def verify(self, ctx: Context) -> None:
        """Nothing was changed."""

    def undo(self, ctx: Context) -> Facts:
        return {}

    def _questions(self, database: Database) -> tuple[Question, ...]:
        return (*self.checks, *(empty_table(database, table) for table in self.empty))
