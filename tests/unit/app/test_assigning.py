"""From files to steps: which files count forward and back, which databases they touch, what changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover import durable
from cutover.app import assigning
from cutover.app.files import runbook_of
from cutover.app.standing import state_of
from cutover.app.workspace import Workspace, open_workspace
from cutover.contract import Step
from cutover.errors import StepFailed, WrongInput
from cutover.kinds import build_all
from cutover.model.runbook import StepSpec
from cutover.model.status import RunStatus
from tests.unit.app.small import RUNBOOK, carried, edit, prepared, small, tables, taken_back


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small(tmp_path)


def assigned(workspace: Workspace, run: str, *, back: bool = False) -> assigning.Assignment:
    return assigning.assign(workspace, state_of(workspace, run), back=back)[0]


def kept(workspace: Workspace, run: str) -> set[str]:
    folder = workspace.project.state / "runs" / run / "files"
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_the_first_attempt_keeps_everything_that_runs(workspace: Workspace) -> None:
    run = prepared(workspace, "dev")
    assert kept(workspace, run) == set()

    assigned(workspace, run)
    assert kept(workspace, run) == {
        *(str(RUNBOOK), "migrations/small.yaml", "migrations/schema.sql", "migrations/drop.sql")
    }
    assert kept(workspace, run) == set(state_of(workspace, run).created["digests"]["files"])


def test_what_is_kept_is_for_its_owner_only(workspace: Workspace) -> None:
    run = prepared(workspace, "dev")
    assigned(workspace, run)

    folder = workspace.project.state / "runs" / run
    assert folder.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.rglob("*") if file.is_file())


def test_the_way_back_uses_the_files_that_ran(workspace: Workspace) -> None:
    """Somebody emptied the script that takes the schema back; the run has its own copy."""
    run = prepared(workspace, "dev")
    carried(workspace, run)
    workspace = edit(workspace, "migrations/drop.sql", "DROP TABLE IF EXISTS item;", "SELECT 1;")

    assert taken_back(workspace, run).status is RunStatus.ROLLED_BACK
    assert tables(workspace, "dev") == []


def test_the_way_back_needs_no_file_of_today(workspace: Workspace) -> None:
    run = prepared(workspace, "dev")
    carried(workspace, run)
    for path in (str(RUNBOOK), "migrations/small.yaml", "migrations/drop.sql"):
        (workspace.project.root / path).unlink()

    assert taken_back(open_workspace(workspace.project.root), run).status is RunStatus.ROLLED_BACK


def test_a_process_that_dies_while_it_keeps_files_leaves_none(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the rename, with a file cut in the middle: the next attempt begins the copy anew."""
    run = prepared(workspace, "dev")

    def killed(made: Path, file: Path) -> None:
        (made / str(RUNBOOK)).write_text("runbook: half of i")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(durable, "put_in_place", killed)
        with pytest.raises(KeyboardInterrupt):
            assigned(workspace, run)
    assert kept(workspace, run) == set()

    carried(workspace, run)
    there = workspace.project.state / "runs" / run / "files" / RUNBOOK
    assert there.read_bytes() == (workspace.project.root / RUNBOOK).read_bytes()
    assert [path.name for path in there.parents[2].iterdir() if "partial" in path.name] == []


def test_without_a_copy_the_way_back_uses_the_files_of_now(workspace: Workspace) -> None:
    """A run that died before its first attempt kept anything has done nothing either."""
    run = prepared(workspace, "dev")

    assert assigned(workspace, run, back=True).runbook.name == "Small goes live"


def test_case_57_a_changed_comment_is_no_change(workspace: Workspace) -> None:
    run = prepared(workspace, "dev")
    workspace = edit(workspace, str(RUNBOOK), "runbook: Small", "# for the night shift\nrunbook: Small")
    workspace = edit(workspace, "migrations/schema.sql", "CREATE", "-- one table\nCREATE")

    assert carried(workspace, run).status is RunStatus.COMPLETED


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (str(RUNBOOK), 'question: "Go?"', 'question: "Go now?"'),
        ("migrations/schema.sql", "name TEXT", "name TEXT NOT NULL"),
        ("migrations/small.yaml", "name: name", "name: {sql: upper(name)}"),
    ],
)
def test_a_changed_meaning_is_refused_and_named(workspace: Workspace, path: str, before: str, after: str) -> None:
    run = prepared(workspace, "dev")
    workspace = edit(workspace, path, before, after)

    with pytest.raises(WrongInput, match=f"'{run}' was made of other files: {path} changed since") as told:
        carried(workspace, run)
    assert "roll back" in told.value.hint
    assert tables(workspace, "dev") == []


