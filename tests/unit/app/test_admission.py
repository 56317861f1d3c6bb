"""Why a run may not be made: the reasons, their order, and that nothing is there afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cutover.app import admission, runs
from cutover.app.workspace import Workspace, who_am_i
from cutover.errors import CutoverError, GateClosed, LeaseHeld, StepFailed, WrongInput
from cutover.model.project import Mode
from cutover.project import Problem
from cutover.project.problems import Severity
from tests.unit.app.small import RUNBOOK, carried, edit, prepared, small
from tests.unit.journal.worlds import by_hand

TRIGGERS = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small(tmp_path)


def refused(workspace: Workspace, environment: str, mode: Mode = Mode.REHEARSAL) -> CutoverError:
    """The refusal; no run is there that was not there before."""
    before = workspace.journal.runs()
    with pytest.raises(CutoverError) as told:
        prepared(workspace, environment, mode=mode)
    assert workspace.journal.runs() == before
    return told.value


def unlinked(workspace: Workspace) -> Workspace:
    (workspace.project.root / "migrations" / "schema.sql").unlink()
    return workspace


def without_database(workspace: Workspace) -> Workspace:
    return edit(
        workspace,
        "cutover.yaml",
        "{old: sqlite:///old.db, new: sqlite:///new-production.db}",
        "{old: sqlite:///old.db}",
    )


def gone(workspace: Workspace) -> Workspace:
    (workspace.project.root / "new-production.db").unlink()
    return workspace


def broken_runbook(workspace: Workspace) -> Workspace:
    return edit(workspace, str(RUNBOOK), "owner: owner", "ownr: owner")


#: From what a person wants to hear first to what they hear last.
Spoil = Callable[[Workspace], Workspace]
IN_ORDER: list[tuple[Spoil, type[CutoverError], str]] = [
    (broken_runbook, WrongInput, "ownr"),
    (unlinked, WrongInput, "schema.sql"),
    (without_database, WrongInput, "no database 'new'"),
    (lambda same: same, GateClosed, "dev"),
]


@pytest.mark.parametrize("first", range(len(IN_ORDER)))
def test_refusals_in_their_order(workspace: Workspace, first: int) -> None:
    """With everything wrong from here on, the first is told; the rest would follow once it is mended."""
    for spoil, _, _ in reversed(IN_ORDER[first:]):
        workspace = spoil(workspace)
    _, kind, words = IN_ORDER[first]

    told = refused(workspace, "production", Mode.LIVE)
    assert isinstance(told, kind) and words in str(told), told


def test_the_environment_comes_before_the_files(workspace: Workspace) -> None:
    workspace = broken_runbook(workspace)

    assert "is not in cutover.yaml" in str(refused(workspace, "prodction"))
    assert "is live: nothing is rehearsed there" in str(refused(workspace, "production"))
    assert "is not live: nobody goes live there" in str(refused(workspace, "dev", Mode.LIVE))


def test_a_taken_environment_comes_before_a_silent_database(workspace: Workspace) -> None:
    run = prepared(workspace, "test")
    (workspace.project.root / "new-test.db").unlink()

    told = refused(workspace, "test")
    assert isinstance(told, LeaseHeld) and run in str(told)


def test_a_silent_database_is_the_last_reason(workspace: Workspace) -> None:
    carried(workspace, prepared(workspace, "dev"))

    told = refused(gone(workspace), "production", Mode.LIVE)
    assert isinstance(told, StepFailed) and "'new'" in str(told)


def test_an_error_in_another_runbook_is_not_this_runs_business(workspace: Workspace) -> None:
    text = (workspace.project.root / RUNBOOK).read_text()
    (workspace.project.root / "runbooks" / "other.yaml").write_text(text.replace("owner: owner", "ownr: owner"))

    assert prepared(workspace, "dev") == "dev-1"


def test_the_first_error_is_told_with_the_number_of_the_others() -> None:
    problems = [
        Problem(file="migrations/a.yaml", line=1, severity=Severity.WARNING, says="looks odd"),
        Problem(file="migrations/a.yaml", line=2, severity=Severity.ERROR, says="is wrong", hint="mend it"),
        Problem(file="runbooks/other.yaml", line=3, severity=Severity.ERROR, says="is another's"),
        Problem(file="cutover.yaml", line=4, severity=Severity.ERROR, says="is wrong, too"),
    ]

    with pytest.raises(WrongInput) as told:
        admission.refuse_problems(problems, "runbooks/go.yaml")
    assert str(told.value) == "migrations/a.yaml:2: is wrong\n1 more: `cutover lint` lists them"
    assert told.value.hint == "mend it"


@pytest.mark.parametrize("ended", [False, True])
def test_an_environment_is_free_again_when_its_run_has_ended(workspace: Workspace, ended: bool) -> None:
    run = prepared(workspace, "dev")
    if ended:
        carried(workspace, run)
        admission.refuse_taken(workspace, "dev")
        return
    with pytest.raises(LeaseHeld, match=f"taken by run '{run}', which is armed"):
        admission.refuse_taken(workspace, "dev")


def test_an_environment_does_not_take_another(workspace: Workspace) -> None:
    prepared(workspace, "test")

    admission.refuse_taken(workspace, "dev")
    with pytest.raises(LeaseHeld):
        admission.refuse_taken(workspace, "test")


def test_while_another_process_makes_a_run_there_is_none(workspace: Workspace) -> None:
    with workspace.journal.acquire("environment:dev", "a new run", who_am_i()):
        assert isinstance(refused(workspace, "dev"), LeaseHeld)


def test_a_validator_that_does_not_import(workspace: Workspace) -> None:
    workspace = edit(workspace, "migrations/small.yaml", "    key:", "    validator: item.py:Item\n    key:")
    (workspace.project.root / "validators").mkdir()
    (workspace.project.root / "validators" / "item.py").write_text("import polarrs\n\n\nclass Item:\n    pass\n")

    assert "polarrs" in str(refused(workspace, "dev"))


def test_production_opens_when_the_rehearsal_it_asks_for_exists(workspace: Workspace) -> None:
    carried(workspace, prepared(workspace, "dev"))

    assert prepared(workspace, "production", mode=Mode.LIVE) == "production-1"


def test_a_rehearsal_whose_record_was_touched_does_not_open_it(workspace: Workspace) -> None:
    carried(workspace, prepared(workspace, "dev"))
    by_hand(
        workspace.project.journal,
        *(f"DROP TRIGGER {name}" for (name,) in by_hand(workspace.project.journal, TRIGGERS)),
        "UPDATE event SET data = replace(data, 'simulated', 'simulatet')",
    )

    assert isinstance(refused(workspace, "production", Mode.LIVE), GateClosed)


def test_a_new_run_says_what_it_is(workspace: Workspace) -> None:
    made = runs.prepare(workspace, workspace.project.root / RUNBOOK, "dev", mode=Mode.REHEARSAL, drill=True)

    assert made.says.startswith("dev-1: 4 steps of 'Small goes live', rollback drill in dev, digest ")
    created = workspace.journal.events(made.run)[0].data
    assert [(step["id"], step["kind"]) for step in created["steps"]] == [
        ("create", "sql"),
        ("copy-items", "copy"),
        ("gate", "approve"),
        ("notices", "manual"),
    ]
    assert created["steps"][2]["asks"] == ["owner", "dba"] and created["steps"][3]["needs_evidence"] is True
    assert (created["path"], created["drill"]) == ("runbooks/go.yaml", True)
