"""
Asks a database questions with one answer each, and compares the answers as text.

Used by the steps that check. A question that cannot be answered is no answer: Inconclusive, never a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from cutover.dataplane.database import Database
from cutover.errors import CutoverError, Inconclusive, StepFailed, TryAgain


class Question(BaseModel):
    """One question and its answer, as text; written so in runbooks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: str = Field(description="what is checked, for people")
    sql: str = Field(description="a SELECT of one value, in the database's own SQL")
    expect: str = Field(description="the value as text: 0, true, NULL, 12.50")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a database said to a question."""

    question: Question
    got: str

    @property
    def passed(self) -> bool:
        """Whether it is what was expected, letter by letter."""
        return self.got == self.question.expect

    def says(self) -> str:
        """Question and answer in one line, for the log."""
        return f"{self.question.says}: {self.got}" + ("" if self.passed else f", expected {self.question.expect}")

    def plain(self) -> dict[str, Any]:
        """The same as JSON values."""
        asked = self.question
        return {"says": asked.says, "expected": asked.expect, "got": self.got, "passed": self.passed}


def empty_table(database: Database, table: str) -> Question:
    """The question whether a table has no rows."""
    count = f"SELECT count(*) FROM {database.dialect.table(table)}"
    return Question(says=f"table {table} is empty", sql=count, expect="0")


def ask_all(database: Database, questions: Iterable[Question], *, heard: Callable[[Answer], None]) -> list[Answer]:
    """
    Ask every question before anything is made of the answers; `heard` is told each.

    Raises StepFailed when an answer is wrong. When none is, and a question had no answer: Inconclusive.
    """
    answers: list[Answer] = []
    unanswered: list[Inconclusive] = []
    for question in questions:
        try:
            answers.append(Answer(question, ask(database, question.sql)))
        except Inconclusive as error:
            unanswered.append(error)
            continue
        heard(answers[-1])
    _refuse_wrong(database, [answer for answer in answers if not answer.passed])
    if unanswered:
        raise unanswered[0]
    return answers


def _refuse_wrong(database: Database, wrong: list[Answer]) -> None:
    if not wrong:
        return
    first, more = wrong[0], f", and {len(wrong) - 1} more checks failed" if len(wrong) > 1 else ""
    raise StepFailed(
        f"check failed in database {database.name!r}: {first.question.says}: "
        f"expected {first.question.expect!r}, got {first.got!r}{more}"
    )


def ask(database: Database, question: str) -> str:
    """
    The single value that the SELECT `question` returns, as text: `true`, `NULL`, `12.50`, `2026-11-02`.

    It is asked on a fresh connection that refuses every change. Raises Inconclusive when there is no such value.
    """
    try:
        with database.connect() as connection:
            database.dialect.only_read(connection)
            rows = database.dialect.query(connection, question)
    except TryAgain:
        raise
    except CutoverError as error:
        raise Inconclusive(f"the question could not be asked: {error}", hint=error.hint) from error
    if len(rows) != 1 or len(rows[0]) != 1:
        columns = len(rows[0]) if rows else 0
        raise Inconclusive(
            f"the question has {len(rows)} rows of {columns} columns for an answer, not one value: {question!r}",
            hint="ask for one value, with count(*) for example",
        )
    return as_answer(rows[0][0])


def as_answer(value: Any) -> str:
    """A driver's value as text, the same from every database."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date, time)):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    return value.hex() if isinstance(value, (bytes, memoryview)) else str(value)
