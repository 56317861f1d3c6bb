"""The project's flow files as the command line loads them: before a run is made, and refused in plain words."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.app.workspace import open_workspace
from cutover.cli import running
from cutover.cli.options import Settings
from cutover.errors import WrongInput
from tests.unit.app.small import RUNBOOK, small, write

BROKEN = [
    ("import no_such_module\n", "does not import: ModuleNotFoundError"),
    ("def main(:\n", "does not import: SyntaxError"),
    ("raise RuntimeError('no')\n", "does not import: RuntimeError: no"),
    ("import sys\nsys.exit(3)\n", "does not import: SystemExit: 3"),
    ("x = 1\n", "defines no function 'main'"),
    ("main = 1\n", "defines no function 'main'"),
]


def refusal(root: Path, entry: str) -> WrongInput:
    with pytest.raises(WrongInput) as refused:
        running.load_flow(root, entry)
    return refused.value


def test_a_flow_file_is_loaded_by_path(tmp_path: Path) -> None:
    small(tmp_path)

    assert callable(running.load_flow(tmp_path, "go_live").main)


def test_a_missing_flow_file_is_named_with_the_way_to_get_one(tmp_path: Path) -> None:
    refused = refusal(tmp_path, "go_live")

    assert "flows/go_live.py is not in project" in str(refused)
    assert "cutover init" in refused.hint


@pytest.mark.parametrize(("text", "says"), BROKEN)
def test_a_broken_flow_file_is_the_projects_fault(tmp_path: Path, text: str, says: str) -> None:
    write(tmp_path, "flows/go_live.py", text)

    assert says in str(refusal(tmp_path, "go_live"))


@pytest.mark.parametrize("text", [text for text, _ in BROKEN])
def test_no_run_is_made_when_its_flow_cannot_be_loaded(tmp_path: Path, text: str) -> None:
    small(tmp_path)
    write(tmp_path, "flows/rehearse.py", text)

    with pytest.raises(WrongInput, match=r"flows/rehearse\.py"):
        running.start(
            Settings(project=tmp_path, server=lambda: pytest.fail("no server")),
            RUNBOOK,
            "dev",
            entry="rehearse",
            drill=False,
            machine=True,
        )
    assert open_workspace(tmp_path).journal.runs() == ()
