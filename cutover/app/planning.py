"""What a run would do now, step by step, and whether it may begin. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutover.app import admission, assigning
from cutover.app.admission import Proposal
from cutover.app.workspace import Workspace
from cutover.contract import Context, Step, Vote
from cutover.dataplane.database import Database
from cutover.errors import CutoverError
from cutover.evidence.words import duration
from cutover.forecast.planned import total_ms, unknown_steps
from cutover.model.migration import Migration
from cutover.model.outcome import Action, Facts, Finding, Progress
from cutover.model.project import Mode
from cutover.model.rehearsal import PlannedStep, PlanSource
from cutover.model.runbook import StepSpec
from cutover.redact import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMoves:
    """What one step would do now, or why that cannot be said yet."""

    step: str
    kind: str
    says: str
    actions: tuple[Action, ...] = ()
    not_yet: str = ""
    planned: str = ""
    point_of_no_return: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole plan, as a person approves it."""

    runbook: str
    environment: str
    digest: str
    steps: tuple[PlannedMoves, ...]
    verdict: tuple[str, ...]
    may_begin: bool
    total_ms: int | None = None
    databases: Mapping[str, str] = field(default_factory=dict)  # name -> what the server says it is

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "runbook": self.runbook,
            "environment": self.environment,
            "digest": self.digest,
            "may_begin": self.may_begin,
            "verdict": list(self.verdict),
            "planned_ms": self.total_ms,
            "databases": dict(self.databases),
            "steps": [
                {
                    "step": one.step,
                    "kind": one.kind,
                    "says": one.says,
                    "actions": [{"says": action.says, "undo": action.undo} for action in one.actions],
                    "not_yet": one.not_yet,
                    "planned": one.planned,
                    "point_of_no_return": one.point_of_no_return,
                }
                for one in self.steps
            ],
        }


def plan(workspace: Workspace, runbook: Path, environment: str) -> Plan:
    """Ask every step what it would do now; raises what is wrong with files or databases."""
    proposal = admission.propose(workspace, runbook, environment)
    databases = admission.refuse_silent_databases(workspace, proposal)
    steps = tuple(
        _moves(spec, step, proposal.planned[spec.id], _PlanContext(workspace, proposal, spec))
        for spec, step in proposal.steps
    )
    return Plan(
        runbook=proposal.runbook.name,
        environment=environment,
        digest=proposal.digests.semantic,
        steps=steps,
        verdict=tuple(_verdict(proposal)),
        may_begin=proposal.verdict.allowed,
        total_ms=total_ms(proposal.planned),
        databases=databases,
    )


def _moves(spec: StepSpec, step: Step, planned: PlannedStep, ctx: Context) -> PlannedMoves:
    actions: tuple[Action, ...] = ()
    not_yet = ""
    try:
        actions = tuple(step.plan(ctx))
    except CutoverError as exc:  # tables that an earlier step makes are not there yet
        not_yet = f"{step.says()} — cannot be said in detail yet: {redact(str(exc))}"
    return PlannedMoves(
        step=spec.id,
        kind=spec.kind,
        says=step.says(),
        actions=actions,
        not_yet=not_yet,
        planned=_planned(planned),
        point_of_no_return=spec.point_of_no_return,
    )


def _planned(planned: PlannedStep) -> str:
    if planned.ms is None:
        return "?"
    source = f"rehearsed {planned.n}×" if planned.source is PlanSource.REHEARSED else "expected"
    return f"{duration(planned.ms)} ({source})"


def _verdict(proposal: Proposal) -> list[str]:
    total = total_ms(proposal.planned)
    unknown = unknown_steps(proposal.planned)
    if total is not None:
        said = [f"planned: {duration(total)} of work, without waiting for people"]
    else:
        said = [f"nobody has rehearsed or estimated {', '.join(unknown)}, so the whole has no planned length"]
    if not proposal.environment.live:
        return [*said, f"may begin: {proposal.environment.name} asks for no rehearsals"]
    said += [f"{'✓' if line.met else '✗'} {line.says}" for line in proposal.verdict.lines]
    if proposal.verdict.allowed:
        return [*said, "may go live"]
    return [*said, "may not go live yet; next: " + "; then ".join(proposal.verdict.commands)]


class _PlanContext(Context):
    """The world as a plan sees it: databases to read, nothing remembered, nothing to write to."""

    def __init__(self, workspace: Workspace, proposal: Proposal, spec: StepSpec) -> None:
        self.project = workspace.project
        self.environment = proposal.environment
        self.mode = Mode.LIVE if proposal.environment.live else Mode.REHEARSAL
        self.run = self.mark = f"{proposal.environment.name}-plan"
        self.spec = spec
        self.attempt = 0
        self.clock = workspace.clock
        self.workdir = workspace.project.state / "runs" / "RUN"  # named in what it says, and not made
        self.quarantine = workspace.quarantine
        self._workspace = workspace
        self._migrations = proposal.migrations

    def database(self, name: str) -> Database:
        return self._workspace.database(self.environment, name)

    def migration_of(self, table: str) -> Migration:
        return assigning.migration_of(self._migrations, table)

    def facts(self, step_id: str) -> Facts:
        return {}

    def remember(self, name: str, value: Any) -> Any:
        raise AssertionError("a plan has nothing to remember")

    def remembered(self, name: str) -> Any | None:
        return None

    def votes(self) -> Sequence[Vote]:
        return ()

    def decide(self, decision: str, votes: Sequence[Vote]) -> None:
        raise AssertionError("a plan decides nothing")

    def tell(self, progress: Progress) -> None:
        """Nobody is looking."""

    def log(self, line: str) -> None:
        """Nobody is reading."""

    def find(self, finding: Finding) -> None:
        raise AssertionError("a plan finds nothing")
