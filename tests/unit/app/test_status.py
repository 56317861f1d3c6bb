"""Where runs stand, from the journal alone: of the living, the dead, the waiting and the finished."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cutover.app import status
from cutover.app.approval import Ballot, approve
from cutover.app.workspace import Workspace, who_am_i
from cutover.errors import WrongInput
from cutover.model.status import EventKind
from tests.unit.app.small import carried, prepared, small, taken_back


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small(tmp_path)


def at_work(workspace: Workspace) -> str:
    """A run whose journal says that it runs; whether anybody carries it is another question."""
    run = prepared(workspace, "dev")
    workspace.journal.append(run, EventKind.ATTEMPT_STARTED, data={"number": 1, "by": {}, "token": 1})
    return run


def test_without_a_run_there_is_nothing(workspace: Workspace) -> None:
    assert status.all_runs(workspace) == []


def test_a_list_of_runs_in_their_order(workspace: Workspace) -> None:
    carried(workspace, prepared(workspace, "dev"))
    carried(workspace, prepared(workspace, "test"))

    first, second = status.all_runs(workspace)
    assert (first["run"], first["status"], first["steps"], first["mode"]) == (
        *("dev-1", "completed", "4 of 4", "rehearsal"),
    )
    assert (second["run"], second["status"], second["steps"]) == ("test-1", "paused", "2 of 4")
    assert set(first) == {"run", "status", "runbook", "environment", "mode", "began", "steps"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["began"])


def test_a_run_that_was_made_and_not_begun(workspace: Workspace) -> None:
    prepared(workspace, "dev")

    (row,) = status.all_runs(workspace)
    assert (row["status"], row["steps"]) == ("armed", "0 of 4")


def test_a_run_that_nobody_carries_is_interrupted(workspace: Workspace) -> None:
    """Its process died without a word: the journal says running, and the kernel says that nobody holds the lease."""
    run = at_work(workspace)

    document = status.one_run(workspace, run)
    assert document["status"] == status.all_runs(workspace)[0]["status"] == "interrupted"
    assert document["next"] == [f"cutover resume {run}", f'cutover rollback {run} --reason "…"']


def test_a_run_that_somebody_carries_is_running(workspace: Workspace) -> None:
    run = at_work(workspace)

    with workspace.journal.acquire("environment:dev", run, who_am_i()):
        document = status.one_run(workspace, run)
    assert (document["status"], document["next"]) == ("running", [])


def test_that_another_run_holds_the_lease_does_not_make_this_one_alive(workspace: Workspace) -> None:
    run = at_work(workspace)

    with workspace.journal.acquire("environment:dev", "dev-2", who_am_i()):
        assert status.one_run(workspace, run)["status"] == "interrupted"


def test_a_waiting_run_says_whom_it_asks_and_what_to_type(workspace: Workspace) -> None:
    run = prepared(workspace, "test")
    carried(workspace, run)

    document = status.one_run(workspace, run)
    (gate,) = [step for step in document["steps"] if step["waiting"]]
    assert (gate["step"], gate["attempts"]) == ("gate", 1)
    assert "waits for 2 go votes of owner" in gate["detail"]
    assert document["next"][:2] == [f'cutover approve {run} gate --go --as NAME --reason "…"', f"cutover resume {run}"]


def test_votes_are_shown(workspace: Workspace) -> None:
    run = prepared(workspace, "test")
    carried(workspace, run)
    approve(workspace, run, Ballot(step="gate", go=True, reason="totals agree", person="olivia"))

    votes = {step["step"]: step["votes"] for step in status.one_run(workspace, run)["steps"]}
    assert [(vote["person"], vote["reason"]) for vote in votes["gate"]] == [("olivia", "totals agree")]
    assert votes["create"] == []


def test_a_finished_run(workspace: Workspace) -> None:
    run = prepared(workspace, "dev")
    carried(workspace, run)

    document = status.one_run(workspace, run)
    steps = {step["step"]: step for step in document["steps"]}
    assert {step["status"] for step in steps.values()} == {"done"}
    assert re.fullmatch(r"[\d.]+ m?s", steps["create"]["took"])
    assert steps["gate"]["detail"] == "decision: simulated"
    assert document["next"][0] == f"cutover report {run}"


def test_a_run_that_came_back(workspace: Workspace) -> None:
    run = prepared(workspace, "dev")
    carried(workspace, run)
    taken_back(workspace, run)

    document = status.one_run(workspace, run)
    assert document["status"] == "rolled_back"
    assert {step["step"]: step["status"] for step in document["steps"]}["copy-items"] == "undone"
    assert document["next"] == [f"cutover report {run}"]


def test_one_run_is_plain_json(workspace: Workspace) -> None:
    run = prepared(workspace, "test")
    carried(workspace, run)

    document = status.one_run(workspace, run)
    assert json.loads(json.dumps(document)) == document
    assert set(document) == {
        *("run", "status", "runbook", "environment", "mode", "past_point_of_no_return", "reason", "asked"),
        *("steps", "forecast", "next", "alarms"),
    }
    assert set(document["steps"][0]) == {"step", "status", "attempts", "took", "detail", "waiting", "votes"}


def test_a_run_under_way_tells_when_it_will_end(workspace: Workspace) -> None:
    carried(workspace, prepared(workspace, "dev"))
    run = prepared(workspace, "test")
    carried(workspace, run)

    told = status.one_run(workspace, run)["forecast"]
    assert set(told["steps"]) == {"gate", "notices"}  # the rest is done
    assert (told["p90_end_ms"], told["hard_stop"], told["unknown"]) == (0, None, [])


def test_of_a_run_that_is_over_nothing_is_foretold(workspace: Workspace) -> None:
    run = prepared(workspace, "dev")
    carried(workspace, run)

    assert status.one_run(workspace, run)["forecast"] is None


def test_only_a_forecast_brings_numpy() -> None:
    """The list of runs, and a run that is over, must answer at once."""
    program = "import sys, cutover.app.status; sys.exit('numpy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_unknown_run(workspace: Workspace) -> None:
    with pytest.raises(WrongInput, match="dev-7"):
        status.one_run(workspace, "dev-7")
