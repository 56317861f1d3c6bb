"""Case 53: break-glass opens a gate for one person alone, is never forgotten, and is reviewed by somebody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cutover.app import glass, tasks
from cutover.app.approval import Ballot, Cast, approve
from cutover.app.glass import NotReviewed, Review, review
from cutover.app.standing import state_of
from cutover.app.workspace import Workspace, open_workspace
from cutover.errors import WrongInput
from cutover.model.people import Duty
from cutover.model.project import Mode
from cutover.model.status import EventKind, RunStatus
from tests.unit.app.small import carried, prepared, small, write


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Ines may break the glass in test and in production."""
    small(tmp_path)
    text = (tmp_path / "cutover.yaml").read_text()
    text = text.replace("both]}", "both], incident manager: [ines]}", 1)
    text = text.replace("{owner: [olivia], dba: [dana]}", "{owner: [olivia], dba: [dana], incident manager: [ines]}")
    text = text.replace("    declared_names: true\n", "    declared_names: true\n    break_glass: incident manager\n")
    write(tmp_path, "cutover.yaml", text)
    return open_workspace(tmp_path)


@pytest.fixture
def run(workspace: Workspace) -> str:
    run = prepared(workspace, "test")
    carried(workspace, run)
    return run


def broken(workspace: Workspace, run: str, **more: Any) -> Cast:
    said = {"step": "gate", "reason": "the phones melt", "person": "ines", "break_glass": True, **more}
    return approve(workspace, run, Ballot(**said))


def refusal(workspace: Workspace, run: str, **more: Any) -> str:
    before = workspace.journal.events(run)
    with pytest.raises(WrongInput) as told:
        broken(workspace, run, **more)
    assert workspace.journal.events(run) == before
    return f"{told.value} · {told.value.hint}"


def test_one_person_opens_it_alone(workspace: Workspace, run: str) -> None:
    cast = broken(workspace, run)
    carried(workspace, run)

    step = state_of(workspace, run).step("gate")
    assert (step.decision, step.facts["break_glass"]) == ("go", "ines")
    assert "by break-glass, alone, and to be reviewed by another person" in cast.says


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"person": "olivia"}, "'olivia' has none of the roles that this step asks"),
        ({"go": False}, "break-glass opens a gate; a no-go needs none"),
        ({"reason": " "}, "a vote needs a reason"),
    ],
)
def test_who_and_what_it_is_not_for(workspace: Workspace, run: str, more: dict[str, Any], why: str) -> None:
    assert why in refusal(workspace, run, **more)


def test_where_no_roles_are_named_there_is_none(tmp_path: Path) -> None:
    workspace = small(tmp_path)
    run = prepared(workspace, "test")
    carried(workspace, run)

    assert "environment 'test' knows no break-glass" in refusal(workspace, run, person="olivia")


def test_a_manual_step_has_no_glass(workspace: Workspace, run: str) -> None:
    broken(workspace, run)
    carried(workspace, run)

    assert "step 'notices' is no gate" in refusal(workspace, run, step="notices")


def test_it_waits_for_its_review_as_a_task(workspace: Workspace, run: str) -> None:
    broken(workspace, run)

    (task,) = [task for task in tasks.waiting_tasks(workspace) if task.duty is Duty.REVIEW]
    assert (task.step, task.what) == ("gate", "ines opened it alone, by break-glass: the phones melt")
    assert "ines" not in task.people and "olivia" in task.people
    assert task.commands == (f'cutover review {run} gate --reason "…"',)


def test_another_person_reviews_it_once(workspace: Workspace, run: str) -> None:
    broken(workspace, run)

    said = review(workspace, run, Review(step="gate", reason="it was right", person="olivia"))

    assert said == f"olivia (owner) has reviewed gate of {run}, opened by ines: it was right"
    assert list(glass.unreviewed(workspace)) == []
    with pytest.raises(WrongInput, match="is reviewed already"):
        review(workspace, run, Review(step="gate", reason="again", person="dana"))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Review(step="gate", reason="fine", person="ines"), "another person must review it"),
        (Review(step="gate", reason="fine", person="mallory"), "'mallory' has no role in environment 'test'"),
        (Review(step="gate", reason=" ", person="olivia"), "a review needs a reason"),
        (Review(step="notices", reason="fine", person="olivia"), "was not opened by break-glass"),
    ],
)
def test_who_may_not_review_it(said: Review, why: str, workspace: Workspace, run: str) -> None:
    broken(workspace, run)
    before = workspace.journal.events(run)

    with pytest.raises(WrongInput, match=why):
        review(workspace, run, said)
    assert workspace.journal.events(run) == before


def test_case_53_the_next_go_live_is_refused_until_it_was_reviewed(workspace: Workspace) -> None:
    rehearsed = prepared(workspace, "dev")
    assert carried(workspace, rehearsed).status is RunStatus.COMPLETED
    run = prepared(workspace, "production", mode=Mode.LIVE)
    carried(workspace, run)
    broken(workspace, run)
    carried(workspace, run)
    workspace.journal.append(run, EventKind.RUN_STOPPED, data={"reason": "for the test"})

    with pytest.raises(NotReviewed, match=rf"never reviewed: 'gate' of '{run}' \(opened by ines\)") as told:
        prepared(workspace, "production", mode=Mode.LIVE)
    assert f"cutover review {run} gate" in told.value.hint
    assert int(told.value.exit_status) == 4

    review(workspace, run, Review(step="gate", reason="it was right", person="olivia"))
    assert prepared(workspace, "production", mode=Mode.LIVE) == "production-2"


def test_a_rehearsal_is_not_refused(workspace: Workspace, run: str) -> None:
    broken(workspace, run)
    workspace.journal.append(run, EventKind.RUN_STOPPED, data={"reason": "for the test"})

    assert prepared(workspace, "test") == "test-2"
