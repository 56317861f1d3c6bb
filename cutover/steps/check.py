"""`check`: asks a database questions whose answers are known, before anything depends on them. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cutover import points
from cutover.contract import Context, Fields, References
from cutover.dataplane.asking import ask
from cutover.dataplane.database import Database
from cutover.errors import StepFailed
from cutover.model.outcome import Action, Facts

POINTS = ("check.asked",)


class Question(BaseModel):
    """One question and its answer, as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: str = Field(description="what is checked, for people")
    sql: str = Field(description="a SELECT of one value, in the database's own SQL")
    expect: str = Field(description="the value as text: 0, true, NULL, 12.50")


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
        found: list[dict[str, Any]] = []
        for question in self._questions(database):
            got = ask(database, question.sql)
            passed = got == question.expect
            found.append({"says": question.says, "expected": question.expect, "got": got, "passed": passed})
            ctx.log(f"{question.says}: {got}" + ("" if passed else f", expected {question.expect}"))
            points.reach("check.asked")
        wrong = [one for one in found if not one["passed"]]
        if wrong:
            first = wrong[0]
            more = f", and {len(wrong) - 1} more checks failed" if len(wrong) > 1 else ""
            raise StepFailed(
                f"check failed in database {self.database!r}: {first['says']}: "
                f"expected {first['expected']!r}, got {first['got']!r}{more}"
            )
        return {"checks": found}

    def verify(self, ctx: Context) -> None:
        """Nothing was changed."""

    def undo(self, ctx: Context) -> Facts:
        return {}

    def _questions(self, database: Database) -> tuple[Question, ...]:
        count = "SELECT count(*) FROM {}"
        empty = (
            Question(says=f"table {table} is empty", sql=count.format(database.dialect.table(table)), expect="0")
            for table in self.empty
        )
        return (*self.checks, *empty)
