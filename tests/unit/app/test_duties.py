"""Case 53: where duties are separate, who runs a run does not approve it, and who approved it does not carry it on."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.app import approval, control, runs, separation
from cutover.app.approval import Ballot, approve
from cutover.app.standing import state_of
from cutover.app.workspace import Workspace, open_workspace, who_am_i
from cutover.engine.by_hand import Settled
from cutover.engine.observers import NullObserver
from cutover.errors import WrongInput
from cutover.model.status import RunStatus
from tests.unit.app.small import carried, prepared, small, write

ME = who_am_i()["user"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """In `strict` duties are separate, and names are not declared."""
    small(tmp_path)
    text = (tmp_path / "cutover.yaml").read_text()
    strict = "    databases: {old: sqlite:///old.db, new: sqlite:///new-strict.db}\n"
    write(tmp_path, "cutover.yaml", text.replace(strict, f"{strict}    separation_of_duties: true\n"))
    return open_workspace(tmp_path)


def at_the_gate(workspace: Workspace) -> str:
    run = prepared(workspace, "strict")
    assert carried(workspace, run).status is RunStatus.PAUSED
    return run


def as_user(monkeypatch: pytest.MonkeyPatch, user: str, **more: str) -> None:
    who = {"user": user, "host": "h", "pid": "1", **more}
    for module in (approval, runs, separation):
        monkeypatch.setattr(module, "who_am_i", lambda: who)


def test_case_53_who_made_the_run_does_not_approve_it(workspace: Workspace) -> None:
    run = at_the_gate(workspace)
    before = workspace.journal.events(run)

    with pytest.raises(WrongInput, match=f"the go of '{ME}' at 'gate' would not count: '{ME}' made this run"):
        approve(workspace, run, Ballot(step="gate", reason="fine"))
    assert workspace.journal.events(run) == before


def test_who_made_it_may_still_stop_it(workspace: Workspace) -> None:
    run = at_the_gate(workspace)

    assert not approve(workspace, run, Ballot(step="gate", go=False, reason="stop")).vote.go


@pytest.mark.parametrize("to", [Settled.DONE, Settled.SKIPPED])
def test_case_53_nobody_passes_a_gate_by_hand(to: Settled, workspace: Workspace) -> None:
    run = at_the_gate(workspace)
    before = workspace.journal.events(run)

    with pytest.raises(WrongInput, match="step 'gate' is a gate: nobody passes it by hand"):
        control.settle(workspace, run, "gate", to, reason="in a hurry")
    assert workspace.journal.events(run) == before


def test_case_53_sudo_changes_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Olivia's account, entered by whoever made the run."""
    run = at_the_gate(workspace)
    as_user(monkeypatch, "olivia", login=ME)

    with pytest.raises(WrongInput, match=f"account '{ME}'"):
        approve(workspace, run, Ballot(step="gate", reason="fine"))


def test_case_53_who_approved_it_does_not_carry_it_on(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run = at_the_gate(workspace)
    as_user(monkeypatch, "olivia")
    approve(workspace, run, Ballot(step="gate", reason="fine"))
    before = workspace.journal.events(run)

    with pytest.raises(WrongInput, match="'olivia' has said go at 'gate': whoever approves a run does not carry it on"):
        runs.attempt(workspace, run, observer=NullObserver(), watcher=None)
    assert workspace.journal.events(run) == before

    as_user(monkeypatch, "lead")
    carried(workspace, run)
    assert state_of(workspace, run).step("gate").votes[0]["person"] == "olivia"
