"""
Whether a run may be made: everything that can be known to be wrong before anything is touched.

In the order in which a person would want to hear it: the files, the environment, the rehearsals
that production asks for, the environment's lease, and whether every database answers.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cutover import project as files
from cutover.app import assigning, authorship, volumes
from cutover.app.files import runbook_of
from cutover.app.forecasting import Outlook, outlook
from cutover.app.workspace import Workspace
from cutover.contract import AsksPeople, Step
from cutover.errors import GateClosed, LeaseHeld, StepFailed, WrongInput
from cutover.evidence import ledger, promotion
from cutover.evidence.promotion import Candidate, Verdict
from cutover.evidence.words import iso
from cutover.forecast.planned import planned
from cutover.kinds import KINDS, build_all
from cutover.model.forecast import Deadline
from cutover.model.injection import Injection
from cutover.model.migration import Migration
from cutover.model.people import People
from cutover.model.project import Environment, Mode
from cutover.model.rehearsal import PlannedStep, Rehearsal
from cutover.model.run import fold
from cutover.model.runbook import Runbook, StepSpec
from cutover.model.status import ENDED
from cutover.model.window import why_closed
from cutover.project import Digests, Problem
from cutover.redact import redact
from cutover.validation import load_contract
from cutover.voting.counting import check_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What would run, read and checked from the files alone."""

    environment: Environment
    runbook: Runbook
    steps: tuple[tuple[StepSpec, Step], ...]
    migrations: tuple[Migration, ...]
    digests: Digests
    step_digests: Mapping[str, str]
    rehearsals: tuple[Rehearsal, ...]
    heads: tuple[Mapping[str, Any], ...]  # of the steps, as `run.created` tells them
    outlook: Outlook
    verdict: Verdict

    @property
    def planned(self) -> Mapping[str, PlannedStep]:
        """Step -> what its forecast promises."""
        return planned(self.outlook.forecast)

    @property
    def databases(self) -> tuple[str, ...]:
        """The databases that the steps touch."""
        return assigning.databases_of(self.steps, self.migrations)


def propose(workspace: Workspace, runbook: Path, environment: str) -> Proposal:
    """Read everything that would run; WrongInput when any of it is wrong, with file and line."""
    where = workspace.environment(environment)
    book = runbook_of(workspace.project, runbook, where)
    where = book.demands.on(where)
    path = assigning.candidate_path(workspace, book)
    refuse_problems(files.lint(workspace.project, KINDS), path)
    migrations = workspace.migrations()
    import_validators(workspace, migrations)
    digests = files.digests(workspace.project, book, KINDS)
    step_digests = files.step_digests(book)
    rehearsals = known_rehearsals(workspace)
    now = workspace.clock.now()
    mine = tuple(past for past in rehearsals if past.runbook == book.name)
    rows = volumes.source_rows(workspace, where, migrations, {table for past in mine for table in past.volumes})
    candidate = Candidate(
        runbook=book.name,
        path=path,
        digests=digests,
        steps=step_digests,
        volumes=rows,
        variables=book.variables,
        skipped=frozenset(spec.id for spec in book.steps if _left_out(spec, book, where)),
    )
    verdict = promotion.may_go_live(candidate, where.requires, rehearsals=rehearsals, now=now)
    steps = build_all(book)
    heads = tuple(_head(spec, step, step_digests[spec.id], book, where) for spec, step in steps)
    proposal = Proposal(
        environment=where,
        runbook=book,
        steps=steps,
        migrations=migrations,
        digests=digests,
        step_digests=step_digests,
        rehearsals=rehearsals,
        heads=heads,
        outlook=outlook(heads, mine, rows, parallel=book.parallel, now=now, stop=book.hard_stop),
        verdict=verdict,
    )
    assigning.refuse_missing_databases(where, proposal.databases)
    return proposal


def refuse_problems(problems: list[Problem], runbook: str) -> None:
    """
    Raise WrongInput with the errors that concern this runbook: its own, and those of migrations and project.

    What is wrong with it in this environment was told when it was loaded; in another one it is wrong there only.
    """
    wrong = [problem for problem in problems if problem.severity == "error" and not _of_a_runbook(problem, but=runbook)]
    if wrong:
        more = f"\n{len(wrong) - 1} more: `cutover lint` lists them" if len(wrong) > 1 else ""
        raise WrongInput(f"{wrong[0].where}: {wrong[0].says}{more}", hint=wrong[0].hint)


