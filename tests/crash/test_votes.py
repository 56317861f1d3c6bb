"""A voter's process that dies: the vote stands wholly or not at all, and the person can go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cutover.app.approval import POINTS, Ballot, approve
from cutover.app.standing import state_of
from cutover.app.workspace import Workspace, open_workspace
from cutover.errors import WrongInput
from cutover.points import KILL_AT
from tests.unit.app.small import carried, prepared, small

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small(tmp_path)


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
def test_killed_while_voting(point: str, workspace: Workspace, tmp_path: Path) -> None:
    run = prepared(workspace, "test")
    carried(workspace, run)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"notices")
    words = ("approve", run, "gate", "--go", "--as", "olivia", "--reason", "fine", "--evidence-file", str(photo))
    environ = {**os.environ, KILL_AT: point, "CUTOVER_PROJECT": str(tmp_path), "PYTHONPATH": str(REPOSITORY)}
    died = subprocess.run(
        [sys.executable, "-m", "cutover", *words],
        env=environ,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )

    assert died.returncode == -signal.SIGKILL
    again = open_workspace(tmp_path)
    assert again.journal.verify_chain(run) == []
    said = Ballot(step="gate", reason="fine", person="olivia", files=(photo,))
    if point == "approval.voted":
        with pytest.raises(WrongInput, match="has voted go at 'gate' already"):
            approve(again, run, said)
    else:
        approve(again, run, said)
    (vote,) = state_of(again, run).step("gate").votes
    assert (tmp_path / ".cutover" / "runs" / run / vote["files"][0]["kept"]).read_bytes() == b"notices"
