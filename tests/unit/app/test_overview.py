"""The list of runs: what was kept of a run counts only for its very last event, and only when it has ended."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cutover.app import overview
from cutover.app.status import all_runs
from cutover.app.workspace import Workspace
from cutover.journal.quarantine import SqlQuarantine
from cutover.journal.store import SqlJournal
from cutover.model.project import Project
from cutover.model.run import TELLING, after, fold
from cutover.model.status import EventKind
from tests.unit.journal.clocks import MadeUpClock

CREATED = {
    "environment": "dev",
    "mode": "rehearsal",
    "runbook": "r",
    "roles": {},
    "people": "simulated",
    "steps": [{"id": "a", "kind": "check"}, {"id": "b", "kind": "check"}],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def workspace(tmp_path: Path, path: Path) -> Iterator[Workspace]:
    journal = SqlJournal(path, clock=MadeUpClock())
    project = Project(name="p", root=tmp_path, environments={}, journal=path, state=tmp_path)
    yield Workspace(project=project, journal=journal, quarantine=SqlQuarantine(path), clock=MadeUpClock())
    journal.close()


def told(workspace: Workspace, *kinds: tuple[EventKind, str], **data: Any) -> str:
    run = workspace.journal.create_run("dev", CREATED)
    for kind, step in kinds:
        workspace.journal.append(run, kind, step=step, data=data)
    return run


DONE = tuple(
    (kind, "a")
    for kind in (EventKind.STEP_READY, EventKind.STEP_STARTED, EventKind.STEP_VERIFYING, EventKind.STEP_DONE)
)
BEGUN = ((EventKind.RUN_ARMED, ""), (EventKind.ATTEMPT_STARTED, ""), *DONE)
ENDED = (*BEGUN, (EventKind.RUN_COMPLETED, ""))


def test_a_run_that_has_ended_is_kept(workspace: Workspace) -> None:
    run = told(workspace, *ENDED)

    (row,) = all_runs(workspace)
    assert (row["run"], row["status"], row["steps"], row["mode"]) == (run, "completed", "1 of 2", "rehearsal")
    assert workspace.journal.summaries()[run].data == row
    assert all_runs(workspace) == [row]


def test_what_is_kept_is_what_folding_gives(workspace: Workspace, path: Path) -> None:
    told(workspace, *ENDED)
    told(workspace, *BEGUN)
    first = all_runs(workspace)
    assert all_runs(workspace) == first

    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM summary")
    assert all_runs(workspace) == first


def test_a_run_that_may_still_change_is_folded_each_time(workspace: Workspace) -> None:
    run = told(workspace, *BEGUN)

    assert all_runs(workspace)[0]["status"] == "interrupted"  # nobody carries it
    assert workspace.journal.summaries() == {}
    with workspace.journal.acquire("environment:dev", run, {}):
        assert all_runs(workspace)[0]["status"] == "running"


@pytest.mark.parametrize("column", ["digest", "made_by"])
def test_what_was_kept_of_another_event_or_by_another_code_is_not_believed(
    workspace: Workspace, path: Path, column: str
) -> None:
    told(workspace, *ENDED)
    (row,) = all_runs(workspace)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE summary SET data = '{{\"status\": \"lies\"}}', {column} = 'other'")

    assert all_runs(workspace) == [row]


def test_what_was_kept_and_is_no_json_is_not_believed(workspace: Workspace, path: Path) -> None:
    told(workspace, *ENDED)
    (row,) = all_runs(workspace)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE summary SET data = 'no json'")

    assert all_runs(workspace) == [row]


def test_an_event_after_the_end_is_seen(workspace: Workspace) -> None:
    run = told(workspace, *ENDED)
    all_runs(workspace)
    workspace.journal.append(run, EventKind.NOTED, data={"says": "the report was read"})

    assert all_runs(workspace)[0]["status"] == "completed"
    assert workspace.journal.summaries()[run].digest == workspace.journal.heads()[0].digest


def test_the_end_of_an_attempt_keeps_it(workspace: Workspace) -> None:
    run = told(workspace, *ENDED)
    overview.keep(workspace, run)

    assert workspace.journal.summaries()[run].data["status"] == "completed"


def test_a_state_is_the_same_without_the_events_that_tell_nothing(workspace: Workspace) -> None:
    run = told(workspace, *BEGUN)
    for kind in (EventKind.FOUND, EventKind.NOTED, EventKind.PREFECT):
        workspace.journal.append(run, kind, step="a" if kind is EventKind.FOUND else "", data={"says": "x"})
        whole = fold(workspace.journal.events(run))
        assert fold(workspace.journal.events(run, kinds=TELLING, last=True)) == whole
        one_by_one = fold(workspace.journal.events(run)[:1])
        for event in workspace.journal.events(run)[1:]:
            one_by_one = after(one_by_one, event)
        assert one_by_one == whole