def refuse_closed_window(environment: Environment, now: datetime) -> None:
    """Raise GateClosed when a go-live may not begin at that time in the environment."""
    if closed := why_closed(environment.window, now):
        raise GateClosed(
            f"nothing goes live in environment {environment.name!r} now: {closed}",
            hint="begin then; the window stands in cutover.yaml",
        )


def import_validators(workspace: Workspace, migrations: tuple[Migration, ...]) -> None:
    """Compile every validator that a migration names; WrongInput when one does not import."""
    for migration in migrations:
        for table in migration.tables:
            if table.validator:
                load_contract(workspace.project.content, table.validator)


def refuse_mode(environment: Environment, mode: Mode, runbook: str) -> None:
    """Raise WrongInput when somebody rehearses where it counts, or goes live where it does not."""
    if mode is Mode.REHEARSAL and environment.live:
        raise WrongInput(
            f"environment {environment.name!r} is live: nothing is rehearsed there",
            hint=f"`cutover go-live {runbook} --env {environment.name}` is the real thing",
        )
    if mode is Mode.LIVE and not environment.live:
        raise WrongInput(
            f"environment {environment.name!r} is not live: nobody goes live there",
            hint=f"`cutover rehearse {runbook} --env {environment.name}`, or write `live: true` in cutover.yaml",
        )


def refuse_without_keys(workspace: Workspace, proposal: Proposal) -> None:
    """Raise WrongInput when votes must be signed and a step asks people of whom too few have a key."""
    if proposal.environment.people is People.SIMULATED:
        return
    for spec, step in proposal.steps:
        if isinstance(step, AsksPeople) and step.asks():
            try:
                check_keys(proposal.environment, workspace.project.signers, step.asks(), step.asking().needs)
            except StepFailed as exc:
                raise WrongInput(f"step {spec.id!r}: {exc}", hint=exc.hint) from exc


def refuse_taken(workspace: Workspace, environment: str) -> None:
    """Raise LeaseHeld when a run of the environment has not come to its end; the caller holds its lease."""
    for run in [head.run for head in reversed(workspace.journal.heads()) if head.environment == environment]:
        state = fold(workspace.journal.events(run))
        if state.status not in ENDED:
            raise LeaseHeld(
                f"environment {environment!r} is taken by run {run!r}, which is {state.status.replace('_', ' ')}",
                hint=f"`cutover status {run}` says what it waits for; `cutover resume {run}` or roll it back",
            )


def refuse_silent_databases(workspace: Workspace, proposal: Proposal) -> dict[str, str]:
    """Ask every database who it is, and return that by name; raises what connecting raises."""
    return {
        name: workspace.database(proposal.environment, name).server_version() for name in proposal.databases
    }  # fmt: skip


def known_rehearsals(workspace: Workspace) -> tuple[Rehearsal, ...]:
    """The ledger: every rehearsal of the project that has ended, and whose record nobody has touched."""
    journal = workspace.journal
    return ledger.rehearsals(journal.events(run) for run in journal.runs() if not journal.verify_chain(run))


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a new run is for, who makes it, and on which databases (`assigning.identities`)."""

    mode: Mode
    drill: bool
    by: Mapping[str, str]
    places: Mapping[str, str]
    injections: tuple[Injection, ...] = ()  # faults that the rehearsal is put through


def created(workspace: Workspace, proposal: Proposal, purpose: Purpose) -> dict[str, Any]:
    """The data of the run's first event (docs/map.md, "Events of the journal"). WrongInput as `refuse_secrets`."""
    data = _created(workspace, proposal, purpose)
    refuse_secrets({name: value for name, value in data.items() if name not in _FREE_TEXT})
    return data


#: Sentences, in which a masked word harms nothing.
_FREE_TEXT = frozenset({"says", "owner", "promotion", "by"})


def refuse_secrets(data: Mapping[str, Any], where: str = "") -> None:
    """
    Raise WrongInput when a password equals something that names a part of the run.

    The journal masks known secrets: a run whose environment or step is called `***` could never be found again.
    """
    for name, value in data.items():
        place = f"{where}.{name}" if where else name
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                refuse_secrets({key: item for key, item in one.items() if key not in _FREE_TEXT}, place)
            elif isinstance(one, str) and redact(one) != one:
                raise WrongInput(
                    f"the run's own record would lose {place!r}: a password stands in it",
                    hint="use a password that is no word of the project",
                )


