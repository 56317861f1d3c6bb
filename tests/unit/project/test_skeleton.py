"""`init --empty`: a project that lints without a word, and that really runs."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from cutover.app import runs
from cutover.app.workspace import open_workspace
from cutover.engine.observers import NullObserver
from cutover.errors import ExitStatus, WrongInput
from cutover.kinds import KINDS
from cutover.model.project import Mode
from cutover.project import init, lint, load_project
from cutover.project.skeleton import name_of

NAMES = {
    *("cutover.yaml", "migrations/library.yaml", "migrations/schema.sql", "migrations/drop_schema.sql"),
    *("validators/library.py", "runbooks/go.yaml", "flows/rehearse.py", "flows/go_live.py", "flows/roll_back.py"),
}


def test_it_is_called_after_its_folder_and_lints_without_a_word(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    written = init(folder, empty=True)

    project = load_project(folder)
    assert {path.relative_to(folder).as_posix() for path in written} == NAMES
    assert project.name == "library"
    assert lint(project, KINDS) == []


@pytest.mark.parametrize(
    ("folder", "name"),
    [("library", "library"), ("My-Shop_2", "My-Shop_2"), ("2024", "project"), ("a b", "project"), ("", "project")],
)
def test_a_folder_whose_name_would_not_do(tmp_path: Path, folder: str, name: str) -> None:
    assert name_of(folder) == name

    root = tmp_path / (folder or "other")
    init(root, empty=True)
    assert load_project(root).name == name_of(root.name)
    assert lint(load_project(root), KINDS) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks/go.yaml").write_text("mine")

    with pytest.raises(WrongInput, match="is there already"):
        init(tmp_path, empty=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "runbooks/go.yaml"]


def test_it_runs(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    init(folder, empty=True)
    (folder / "test").mkdir()
    (folder / "test/new.db").touch()
    (folder / "test/application.json").write_text('{"default": "old"}\n')
    with sqlite3.connect(folder / "test/old.db") as old:
        old.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT)")
        old.execute("INSERT INTO customers VALUES (1, ' Ada ', 'ada@example.org'), (2, 'Bob', '')")
    old.close()
    workspace = open_workspace(folder)
    run = runs.prepare(workspace, Path("runbooks/go.yaml"), "test", mode=Mode.REHEARSAL).run

    result = runs.attempt(workspace, run, observer=NullObserver(), watcher=None)

    assert result.exit_status is ExitStatus.DONE, result.says
    with sqlite3.connect(folder / "test/new.db") as new:
        assert new.execute("SELECT * FROM customer").fetchall() == [(1, "Ada", "ada@example.org"), (2, "Bob", None)]
    new.close()
