"""
Asks a database a question with one answer, and compares it as text.

Used by steps that check. A question that cannot be answered is no answer: Inconclusive, never a pass.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from cutover.dataplane.database import Database
from cutover.errors import CutoverError, Inconclusive, TryAgain


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