def _created(workspace: Workspace, proposal: Proposal, purpose: Purpose) -> dict[str, Any]:
    environment = proposal.environment
    return {
        "environment": environment.name,
        "lot": secrets.token_hex(6),
        "places": dict(purpose.places),
        "roles": {role: list(people) for role, people in environment.roles.items()},
        "people": str(environment.people),
        "mode": str(purpose.mode),
        "drill": purpose.drill,
        "injections": [one.plain() for one in purpose.injections],
        "runbook": proposal.runbook.name,
        "path": assigning.candidate_path(workspace, proposal.runbook),
        "strategy": str(proposal.runbook.strategy),
        "owner": proposal.runbook.owner,
        "project": workspace.project.name,
        "version": _version(),
        "by": dict(purpose.by),
        "digests": {
            "raw": proposal.digests.raw,
            "semantic": proposal.digests.semantic,
            "files": {path: list(pair) for path, pair in proposal.digests.files.items()},
        },
        "steps": [dict(head) for head in proposal.heads],
        "comms": str(environment.comms),
        **_changed(workspace, proposal),
        "parallel": proposal.runbook.parallel,
        "variables": dict(proposal.runbook.variables),
        "planned": {step: _planned(plan) for step, plan in proposal.planned.items()},
        "forecast": proposal.outlook.recorded(),
        **_hard_stop(proposal.outlook.deadline),
        "promotion": {
            "allowed": proposal.verdict.allowed,
            "lines": [{"met": line.met, "says": line.says, "runs": list(line.runs)} for line in proposal.verdict.lines],
        },
    }


def _changed(workspace: Workspace, proposal: Proposal) -> dict[str, Any]:
    """What is not as in the last rehearsal, and who wrote it: what approvers are shown, and who may not be one."""
    since = authorship.since_last(
        proposal.runbook.name, proposal.digests, proposal.step_digests, proposal.rehearsals
    )  # fmt: skip
    return {"since": since.plain(), "authors": authorship.authors(workspace.project, since)}


def _hard_stop(deadline: Deadline | None) -> dict[str, Any]:
    if deadline is None:
        return {"hard_stop": "", "floor_ms": 0}
    return {"hard_stop": iso(deadline.hard_stop), "floor_ms": deadline.floor_ms}


def _head(spec: StepSpec, step: Step, digest: str, book: Runbook, where: Environment) -> dict[str, Any]:
    return {
        "id": spec.id,
        "kind": spec.kind,
        "phase": spec.phase,
        "wave": spec.wave.name if spec.wave else "",
        "by": spec.by,
        "after": list(spec.after),
        "says": step.says(),
        "asks": list(step.asks()) if isinstance(step, AsksPeople) else [],
        "asking": step.asking().plain() if isinstance(step, AsksPeople) and step.asks() else {},
        "needs_evidence": isinstance(step, AsksPeople) and step.needs_evidence(),
        "digest": digest,
        "point_of_no_return": spec.point_of_no_return,
        "effects": bool(step.effects),
        "expect_ms": None if spec.expect_seconds is None else round(spec.expect_seconds * 1000),
        "skipped": _left_out(spec, book, where),
    }


def _left_out(spec: StepSpec, book: Runbook, where: Environment) -> str:
    """Why a run there leaves the step out; empty when it carries it out."""
    return book.why_skipped(spec, environment=where.name, mode=Mode.LIVE if where.live else Mode.REHEARSAL)


def _planned(plan: PlannedStep) -> dict[str, Any]:
    return {
        "ms": plan.ms,
        "source": str(plan.source),
        "n": plan.n,
        "start_ms": plan.start_ms,
        "end_ms": plan.end_ms,
        "p90_ms": plan.p90_ms,
        "end_p90_ms": plan.end_p90_ms,
        "critical_permille": plan.critical_permille,
    }


def _of_a_runbook(problem: Problem, *, but: str) -> bool:
    return bool(problem.runbook) or (problem.file.startswith("runbooks/") and problem.file != but)


def _version() -> str:
    from cutover import __version__

    return __version__
