"""What a plan says: every step's moves, what cannot be said yet, and the verdict. It touches nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover.app.forecasting import Asked
from cutover.app.planning import Plan, plan
from cutover.app.workspace import Workspace
from cutover.errors import StepFailed, WrongInput
from tests.unit.app.small import RUNBOOK, carried, edit, prepared, small, tables, taken_back


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small(tmp_path)


def planned(workspace: Workspace, environment: str) -> Plan:
    return plan(workspace, workspace.project.root / RUNBOOK, environment)


def test_every_step_says_what_it_would_do_and_how_it_is_taken_back(workspace: Workspace) -> None:
    steps = {step.step: step for step in planned(workspace, "dev").steps}

    assert list(steps) == ["create", "copy-items", "gate", "notices"]
    assert [(action.says, action.undo) for action in steps["create"].actions] == [
        ("run migrations/schema.sql in database 'new'", "run migrations/drop.sql")
    ]
    assert "people are simulated" in steps["gate"].actions[0].says


def test_it_touches_nothing(workspace: Workspace) -> None:
    planned(workspace, "dev")

    assert tables(workspace, "dev") == []
    assert workspace.journal.runs() == ()
    assert not (workspace.project.state / "runs").exists()


def test_what_cannot_be_said_yet_is_no_refusal(workspace: Workspace) -> None:
    """The source of a copy is not there yet, because an earlier step makes it."""
    workspace = edit(workspace, "migrations/small.yaml", "source: items", "source: made_later")

    (step,) = [step for step in planned(workspace, "dev").steps if step.step == "copy-items"]
    assert step.actions == () and "cannot be said in detail yet" in step.not_yet and "made_later" in step.not_yet


def test_before_any_rehearsal_nothing_is_known_of_the_time(workspace: Workspace) -> None:
    told = planned(workspace, "dev")

    assert told.total_ms is None
    assert [step.planned for step in told.steps] == ["?", "?", "waits for people", "waits for people"]
    assert "nobody has rehearsed or estimated create, copy-items, so" in told.verdict[0]


def test_after_a_rehearsal_the_time_is_the_rehearsed_one(workspace: Workspace) -> None:
    carried(workspace, prepared(workspace, "dev"))

    told = planned(workspace, "production")
    assert told.total_ms is not None
    assert all(step.planned.endswith("(rehearsed 1×)") for step in told.steps[:2])
    assert told.verdict[0].startswith("planned: ") and "(P90)" in told.verdict[0]


def test_a_start_and_a_hard_stop_may_be_named(workspace: Workspace) -> None:
    carried(workspace, prepared(workspace, "dev"))
    asked = Asked(begin="2030-06-01T22:00+02:00", hard_stop="2030-06-02T05:00+02:00")

    told = plan(workspace, workspace.project.root / RUNBOOK, "production", asked).plain()["forecast"]

    assert told["begin"] == "2030-06-01T20:00:00.000Z" and told["p50_end"] > told["begin"]
    assert (told["hard_stop"], told["chance_permille"]) == ("2030-06-02T03:00:00.000Z", 1000)
    assert told["rehearsals"] == ["dev-1"]
    assert told["last_starts"]["create"]["never_rehearsed"] == ["create"]


def test_after_a_drill_every_step_has_a_last_moment(workspace: Workspace) -> None:
    run = prepared(workspace, "dev")
    carried(workspace, run)
    taken_back(workspace, run)
    asked = Asked(hard_stop="2090-06-02T05:00+02:00")

    told = plan(workspace, workspace.project.root / RUNBOOK, "production", asked)

    found = {one.step: one for one in told.last_starts}
    assert all(one.at and not one.missing for one in found.values())
    create, both = found["create"].rollback_p90_ms, found["copy-items"].rollback_p90_ms
    assert create is not None and both is not None and create < both


def test_where_rehearsals_are_asked_for_the_verdict_says_what_is_missing(workspace: Workspace) -> None:
    told = planned(workspace, "production")

    assert not told.may_begin
    assert told.verdict[1].startswith("✗ dev: ")
    assert "cutover rehearse runbooks/go.yaml --env dev" in told.verdict[-1]


def test_where_they_exist_it_may_go_live(workspace: Workspace) -> None:
    carried(workspace, prepared(workspace, "dev"))

    told = planned(workspace, "production")
    assert told.may_begin and told.verdict[1].startswith("✓ dev: ") and told.verdict[-1] == "may go live"


def test_where_none_are_asked_for_it_may_begin(workspace: Workspace) -> None:
    told = planned(workspace, "test")

    assert told.may_begin and told.verdict[-1] == "may begin: test asks for no rehearsals"


def test_it_is_plain_json(workspace: Workspace) -> None:
    plain = planned(workspace, "dev").plain()

    assert json.loads(json.dumps(plain)) == plain
    assert set(plain) == {
        *("runbook", "environment", "digest", "may_begin", "verdict", "planned_ms", "forecast", "databases", "steps")
    }
    assert set(plain["steps"][0]) == {"step", "kind", "says", "actions", "not_yet", "planned", "point_of_no_return"}
    assert {name: said.split()[0] for name, said in plain["databases"].items()} == {"old": "SQLite", "new": "SQLite"}


def test_a_database_that_does_not_answer_is_told(workspace: Workspace) -> None:
    (workspace.project.root / "old.db").unlink()

    with pytest.raises(StepFailed, match="'old'"):
        planned(workspace, "dev")


def test_wrong_files_are_told_with_their_line(workspace: Workspace) -> None:
    workspace = edit(workspace, str(RUNBOOK), "needs: 2", "nedes: 2")

    with pytest.raises(WrongInput, match=r"^runbooks/go\.yaml:\d+"):
        planned(workspace, "dev")
