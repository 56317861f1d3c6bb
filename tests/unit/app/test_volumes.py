"""Rows to come: counted where the run will be, and left out where nothing answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.app import admission
from cutover.app.volumes import source_rows
from cutover.app.workspace import Workspace
from tests.unit.app.small import RUNBOOK, carried, edit, prepared, small


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small(tmp_path)


def rows(workspace: Workspace, *tables: str) -> dict[str, int]:
    return source_rows(workspace, workspace.environment("production"), workspace.migrations(), tables)


def test_the_rows_of_the_source_under_the_name_of_the_target(workspace: Workspace) -> None:
    assert rows(workspace, "item", "another") == {"item": 2}


def test_nothing_is_asked_for_nothing(workspace: Workspace) -> None:
    (workspace.project.root / "old.db").unlink()

    assert rows(workspace) == {}


def test_a_database_or_a_table_that_is_not_there_is_left_out(workspace: Workspace) -> None:
    gone = edit(workspace, "migrations/small.yaml", "source: items", "source: made_later")
    assert rows(gone, "item") == {}

    (workspace.project.root / "old.db").unlink()
    assert rows(workspace, "item") == {}


def test_a_run_of_more_rows_than_were_rehearsed_takes_longer(workspace: Workspace) -> None:
    import sqlite3

    carried(workspace, prepared(workspace, "dev"))
    path = workspace.project.root / RUNBOOK
    small_one = admission.propose(workspace, path, "production").outlook.expectations.steps["copy-items"]
    with sqlite3.connect(workspace.project.root / "old.db") as connection:
        connection.executemany("INSERT INTO items VALUES (?, 'more')", [(number,) for number in range(3, 2_001)])
    connection.close()

    large = admission.propose(workspace, path, "production").outlook.expectations.steps["copy-items"]

    assert large.log_ms > small_one.log_ms and large.spread > small_one.spread == 0
