"""A person's word at a gate or on a manual step, checked and written into the journal. Votes never change."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from cutover.app.standing import as_made, state_of
from cutover.app.workspace import Workspace, who_am_i
from cutover.contract import Vote
from cutover.errors import WrongInput
from cutover.journal.chain import Overtaken
from cutover.model.project import Environment
from cutover.model.run import RunState, StepState
from cutover.model.status import ENDED, EventKind, StepStatus
from cutover.redact import redact

#: How often the run is looked at again when it has moved between the look and the vote.
_LOOKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What a person says."""

    step: str
    go: bool
    reason: str
    person: str | None = None  # declared; None: the system user
    role: str | None = None  # None: the one of the step's roles that the person has
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A vote that stands in the journal."""

    run: str
    step: str
    vote: Vote
    says: str
    next: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "run": self.run,
            "step": self.step,
            "vote": asdict(self.vote),
            "says": self.says,
            "next": list(self.next),
        }


def approve(workspace: Workspace, run: str, ballot: Ballot) -> Cast:
    """
    Write a vote. Nothing is written when it is refused: WrongInput with the reason.

    Refused are a step that is not waiting, a person without the role, a second vote by the same person, a name that
    is not believed here, and a vote without a reason.
    """
    for _ in range(_LOOKS - 1):
        with suppress(Overtaken):  # the run went on since we looked: what was true of it may not be any more
            return _voted(workspace, run, ballot)
    return _voted(workspace, run, ballot)


def _voted(workspace: Workspace, run: str, ballot: Ballot) -> Cast:
    state = state_of(workspace, run)
    environment = as_made(state, workspace.environment(state.environment))
    step = _waiting_step(state, ballot.step)
    if not ballot.reason.strip():
        raise WrongInput("a vote needs a reason", hint='--reason "…"; it stands in the journal and in the report')
    who = who_am_i()
    person = _person(environment, ballot.person, who)
    made = _as_made(state, step.id)
    role = _role(environment, person, ballot.role, tuple(made["asks"]))
    _refuse_unproved(made, ballot)
    _refuse_second(state, step, person)
    vote = Vote(
        person=person,
        system_user=who["user"],
        role=role,
        go=ballot.go,
        reason=redact(ballot.reason.strip()),
        at=workspace.clock.now().isoformat(),
        evidence=redact(ballot.evidence.strip()),
    )
    workspace.journal.append(
        run, EventKind.VOTED, step=step.id, attempt=step.attempts, data=asdict(vote), after=state.seq
    )
    word = "go" if ballot.go else "no-go"
    return Cast(
        run=run,
        step=step.id,
        vote=vote,
        says=f"{person} ({role}) says {word} at {step.id} of {run}: {vote.reason}",
        next=(f"cutover resume {run}",),
    )


def _waiting_step(state: RunState, step_id: str) -> StepState:
    waiting = [step.id for step in state.steps.values() if _waits(step)]
    said = f"it waits at: {', '.join(waiting)}" if waiting else "it waits for nobody now"
    if state.status in ENDED:
        raise WrongInput(
            f"run {state.run!r} is {state.status.replace('_', ' ')}: nobody is asked any more",
            hint=f"`cutover status {state.run}` shows where it stands",
        )
    if step_id not in state.steps:
        raise WrongInput(f"run {state.run!r} has no step {step_id!r}", hint=said)
    if step_id not in waiting:
        raise WrongInput(
            f"step {step_id!r} of run {state.run!r} does not wait for a vote: it is {state.step(step_id).status}",
            hint=said,
        )
    return state.step(step_id)


def _waits(step: StepState) -> bool:
    """Forward it waits as ready; on the way back its undo has ended with asking a person."""
    return step.waiting or (step.status is StepStatus.UNDO_FAILED and step.code == "CUT-500")


def _person(environment: Environment, declared: str | None, who: Mapping[str, str]) -> str:
    if declared is None or declared == who["user"]:
        return who["user"]
    if not environment.declared_names:
        raise WrongInput(
            f"environment {environment.name!r} does not believe declared names: you are {who['user']!r}",
            hint="vote from your own account, or write `declared_names: true` for the environment",
        )
    return declared


def _as_made(state: RunState, step_id: str) -> Mapping[str, Any]:
    """The step as the run was made; WrongInput when it asks nobody."""
    made: Mapping[str, Any] = next(step for step in state.created["steps"] if step["id"] == step_id)
    if not made["asks"]:
        raise WrongInput(f"step {step_id!r} asks nobody", hint="only gates and manual steps take votes")
    return made


def _refuse_unproved(made: Mapping[str, Any], ballot: Ballot) -> None:
    if made["needs_evidence"] and ballot.go and not ballot.evidence.strip():
        raise WrongInput(
            f"step {ballot.step!r} counts only with evidence, and votes never change",
            hint='--evidence "…": a ticket, a file, a sentence that proves it',
        )


def _role(environment: Environment, person: str, wanted: str | None, asked: tuple[str, ...]) -> str:
    has = tuple(role for role in asked if person in environment.roles.get(role, ()))
    may = "; ".join(f"{role}: {', '.join(environment.roles.get(role, ())) or 'nobody'}" for role in asked)
    if wanted is not None and wanted not in has:
        raise WrongInput(
            f"{person!r} may not vote here as {wanted!r}", hint=f"this step asks {may} (roles stand in cutover.yaml)"
        )
    if not has:
        raise WrongInput(f"{person!r} has none of the roles that this step asks", hint=f"it asks {may}")
    return wanted or has[0]


def _refuse_second(state: RunState, step: StepState, person: str) -> None:
    for vote in step.votes_back if state.rollback else step.votes:
        if vote["person"] == person:
            said = "go" if vote["go"] else "no-go"
            raise WrongInput(
                f"{person!r} has voted {said} at {step.id!r} already, and votes never change",
                hint=f"`cutover status {state.run}` shows the votes; another person of the role can still vote",
            )
