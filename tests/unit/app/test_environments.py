"""Snippets, variables, overrides and windows in real runs: what was made stays as it was made."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cutover.app import admission, runs
from cutover.app.workspace import Workspace, open_workspace
from cutover.engine.observers import NullObserver
from cutover.errors import ExitStatus, GateClosed, WrongInput
from cutover.flow.entry import Undo
from cutover.kinds import KINDS
from cutover.model.project import Mode
from cutover.model.run import fold
from cutover.model.status import RunStatus
from cutover.project import lint
from tests.unit.app.small import PROJECT, RUNBOOK, carried, edit, prepared, small, write

SNIPPET = """\
snippet: Move and ask
parameters: {where: text}
steps:
  - step: create
    sql: {file: migrations/schema.sql, in: new, undo: migrations/drop.sql}
  - step: copy-items
    copy: {tables: [item]}
  - step: gate
    approve: {by: [owner, dba], question: "Go to {where}?"}
"""
STEPS = """\
runbook: Small goes live
strategy: one-shot
owner: owner
variables: {site: {one_of: [leipzig, berlin], default: berlin}}
overrides: {production: {gate: {approve: {needs: 2}}}}
phases:
  - phase: Go
    steps:
      - {include: snippets/move.yaml, with: {where: "{site}"}}
"""
LEIPZIG = "    variables: {site: leipzig}\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    small(tmp_path)
    write(tmp_path, str(RUNBOOK), STEPS)
    write(tmp_path, "snippets/move.yaml", SNIPPET)
    test = "  test:\n"
    write(tmp_path, "cutover.yaml", PROJECT.replace(test, test + LEIPZIG))
    return open_workspace(tmp_path)


def times_begun(workspace: Workspace, run: str, step: str) -> int:
    return sum(event.kind == "step.started" and event.step == step for event in workspace.journal.events(run))


def test_the_project_lints_clean(workspace: Workspace) -> None:
    assert lint(workspace.project, KINDS) == []


def test_a_run_has_the_values_of_its_environment_and_records_them(workspace: Workspace) -> None:
    for environment, site in (("test", "leipzig"), ("strict", "berlin")):
        run = prepared(workspace, environment)
        state = fold(workspace.journal.events(run))

        assert state.created["variables"] == {"site": site}
        assert state.created["steps"][2]["says"].endswith(f"Go to {site}?")


def test_runs_with_other_values_are_runs_of_the_same_plan(workspace: Workspace) -> None:
    created = [fold(workspace.journal.events(prepared(workspace, name))).created for name in ("test", "strict")]

    assert created[0]["digests"] == created[1]["digests"]
    assert [step["digest"] for step in created[0]["steps"]] == [step["digest"] for step in created[1]["steps"]]


def test_case_59_a_resume_inside_of_a_snippet_repeats_nothing_and_keeps_the_values(workspace: Workspace) -> None:
    run = prepared(workspace, "test")
    assert carried(workspace, run).exit_status is ExitStatus.WAITING_FOR_PERSON
    changed = edit(workspace, "cutover.yaml", "site: leipzig", "site: berlin")
    again = carried(changed, run)

    assert again.exit_status is ExitStatus.WAITING_FOR_PERSON and "Go to leipzig?" in again.says
    assert [times_begun(changed, run, step) for step in ("create", "copy-items")] == [1, 1]
    assert (changed.project.state / "runs" / run / "files/snippets/move.yaml").read_text() == SNIPPET


def test_a_run_refuses_to_go_on_with_another_snippet_and_still_comes_back(workspace: Workspace) -> None:
    run = prepared(workspace, "test")
    carried(workspace, run)
    changed = edit(workspace, "snippets/move.yaml", "Go to", "Run to")

    with pytest.raises(WrongInput, match=r"was made of other files: snippets/move\.yaml changed since"):
        carried(changed, run)
    back = runs.roll_back(changed, run, Undo(because="because"), observer=NullObserver(), watcher=None)
    assert back.status is RunStatus.ROLLED_BACK


def test_a_wrong_value_elsewhere_keeps_no_other_environment_from_running(workspace: Workspace) -> None:
    changed = edit(workspace, "cutover.yaml", "site: leipzig", "site: ulm")

    with pytest.raises(WrongInput, match=r"'site' must be one of leipzig, berlin, not 'ulm'"):
        prepared(changed, "test")
    assert prepared(changed, "dev") == "dev-1"


def test_production_asks_as_many_as_its_override_says(workspace: Workspace) -> None:
    proposal = admission.propose(workspace, workspace.project.root / RUNBOOK, "production")

    assert proposal.runbook.step("gate").fields["needs"] == "2"
    assert [change.after for change in proposal.runbook.overrides] == ["2"]


def test_a_go_live_begins_inside_the_window_of_its_environment(workspace: Workspace) -> None:
    soon = (datetime.now().astimezone() + timedelta(days=3)).strftime("%a").lower()
    window = f"    window: {{days: {soon}, zone: UTC}}\n"
    closed = edit(workspace, "cutover.yaml", "    live: true\n", f"    live: true\n{window}")

    with pytest.raises(GateClosed, match=r"nothing goes live in environment 'production' now: the window \("):
        prepared(closed, "production", mode=Mode.LIVE)
    with pytest.raises(GateClosed, match="dev"):  # the rehearsals that are missing
        prepared(workspace, "production", mode=Mode.LIVE)
    assert prepared(closed, "dev") == "dev-1"


def test_a_runbook_asks_more_than_the_environment(workspace: Workspace) -> None:
    """In `dev` nobody is asked, unless the runbook says so; and production wants another rehearsal for it."""
    more = "environment: {requires: [{environment: test, at_least: 7}]}, gate: {approve"
    asking = edit(
        workspace,
        str(RUNBOOK),
        "production: {gate: {approve",
        f"dev: {{environment: {{people: required}}}}, production: {{{more}",
    )

    assert fold(asking.journal.events(prepared(asking, "dev"))).created["people"] == "required"
    with pytest.raises(GateClosed, match="test"):
        prepared(asking, "production", mode=Mode.LIVE)
