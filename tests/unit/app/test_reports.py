"""The report from a real journal and a real quarantine: as data, and as a file that is whole or not there."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from cutover.app import reports
from cutover.app.workspace import Workspace
from cutover.errors import WrongInput
from cutover.journal.quarantine import AmendedValue, QuarantinedRow, SqlQuarantine
from cutover.journal.store import SqlJournal
from cutover.model.project import Project
from tests.unit.evidence import runs

RUN = "production-1"


class Told:
    """A clock that says what it is told."""

    def __init__(self) -> None:
        self.at = runs.Tape().now

    def now(self) -> datetime:
        return self.at

    def tick(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits for a report")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A project in which one run went live, with two rows in quarantine and one old value."""
    clock, state = Told(), tmp_path / ".cutover"
    state.mkdir()
    project = Project(name="p", root=tmp_path, environments={}, journal=state / "journal.db", state=state)
    journal, quarantine = SqlJournal(project.journal, clock=clock), SqlQuarantine(project.journal)
    first, *others = runs.went_live()
    journal.create_run("production", first.data)
    for event in others:
        clock.at = event.at
        journal.append(RUN, event.kind, step=event.step, attempt=event.attempt, data=event.data)
    rows = [QuarantinedRow(key=key, values={"wind": "1048"}, reasons=("wind:max",)) for key in ("7", "9")]
    old = [AmendedValue(key="3", column="tail", before="N1", reason="not in the register")]
    for step, table, kept, amended in (
        ("copy-weather", "weather_observation", rows, []),
        ("copy-flights", "flight", [], old),
    ):
        quarantine.replace_chunk(run=RUN, step=step, table=table, chunk=1, rows=kept, amended=amended)
    return Workspace(project=project, journal=journal, quarantine=quarantine, clock=clock)


def test_the_data_come_from_the_journal_the_chain_and_the_quarantine(workspace: Workspace) -> None:
    told = reports.as_data(workspace, RUN)

    assert (told["status"], told["run"]["id"], told["journal"]["verified"]) == ("completed", RUN, True)
    assert [(row["table"], row["step"], row["key"]) for row in told["quarantine"]] == [
        ("weather_observation", "copy-weather", "7"),
        ("weather_observation", "copy-weather", "9"),
    ]
    assert told["quarantine_totals"][0]["rows"] == 2
    assert told["amended"][0]["before"] == "N1"
    assert json.loads(json.dumps(told)) == told


def test_the_page_goes_to_the_folder_of_the_run_and_only_its_owner_reads_it(workspace: Workspace) -> None:
    file = reports.write(workspace, RUN)

    assert file == workspace.project.state / "runs" / RUN / "report.html"
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert file.stat().st_mode & 0o777 == 0o600


def test_it_is_replaced_whole_and_leaves_nothing_beside_it(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "made" / "here" / "night.html"

    assert reports.write(workspace, RUN, file) == file
    before = file.stat().st_ino
    reports.write(workspace, RUN, file)

    assert file.stat().st_ino != before
    assert [one.name for one in file.parent.iterdir()] == ["night.html"]


def test_an_unknown_run_is_refused_and_nothing_is_written(workspace: Workspace) -> None:
    with pytest.raises(WrongInput, match="production-9"):
        reports.write(workspace, "production-9")

    assert not (workspace.project.state / "runs").exists()


def test_a_place_that_cannot_be_written_is_named(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(WrongInput, match=r"in-the-way\.html"):
        reports.write(workspace, RUN, tmp_path / "file" / "in-the-way.html")


def test_a_folder_in_its_place_stays_and_nothing_is_left_beside_it(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "night.html").mkdir()

    with pytest.raises(WrongInput):
        reports.write(workspace, RUN, tmp_path / "night.html")
    assert [one.name for one in tmp_path.iterdir() if "partial" in one.name] == []
