"""The two roads into an attempt; here the one of the command line, in an environment without Prefect."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cutover.app.watch import Watcher
from cutover.app.workspace import Workspace
from cutover.contract import Observer, RunResult
from cutover.errors import ExitStatus
from cutover.flow import entry
from cutover.model.outcome import Fate, Outcome
from cutover.model.project import Mode
from cutover.model.status import RunStatus

FLOWS = Path(__file__).parents[3] / "flows"
PROJECT = """\
project: shop
prefect: {use: "off"}
environments:
  dev:
    databases: {old: "sqlite:///old.db"}
    people: simulated
"""


@dataclass(frozen=True)
class First:
    """The first attempt of a rehearsal."""

    runbook: str = "Shop"
    environment: str = "dev"
    mode: Mode = Mode.REHEARSAL
    attempt: int = 1


@dataclass
class Asked:
    """Keeps what was asked of the application's runs, and carries out one step."""

    calls: list[str] = field(default_factory=list)

    def prepare(self, *_: Any, **__: Any) -> entry.Prepared:
        raise AssertionError("the command line prepares before it carries")

    def about(self, workspace: Workspace, run: str) -> entry.About:
        return First()

    def attempt(self, workspace: Workspace, run: str, *, observer: Observer, watcher: Watcher | None) -> RunResult:
        return self._carried_out("attempt", run, observer)

    def roll_back(
        self, workspace: Workspace, run: str, undo: entry.Asked, *, observer: Observer, watcher: Watcher | None
    ) -> RunResult:
        return self._carried_out(f"roll back because {undo.because}", run, observer)

    def note_prefect(self, workspace: Workspace, run: str, facts: Mapping[str, Any]) -> None:
        self.calls.append("note")

    def _carried_out(self, what: str, run: str, observer: Observer) -> RunResult:
        self.calls.append(f"{what} {run}")
        observer.step("copy", moment="run", attempt=1, work=lambda: Outcome(fate=Fate.DONE))
        return RunResult(run=run, status=RunStatus.COMPLETED, exit_status=ExitStatus.DONE, says="")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "cutover.yaml").write_text(PROJECT)
    return tmp_path


def test_carrying_makes_one_attempt(project: Path) -> None:
    asked = Asked()
    assert entry.carry(project, "dev-1", runs=asked).status is RunStatus.COMPLETED
    assert asked.calls == ["attempt dev-1"]


def test_a_reason_makes_it_a_rollback(project: Path) -> None:
    asked = Asked()
    entry.carry(project, "dev-1", undo=entry.Undo(because="eve said so"), runs=asked)
    assert asked.calls == ["roll back because eve said so dev-1"]


@pytest.mark.parametrize("name", ["rehearse", "go_live", "roll_back"])
def test_the_command_line_does_not_wait_for_prefect(name: str) -> None:
    program = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("cutover_project_flows_{name}", {str(FLOWS / name)!r} + ".py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
assert callable(module.main) and callable(module.{name})
sys.exit("prefect" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
