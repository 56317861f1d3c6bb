"""A feed answers in order on its own thread, hands errors over, and stops when nobody listens."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection

from cutover.dataplane.database import Database, DatabaseRefused, open_database
from cutover.reconciliation.feeds import AHEAD, Feed, consistent
from cutover.redact import Secret


@pytest.fixture
def database(tmp_path: Path) -> Database:
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE t (a)")
    return open_database("a", Secret(f"sqlite:///{tmp_path / 'a.db'}"))


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("reconcile-")}


def plus_one(connection: Connection, number: int) -> int:
    return int(connection.exec_driver_sql(f"SELECT {number} + 1").scalar_one())


def test_answers_come_in_order(database: Database) -> None:
    with Feed(database, range(10), plus_one) as answers:
        assert list(answers) == list(range(1, 11))

    assert threads() == set()


def test_an_error_is_raised_where_the_answer_is_taken(database: Database) -> None:
    def answer(connection: Connection, number: int) -> int:
        return number if number < 3 else 1 // 0

    taken = []
    with pytest.raises(ZeroDivisionError), Feed(database, range(10), answer) as answers:
        taken.extend(answers)

    assert taken == [0, 1, 2]
    assert threads() == set()


def test_what_the_database_says_is_translated(database: Database) -> None:
    def answer(connection: Connection, number: int) -> int:
        return int(connection.exec_driver_sql("SELECT nowhere_").scalar_one())

    with pytest.raises(DatabaseRefused, match="no such column"), Feed(database, [1], answer) as answers:
        next(answers)


def test_it_works_only_a_little_ahead_and_stops_when_nobody_listens(database: Database) -> None:
    asked: list[int] = []

    def answer(connection: Connection, number: int) -> int:
        asked.append(number)
        return number

    with Feed(database, range(1_000), answer) as answers:
        assert next(answers) == 0

    assert len(asked) <= AHEAD + 2
    assert threads() == set()


def test_everything_is_read_as_it_stood_at_one_moment(database: Database) -> None:
    with consistent(database) as reading:
        before = reading.exec_driver_sql("SELECT count(*) FROM t").scalar_one()
        with (
            pytest.raises(sqlite3.OperationalError),
            sqlite3.connect(database.engine.url.database, timeout=0) as writing,
        ):
            writing.execute("INSERT INTO t VALUES (1)")

        assert reading.exec_driver_sql("SELECT count(*) FROM t").scalar_one() == before
