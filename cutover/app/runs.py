"""Runs: made, carried on, rolled back. What the flows and the command line call; usable as a Python API."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

from cutover import points
from cutover.app import (
    admission,
    assigning,
    fencing,
    forecasting,
    glass,
    notices,
    overview,
    proof,
    reports,
    separation,
    signals,
)
from cutover.app.faults import faults as faults_of
from cutover.app.standing import scope_of, state_of
from cutover.app.watch import WatchedJournal, Watcher, guarded
from cutover.app.workspace import Workspace, who_am_i
from cutover.contract import Observer, RunResult
from cutover.engine import Assignment, Engine, Ports, deciding
from cutover.evidence.promotion import demand
from cutover.evidence.words import duration, short
from cutover.forecast.planned import total_ms
from cutover.journal.lease import Lease
from cutover.journal.store import Journal
from cutover.model.migration import Migration
from cutover.model.project import Mode
from cutover.model.status import EventKind
from cutover.redact import redact
from cutover.words import counted

_LOG = logging.getLogger("cutover.run")


#: Leases that are given back by the end of the process, and not before.
_KEPT: list[ExitStack] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that is in the journal and may begin."""

    run: str
    says: str


class Undo(Protocol):
    """Why a rollback was asked for, and whether a person answers for a world that is not as before."""

    @property
    def because(self) -> str:
        """The reason, for the journal."""

    @property
    def accept_differences(self) -> bool:
        """Whether it may end with differences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a run's next attempt will be."""

    runbook: str
    environment: str
    mode: Mode
    attempt: int


def prepare(
    workspace: Workspace,
    runbook: Path,
    environment: str,
    *,
    mode: Mode,
    drill: bool = False,
    inject: Sequence[str] = (),
) -> Prepared:
    """
    Make a new run, or refuse to, with a reason and before anything is touched. `inject`: faults, for rehearsals only.

    WrongInput (files, environment), GateClosed (rehearsals are missing), LeaseHeld (the environment is taken), or
    what connecting to one of the databases raises.
    """
    admission.refuse_mode(workspace.environment(environment), mode, str(runbook))
    proposal = admission.propose(workspace, runbook, environment)
    if mode is Mode.LIVE:
        admission.refuse_closed_window(proposal.environment, workspace.clock.now())
        demand(proposal.verdict, environment=environment)
        glass.refuse_unreviewed(workspace, environment)
    admission.refuse_without_keys(workspace, proposal)
    injections = faults_of(proposal.steps, mode, inject)
    by = who_am_i()
    with _lease(workspace, environment, "a new run", by):
        admission.refuse_taken(workspace, environment)
        places = assigning.identities(workspace, proposal.environment, proposal.databases)
        purpose = admission.Purpose(mode=mode, drill=drill, by=by, places=places, injections=injections)
        run = workspace.journal.create_run(environment, admission.created(workspace, proposal, purpose))
        points.reach("run.created")
        workspace.journal.append(run, EventKind.RUN_ARMED)
        points.reach("run.armed")
    total = total_ms(proposal.planned)
    says = (
        f"{run}: {counted(len(proposal.steps), 'step')} of {proposal.runbook.name!r}, "
        f"{'live' if mode is Mode.LIVE else 'rollback drill' if drill else 'rehearsal'} in {environment}, "
        f"digest {short(proposal.digests.semantic)}" + (f", planned {duration(total)}" if total else "")
    )
    return Prepared(run=run, says=says)


def about(workspace: Workspace, run: str) -> About:
    """What the next attempt of that run will be; WrongInput when there is no such run."""
    state = state_of(workspace, run)
    return About(
        runbook=str(state.created["runbook"]),
        environment=state.environment,
        mode=state.mode,
        attempt=state.attempts + 1,
    )


def entry_of(workspace: Workspace, run: str) -> str:
    """The flow file that carries this run on; WrongInput when there is no such run or nothing is left to resume."""
    state = state_of(workspace, run)
    deciding.refuse_ended(state)
    return "go_live" if state.mode is Mode.LIVE else "rehearse"


def attempt(workspace: Workspace, run: str, *, observer: Observer, watcher: Watcher | None) -> RunResult:
    """Carry the run on from where the journal says it stands: forward, or back when a rollback has begun."""
    state = state_of(workspace, run)
    deciding.refuse_ended(state)
    separation.refuse_voter(workspace, state)
    return _carried(workspace, run, observer, watcher, lambda engine: engine.attempt())


