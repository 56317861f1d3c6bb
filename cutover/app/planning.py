"""What a run would do now, step by step, and whether it may begin. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutover.app import admission, assigning
from cutover.app.admission import Proposal
from cutover.app.forecasting import Asked, Outlook, asked_for
from cutover.app.workspace import Workspace
from cutover.contract import Context, Step
from cutover.dataplane.database import Database
from cutover.errors import CutoverError
from cutover.evidence.words import duration, iso
from cutover.forecast.planned import total_ms, unknown_steps
from cutover.model.event import Event
from cutover.model.forecast import LastStart
from cutover.model.migration import Migration
from cutover.model.outcome import Action, Facts, Finding, Progress
from cutover.model.people import Vote
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
    outlook: Outlook | None = None  # None: a plan without its times
    last_starts: tuple[LastStart, ...] = ()
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
            "forecast": _forecast(self.outlook, self.last_starts) if self.outlook else None,
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


def plan(workspace: Workspace, runbook: Path, environment: str, asked: Asked | None = None) -> Plan:
    """Ask every step what it would do now, and how long; raises what is wrong with files or databases."""
    proposal = admission.propose(workspace, runbook, environment)
    outlook = asked_for(proposal.outlook, asked) if asked else proposal.outlook
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
        outlook=outlook,
        last_starts=outlook.last_starts(),
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
    if planned.source in (PlanSource.PEOPLE, PlanSource.NOTHING):
        return {PlanSource.PEOPLE: "waits for people", PlanSource.NOTHING: "left out"}[planned.source]
    source = f"rehearsed {planned.n}×" if planned.source is PlanSource.REHEARSED else "expected"
    return f"{duration(planned.ms)} ({source})"


def _verdict(proposal: Proposal) -> list[str]:
    total = total_ms(proposal.planned)
    unknown = unknown_steps(proposal.planned)
    if total is not None:
        late = duration(proposal.outlook.forecast.p90_ms)
        said = [f"planned: {duration(total)} of work (P50), {late} in nine of ten cases (P90), people not counted"]
    else:
        said = [f"nobody has rehearsed or estimated {', '.join(unknown)}, so the whole has no planned length"]
    if not proposal.environment.live:
        return [*said, f"may begin: {proposal.environment.name} asks for no rehearsals"]
    said += [f"{'✓' if line.met else '✗'} {line.says}" for line in proposal.verdict.lines]
    if proposal.verdict.allowed:
        return [*said, "may go live"]
    return [*said, "may not go live yet; next: " + "; then ".join(proposal.verdict.commands)]


def _forecast(outlook: Outlook, last_starts: Sequence[LastStart]) -> dict[str, Any]:
    forecast, deadline = outlook.forecast, outlook.deadline
    return {
        "begin": iso(forecast.now),
        "p50_end": iso(forecast.p50_end),
        "p90_end": iso(forecast.p90_end),
        **forecast.plain(),
        "hard_stop": iso(deadline.hard_stop) if deadline else None,
        "floor_ms": deadline.floor_ms if deadline else 0,
        "zone": outlook.zone,
        "rehearsals": list(outlook.expectations.runs),
        "volume_permille": {run: round(ratio * 1000) for run, ratio in outlook.volumes.items()},
        "last_starts": {
            one.step: {
                "at": iso(one.at) if one.at else None,
                "says": one.says,
                "rollback_p90_ms": one.rollback_p90_ms,
                "never_rehearsed": list(one.missing),
            }
            for one in last_starts
        },
    }


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

    def safe_point(self) -> None:
        """Nobody stops a plan."""

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

    def events(self) -> Sequence[Event]:
        return ()

    def rollback_fits(self) -> str:
        return ""

    def decide(self, decision: str, votes: Sequence[Vote]) -> None:
        raise AssertionError("a plan decides nothing")

    def tell(self, progress: Progress) -> None:
        """Nobody is looking."""

    def log(self, line: str) -> None:
        """Nobody is reading."""

    def find(self, finding: Finding) -> None:
        raise AssertionError("a plan finds nothing")