def test_a_run_goes_on_when_the_files_are_put_back(workspace: Workspace) -> None:
    run = prepared(workspace, "dev")
    changed = edit(workspace, str(RUNBOOK), "needs: 2", "needs: 1")
    with pytest.raises(WrongInput):
        carried(changed, run)

    restored = edit(changed, str(RUNBOOK), "needs: 1", "needs: 2")
    assert carried(restored, run).status is RunStatus.COMPLETED


def databases(workspace: Workspace, steps: str) -> tuple[str, ...]:
    """The databases of a runbook of these steps."""
    return assigning.databases_of(built(workspace, steps), workspace.migrations())


def built(workspace: Workspace, steps: str) -> tuple[tuple[StepSpec, Step], ...]:
    """A runbook of these steps, built."""
    root = workspace.project.root
    head = "runbook: r\nstrategy: one-shot\nowner: owner\nphases:\n  - phase: p\n    steps:\n"
    (root / "runbooks" / "other.yaml").write_text(head + steps)
    runbook = runbook_of(workspace.project, root / "runbooks" / "other.yaml")
    return build_all(runbook)


@pytest.mark.parametrize(
    ("steps", "names"),
    [
        ('      - step: a\n        check: {in: old, checks: [{sql: SELECT 1, expect: "1", says: one}]}\n', ("old",)),
        ("      - step: a\n        copy: {tables: [item]}\n", ("old", "new")),
        ("      - step: a\n        copy: {}\n", ("old", "new")),
        ("      - step: a\n        reconcile: {}\n", ("old", "new")),
        ("      - step: a\n        manual: {do: nothing, role: dba, undo: nothing}\n", ()),
    ],
    ids=["by name", "by table", "copy of all", "reconcile of all", "none"],
)
def test_the_databases_that_steps_touch(workspace: Workspace, steps: str, names: tuple[str, ...]) -> None:
    assert sorted(databases(workspace, steps)) == sorted(names)


@pytest.mark.parametrize(
    ("steps", "names"),
    [
        ('      - step: a\n        check: {in: new, checks: [{sql: SELECT 1, expect: "1", says: one}]}\n', ()),
        ("      - step: a\n        copy: {tables: [item]}\n", ("new",)),
        ("      - step: a\n        copy: {}\n", ("new",)),
        ("      - step: a\n        reconcile: {}\n", ()),
        ("      - step: a\n        backup: {database: old}\n", ()),
        ("      - step: a\n        switch: {to: new}\n", ()),
        ("      - step: a\n        sql: {file: migrations/schema.sql, in: old, undo: migrations/drop.sql}\n", ("old",)),
    ],
    ids=["check", "copy by table", "copy of all", "reconcile", "backup", "switch", "sql"],
)
def test_the_databases_that_steps_change(workspace: Workspace, steps: str, names: tuple[str, ...]) -> None:
    """Only these get a fence; whatever is only read is never written to."""
    assert assigning.written_by(built(workspace, steps), workspace.migrations()) == names


def test_a_missing_database_is_named_with_where_it_belongs(workspace: Workspace) -> None:
    with pytest.raises(WrongInput, match="no database 'crm', which the runbook needs") as told:
        assigning.refuse_missing_databases(workspace.environment("dev"), ["old", "crm"])

    assert "environments: dev: databases:" in told.value.hint


def test_the_migration_of_a_table(workspace: Workspace) -> None:
    assert assigning.migration_of(workspace.migrations(), "item").name == "small"
    with pytest.raises(StepFailed, match="no migration fills table 'nothing'"):
        assigning.migration_of(workspace.migrations(), "nothing")


def test_an_edit_while_an_attempt_is_under_way_reaches_nothing(workspace: Workspace) -> None:
    run = prepared(workspace, "dev")
    content = assigned(workspace, run).project.content

    edit(workspace, "migrations/schema.sql", "CREATE TABLE", "CREATE TABLE evil (a int); CREATE TABLE")

    assert "evil" not in (content / "migrations/schema.sql").read_text()
