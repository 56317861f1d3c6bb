"""What the engine is given: the run it carries out, and the world it may touch. Values and ports, nothing that acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cutover.clock import Clock
from cutover.contract import Step
from cutover.journal.quarantine import QuarantineStore
from cutover.journal.store import Journal
from cutover.model.migration import Migration
from cutover.model.outcome import Progress
from cutover.model.project import Environment, Project
from cutover.model.runbook import Runbook, StepSpec

if TYPE_CHECKING:
    from cutover.dataplane.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One run and what it is made of. `steps` stand in running order."""

    run: str
    project: Project
    environment: Environment
    runbook: Runbook
    steps: tuple[tuple[StepSpec, Step], ...]
    workdir: Path  # of this run; survives a crash

    def spec(self, step_id: str) -> StepSpec:
        """The specification of that step; KeyError when the run has none."""
        return self.runbook.step(step_id)

    def step(self, step_id: str) -> Step:
        """The step itself; KeyError when the run has none."""
        for spec, step in self.steps:
            if spec.id == step_id:
                return step
        raise KeyError(step_id)


def _nothing() -> None:
    """Nobody else can have taken the lease."""


def _may(_step: str) -> str:
    """There is no hard stop."""
    return ""


def _fits() -> str:
    """There is no hard stop."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ways out of the engine."""

    journal: Journal
    quarantine: QuarantineStore
    clock: Clock
    by: Mapping[str, str]  # user, host, pid
    database: Callable[[str], Database]  # raises StepFailed when the environment has none of that name
    migration_of: Callable[[str], Migration]  # raises StepFailed when no migration fills that table
    prove: Callable[[], Mapping[str, str]]  # fingerprints of the world: {"new.flight": "329174 rows 1f0c…"}
    tell: Callable[[Progress], None]
    confirm: Callable[[], None] = _nothing  # raises when this process has lost the run's lease
    may_begin: Callable[[str], str] = _may  # why that step would leave no time for a rollback behind it; empty: it may
    rollback_fits: Callable[[], str] = _fits  # why a rollback would not end in time; empty: it would