def roll_back(workspace: Workspace, run: str, undo: Undo, *, observer: Observer, watcher: Watcher | None) -> RunResult:
    """Undo everything the run did, because a person asked for it; refused where `may_roll_back` refuses."""
    may_roll_back(workspace, run)

    def work(engine: Engine) -> RunResult:
        return engine.roll_back(undo.because, accept=undo.accept_differences)

    return _carried(workspace, run, observer, watcher, work, back=True)


def waive_deadline(workspace: Workspace, run: str, reason: str) -> None:
    """Let the run go on although a rollback would not end before its hard stop; who said so is in the evidence."""
    deciding.refuse_ended(state_of(workspace, run))
    data = {"reason": redact(reason), "by": dict(who_am_i())}
    workspace.journal.append(run, EventKind.DEADLINE_WAIVED, data=data)


def may_roll_back(workspace: Workspace, run: str) -> None:
    """Raise WrongInput, with the reason, when that run cannot be rolled back."""
    deciding.refuse_rollback(state_of(workspace, run))


def note_prefect(workspace: Workspace, run: str, facts: Mapping[str, Any]) -> None:
    """Write into the journal what Prefect has of the attempt; nothing when another process has taken the run over."""
    if fencing.was_overtaken(run):
        return
    workspace.journal.append(run, EventKind.PREFECT, data=dict(facts))
    if facts.get("says") != "begun":
        _write_report(workspace, run)


def _carried(
    workspace: Workspace,
    run: str,
    observer: Observer,
    watcher: Watcher | None,
    work: Callable[[Engine], RunResult],
    *,
    back: bool = False,
) -> RunResult:
    by = who_am_i()
    environment = state_of(workspace, run).environment
    with ExitStack() as held:
        lease = held.enter_context(_lease(workspace, environment, run, by))
        watching = held.enter_context(notices.posting(workspace, run, watcher))
        state = state_of(workspace, run)
        assignment, migrations = assigning.assign(workspace, state, back=back or deciding.goes_back(state))
        names = assigning.databases_of(assignment.steps, migrations)
        assigning.refuse_other_places(state, assigning.identities(workspace, assignment.environment, names))
        ports = replace(_ports(workspace, assignment, migrations, watching, by), confirm=lease.confirm)
        ports = replace(ports, **_hard_stop(workspace, run))
        ports = fencing.take_over(workspace, assignment, migrations, ports=ports, lease=lease)
        engine = Engine(assignment, ports, observer, token=lease.token)
        try:
            with fencing.carrying(lease), signals.asking(engine.signalled):
                return work(engine)
        finally:
            if engine.at_work:  # somebody has left for good: nobody may take over before these threads are gone
                _KEPT.append(held.pop_all())
            _write_report(workspace, run)


def _ports(
    workspace: Workspace,
    assignment: Assignment,
    migrations: tuple[Migration, ...],
    watcher: Watcher,
    by: Mapping[str, str],
) -> Ports:
    environment = assignment.environment
    names = assigning.databases_of(assignment.steps, migrations)
    return Ports(
        journal=cast(Journal, WatchedJournal(workspace.journal, watcher)),
        quarantine=workspace.quarantine,
        clock=workspace.clock,
        by=by,
        database=lambda name: workspace.database(environment, name),
        migration_of=lambda table: assigning.migration_of(migrations, table),
        prove=lambda: proof.fingerprint_world(environment, [workspace.database(environment, name) for name in names]),
        tell=guarded(watcher),
    )


def _hard_stop(workspace: Workspace, run: str) -> dict[str, Any]:
    """The ports that ask the forecast; looked at when they are asked, because time goes on."""
    return {
        "may_begin": lambda step: forecasting.may_begin(workspace, run, step),
        "rollback_fits": lambda: forecasting.rollback_fits(workspace, run),
    }


def _lease(workspace: Workspace, environment: str, run: str, by: Mapping[str, str]) -> AbstractContextManager[Lease]:
    return workspace.journal.acquire(scope_of(environment), run, by)


def _write_report(workspace: Workspace, run: str) -> None:
    """The page of the run as it stands, and its line in the list of runs."""
    try:
        reports.write(workspace, run, None)
        overview.keep(workspace, run)
    except Exception as exc:  # noqa: BLE001 — a view, and a defect of it must not hide how the run ended
        _LOG.warning("the report of %s is not written: %s", run, redact(f"{type(exc).__name__}: {exc}"))
