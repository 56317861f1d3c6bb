from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from cutover.dataplane.asking import ask as ask_one
from cutover.dataplane.database import Database, DatabaseBusy, DatabaseRefused, open_database
from cutover.dataplane.dialects import DIALECTS, Column, dialect_of
from cutover.errors import Inconclusive, WrongInput
from cutover.redact import Secret
from tests.fixtures.databases import ask, fill


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "not understood"),
        ("mysql://u@h/d", "databases of the kind 'mysql' are not known"),
        ("sqlite://", "must be a file"),
        ("postgresql+psycopg2://u@h/d", "write postgresql"),
    ],
)
def test_a_url_that_is_not_understood(url: str, says: str) -> None:
    with pytest.raises(WrongInput, match=says) as told:
        open_database("old", Secret(url))

    assert "sqlite:///" in told.value.hint


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    missing = open_database("old", Secret(f"sqlite:///{tmp_path}/nowhere.db"))

    with pytest.raises(DatabaseRefused, match="unable to open") as told:
        missing.server_version()
    assert "the file must be there" in told.value.hint
    assert "`touch FILE` makes an empty one" in told.value.hint
    assert list(tmp_path.iterdir()) == []


def test_case_58_a_password_is_never_shown() -> None:
    database = open_database("new", Secret("postgresql+psycopg://u:c4n4ry-%40@127.0.0.1:1/d"))

    with pytest.raises(DatabaseBusy) as told:
        database.server_version()

    assert "c4n4ry" not in f"{database!r}{database.shown}{told.value}{told.value.hint}"


def test_a_lock_of_somebody_else_may_heal(
    make_database: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cutover.dataplane.dialects.sqlite.LOCK_WAIT", 0.05)
    database = make_database("sqlite")
    other = sqlite3.connect(database.engine.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseBusy, match="locked"), database.begin():
        pass
    other.close()


def test_every_connection_is_fresh(make_database: Callable[..., Database]) -> None:
    database = fill(make_database("sqlite"), "CREATE TABLE t (a INTEGER)")
    with database.connect() as first, database.connect() as second:
        assert first.connection.driver_connection is not second.connection.driver_connection


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_text_keys_are_compared_by_their_bytes(dialect: object) -> None:
    """Whatever the column's own collation is; servers without another one cannot show it."""
    compared = dialect.compared(Column(name="k", type="text"))  # type: ignore[attr-defined]

    assert compared in ('"k" COLLATE "C"', '"k" COLLATE BINARY')


def test_case_16_a_name_that_would_be_cut_off_is_refused() -> None:
    with pytest.raises(WrongInput, match="has 64 bytes; PostgreSQL keeps 63"):
        dialect_of("postgresql").quote("é" * 32)


def test_an_answer_is_text(make_database: Callable[..., Database]) -> None:
    database = make_database("sqlite")

    assert [ask_one(database, f"SELECT {sql}") for sql in ("1", "NULL", "'a'", "1.5", "x'00ff'")] == [
        "1", "NULL", "a", "1.5", "00ff"
    ]  # fmt: skip


@pytest.mark.parametrize("question", ["SELECT 1, 2", "SELECT 1 WHERE 0", "SELECT nothing", "CREATE TABLE t (a)"])
def test_what_is_no_answer_is_inconclusive(question: str, make_database: Callable[..., Database]) -> None:
    database = make_database("sqlite")

    with pytest.raises(Inconclusive):
        ask_one(database, question)
    assert ask(database, "SELECT count(*) FROM sqlite_schema") == [(0,)]
