"""Files that prove a manual step: kept as they were given, bound to the vote, and compared again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cutover.app import evidence_files
from cutover.app.approval import Ballot, approve
from cutover.app.standing import state_of
from cutover.app.workspace import Workspace
from cutover.errors import WrongInput
from cutover.model.status import RunStatus
from tests.unit.app.small import carried, prepared, small


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small(tmp_path)


@pytest.fixture
def run(workspace: Workspace) -> str:
    """It waits at the notices, which count only with evidence."""
    run = prepared(workspace, "test")
    carried(workspace, run)
    for person in ("olivia", "oscar"):
        approve(workspace, run, Ballot(step="gate", reason="fine", person=person))
    carried(workspace, run)
    return run


def given(tmp_path: Path, content: bytes = b"a photo of the notices") -> Path:
    file = tmp_path / "photo 7.jpg"
    file.write_bytes(content)
    return file


def done(*files: Path) -> Ballot:
    return Ballot(step="notices", reason="they hang", person="dana", files=files)


def test_a_file_is_copied_and_its_digest_stands_in_the_journal(workspace: Workspace, run: str, tmp_path: Path) -> None:
    file = given(tmp_path)
    approve(workspace, run, done(file))
    assert carried(workspace, run).status is RunStatus.COMPLETED

    (kept,) = state_of(workspace, run).step("notices").facts["files"]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (kept["name"], kept["sha256"], kept["bytes"]) == ("photo 7.jpg", digest, 22)
    copy = workspace.project.state / "runs" / run / kept["kept"]
    assert copy.read_bytes() == file.read_bytes()
    assert copy.stat().st_mode & 0o077 == 0
    assert evidence_files.problem_of(workspace, run, kept) == ""


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda file: file.write_bytes(b"another photo"), "the run's copy is not what was given: its digest differs"),
        (lambda file: file.unlink(), "the run's copy is not there any more"),
    ],
    ids=["edited", "removed"],
)
def test_what_becomes_of_the_copy_is_seen(
    spoil: object, says: str, workspace: Workspace, run: str, tmp_path: Path
) -> None:
    approve(workspace, run, done(given(tmp_path)))
    (vote,) = state_of(workspace, run).step("notices").votes
    (kept,) = vote["files"]

    spoil(workspace.project.state / "runs" / run / kept["kept"])  # type: ignore[operator]
    assert evidence_files.problem_of(workspace, run, kept) == says


@pytest.mark.parametrize("what", ["missing", "empty", "folder"])
def test_what_is_no_evidence_is_refused_and_nothing_is_written(
    what: str, workspace: Workspace, run: str, tmp_path: Path
) -> None:
    file = {"missing": tmp_path / "nowhere", "empty": given(tmp_path, b""), "folder": tmp_path}[what]
    before = workspace.journal.events(run)

    with pytest.raises(WrongInput, match="file of evidence"):
        approve(workspace, run, done(file))
    assert workspace.journal.events(run) == before
    assert not (workspace.project.state / "runs" / run / "evidence").exists()
