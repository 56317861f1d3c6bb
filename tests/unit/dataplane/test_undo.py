from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from cutover.dataplane.database import Database
from cutover.dataplane.ledger import Owner
from cutover.dataplane.undo import LoadedTable, NotOnlyOurs, undo_copy
from cutover.errors import StepFailed
from tests.fixtures.databases import ask, fill
from tests.fixtures.mapping import copy_all, mapping

MINE = LoadedTable(owner=Owner(run="r", step="s", table="new_t"), key="id")


@pytest.fixture
def copied(make_database: Callable[..., Database]) -> Database:
    """A target into which three rows were copied."""
    old = fill(make_database("sqlite", "old"), "CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1), (2), (3)")
    new = fill(make_database("sqlite"), "CREATE TABLE new_t (id INTEGER PRIMARY KEY)")
    copy_all(old, new, mapping("id"), {"id": pl.Int64()})
    return new


def test_rows_and_lines_go_together(copied: Database) -> None:
    assert undo_copy(copied, [MINE], {}) == {"new_t": 3}

    assert ask(copied, "SELECT (SELECT count(*) FROM new_t), (SELECT count(*) FROM cutover_chunk)") == [(0, 0)]


def test_a_second_undo_finds_nothing(copied: Database) -> None:
    undo_copy(copied, [MINE], {})
    fill(copied, "INSERT INTO new_t VALUES (9)")

    assert undo_copy(copied, [MINE], {}) == {}
    assert ask(copied, "SELECT id FROM new_t") == [(9,)]


def test_rows_of_others_are_never_deleted(copied: Database) -> None:
    fill(copied, "INSERT INTO new_t VALUES (9)")

    with pytest.raises(NotOnlyOurs, match="holds 4 rows, and this run loaded 3"):
        undo_copy(copied, [MINE], {})

    assert ask(copied, "SELECT count(*) FROM new_t") == [(4,)]


def test_rows_that_somebody_deleted_are_missed(copied: Database) -> None:
    fill(copied, "DELETE FROM new_t WHERE id = 1")

    with pytest.raises(NotOnlyOurs, match=r"holds 2 rows, and this run loaded 3: their keys \(id\) are not those"):
        undo_copy(copied, [MINE], {})

    assert ask(copied, "SELECT count(*), (SELECT count(*) FROM cutover_chunk) FROM new_t") == [(2, 1)]


def test_a_row_of_others_in_the_place_of_a_deleted_one(copied: Database) -> None:
    """As many rows as were loaded, but not the same."""
    fill(copied, "DELETE FROM new_t WHERE id = 1; INSERT INTO new_t VALUES (9)")
    mine = replace(MINE, again=lambda numbers: [pl.Series("id", [1, 2, 3])] if numbers == {1} else [])

    with pytest.raises(NotOnlyOurs) as refused:
        undo_copy(copied, [mine], {})

    assert str(refused.value) == (
        "table 'new_t' holds 3 rows, and this run loaded 3: 1 that it did not load (id 9); "
        "1 that it loaded is gone (id 1)"
    )
    assert ask(copied, "SELECT id FROM new_t ORDER BY id") == [(2,), (3,), (9,)]


@pytest.mark.parametrize("again", [lambda _: [pl.Series("id", [1, 2, 3, 4])], lambda _: nobody_there()])
def test_a_source_that_has_changed_names_no_keys(copied: Database, again: Callable[..., Any]) -> None:
    fill(copied, "UPDATE new_t SET id = 9 WHERE id = 1")

    with pytest.raises(NotOnlyOurs, match=r"loaded 3: their keys \(id\) are not those that it loaded, somebody else"):
        undo_copy(copied, [replace(MINE, again=again)], {})


def nobody_there() -> list[pl.Series]:
    raise StepFailed("the source is not there")


def test_changed_contents_are_no_obstacle(make_database: Callable[..., Database]) -> None:
    """A step after the copy may change loaded rows on purpose."""
    old = fill(make_database("sqlite", "old"), "CREATE TABLE t (id TEXT, n INT); INSERT INTO t VALUES ('a', 1)")
    new = fill(make_database("sqlite"), "CREATE TABLE new_t (id TEXT PRIMARY KEY, n INT)")
    copy_all(old, new, mapping("id", "n"), {"id": pl.String(), "n": pl.Int64()})
    fill(new, "UPDATE new_t SET n = 2")

    assert undo_copy(new, [MINE], {}) == {"new_t": 1}


def test_many_rows_are_compared_in_pieces(copied: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutover.dataplane.loaded_keys.PIECE", 2)

    assert undo_copy(copied, [MINE], {}) == {"new_t": 3}


def test_a_table_that_is_gone_is_no_obstacle(copied: Database) -> None:
    """Its schema was taken back before."""
    fill(copied, "DROP TABLE new_t")

    assert undo_copy(copied, [MINE], {}) == {}
    assert ask(copied, "SELECT count(*) FROM cutover_chunk") == [(0,)]


def test_without_a_ledger_there_is_nothing(make_database: Callable[..., Database]) -> None:
    new = fill(make_database("sqlite"), "CREATE TABLE new_t (id INTEGER); INSERT INTO new_t VALUES (1)")

    assert undo_copy(new, [MINE], {}) == {}
    assert ask(new, "SELECT count(*) FROM new_t") == [(1,)]
