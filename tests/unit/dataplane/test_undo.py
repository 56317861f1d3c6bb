from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from cutover.dataplane.database import Database
from cutover.dataplane.ledger import Owner
from cutover.dataplane.undo import LoadedTable, NotOnlyOurs, undo_copy
from tests.fixtures.databases import ask, fill
from tests.fixtures.mapping import copy_all, mapping

MINE = LoadedTable(owner=Owner(run="r", step="s", table="new_t"))


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


def test_rows_that_somebody_deleted_are_not_missed(copied: Database) -> None:
    fill(copied, "DELETE FROM new_t WHERE id = 1")

    assert undo_copy(copied, [MINE], {}) == {"new_t": 2}


def test_a_table_that_is_gone_is_no_obstacle(copied: Database) -> None:
    """Its schema was taken back before."""
    fill(copied, "DROP TABLE new_t")

    assert undo_copy(copied, [MINE], {}) == {}
    assert ask(copied, "SELECT count(*) FROM cutover_chunk") == [(0,)]


def test_without_a_ledger_there_is_nothing(make_database: Callable[..., Database]) -> None:
    new = fill(make_database("sqlite"), "CREATE TABLE new_t (id INTEGER); INSERT INTO new_t VALUES (1)")

    assert undo_copy(new, [MINE], {}) == {}
    assert ask(new, "SELECT count(*) FROM new_t") == [(1,)]
