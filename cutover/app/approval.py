"""A person's word at a gate or on a manual step, checked and written into the journal. Votes never change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cutover import points
from cutover.app import evidence_files, notices, signatures
from cutover.app.signatures import Signed
from cutover.app.standing import as_made, state_of
from cutover.app.workspace import Workspace, who_am_i
from cutover.errors import WaitingForPerson, WrongInput
from cutover.journal.chain import Overtaken
from cutover.model.event import Event
from cutover.model.people import Vote, Votes, vote_of
from cutover.model.project import Environment
from cutover.model.run import RunState, StepState
from cutover.model.status import ENDED, EventKind, StepStatus
from cutover.redact import redact
from cutover.signing import Subject, bound_to, of_vote
from cutover.voting import clocks, counting
from cutover.voting.asking import asking_of

#: Where a test may kill the process that votes.
POINTS = ("approval.evidence_kept", "approval.before_vote", "approval.voted")

#: How often the run is looked at again when it has moved between the look and the vote.
_LOOKS = 5

#: How far the clocks of two machines may be apart when a vote was signed on another one.
_APART = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What a person says."""

    step: str
    go: bool = True
    reason: str = ""
    person: str | None = None  # declared; None: the system user
    role: str | None = None  # None: the one of the step's roles that the person has
    evidence: str = ""
    files: tuple[Path, ...] = ()  # that prove it
    break_glass: bool = False
    key: Path | None = None  # to sign with; None: the person's own, where votes are signed
    signed: Signed | None = None  # a statement that was signed elsewhere, instead of all but `step`


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
            "vote": self.vote.plain(),
            "says": self.says,
            "next": list(self.next),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A step that waits for a word, and everything that decides whose counts."""

    state: RunState
    step: StepState
    made: Mapping[str, Any]  # the step as the run was made
    environment: Environment
    events: tuple[Event, ...]
    subject: Subject
    who: Mapping[str, str]

    @property
    def asks(self) -> tuple[str, ...]:
        """The roles that are asked."""
        return tuple(self.made["asks"])

    @property
    def votes(self) -> tuple[Vote, ...]:
        """The votes cast so far, on the way that the run is on."""
        cast = self.step.votes_back if self.state.rollback else self.step.votes
        return tuple(vote_of(data) for data in cast)

    @property
    def until(self) -> datetime | None:
        """When it expires."""
        return clocks.expires_at(asking_of(self.made), clocks.waits_since(self.events, self.step.id))


def approve(workspace: Workspace, run: str, ballot: Ballot) -> Cast:
    """
    Write a vote. Nothing is written when it is refused: WrongInput with the reason.

    Refused are a step that is not waiting or has expired, a person without the role, a second vote by the same person,
    a name that is not believed here, a vote without a reason, one that is not signed where it must be, and one that
    would not count because of who cast it.
    """
    for _ in range(_LOOKS - 1):
        with suppress(Overtaken):  # the run went on since we looked: what was true of it may not be any more
            return _voted(workspace, run, ballot)
    return _voted(workspace, run, ballot)


def statement_for(workspace: Workspace, run: str, ballot: Ballot) -> str:
    """The text that a person signs elsewhere, to be cast with `Ballot.signed`. Refuses what `approve` would refuse."""
    asked = asked_at(workspace, run, ballot.step)
    vote = _vote(workspace, asked, ballot, signs=True)
    _refuse_void(workspace, asked, vote, looks_at_signature=False)
    return of_vote(vote, asked.subject)


def asked_at(workspace: Workspace, run: str, step_id: str) -> Asked:
    """That step of that run, which waits for somebody; WrongInput when it does not."""
    state = state_of(workspace, run)
    step = _waiting_step(state, step_id)
    made = _as_made(state, step.id)
    environment = as_made(state, workspace.environment(state.environment))
    if made["kind"] != "approve":  # whoever does the work says that it is done
        environment = replace(environment, separate_duties=False)
    return Asked(
        state=state,
        step=step,
        made=made,
        environment=environment,
        events=workspace.journal.events(run),
        subject=bound_to(run, state.created, step.id),
        who=who_am_i(),
    )


def _voted(workspace: Workspace, run: str, ballot: Ballot) -> Cast:
    asked = asked_at(workspace, run, ballot.step)
    ballot = _as_signed(asked, ballot)
    signs = asked.environment.votes is Votes.SIGNED or ballot.key is not None or ballot.signed is not None
    vote = _vote(workspace, asked, ballot, signs=signs)
    if signs:
        vote = signatures.signed_vote(workspace, vote, asked.subject, key=ballot.key, given=ballot.signed)
    _refuse_void(workspace, asked, vote, looks_at_signature=True)
    evidence_files.keep(workspace, run, ballot.files)
    points.reach("approval.evidence_kept")
    points.reach("approval.before_vote")
    event = workspace.journal.append(
        run,
        EventKind.VOTED,
        step=asked.step.id,
        attempt=asked.step.attempts,
        data=vote.plain(),
        after=asked.state.seq,
    )
    points.reach("approval.voted")
    if vote.break_glass:
        notices.tell_now(workspace, event)
    return Cast(run=run, step=asked.step.id, vote=vote, says=_says(run, asked, vote), next=(f"cutover resume {run}",))


def _says(run: str, asked: Asked, vote: Vote) -> str:
    word = "go" if vote.go else "no-go"
    how = " by break-glass, alone, and to be reviewed by another person" if vote.break_glass else ""
    signed = f" (signed with {vote.key})" if vote.key else ""
    return f"{vote.person} ({vote.role}) says {word} at {asked.step.id} of {run}{how}: {vote.reason}{signed}"


def _as_signed(asked: Asked, ballot: Ballot) -> Ballot:
    """A ballot whose statement was signed elsewhere says what stands in the statement."""
    if ballot.signed is None:
        return ballot
    said = signatures.said(ballot.signed)
    files = said.get("files") or []
    if [one.get("sha256") for one in files] != [evidence_files.facts_of(file)["sha256"] for file in ballot.files]:
        raise WrongInput(
            "the statement that was signed names other files of evidence than those given",
            hint="--evidence-file for each of them, in the same order",
        )
    if said.get("back") is not bool(asked.state.rollback):
        raise WrongInput(
            f"the statement was signed for the way {'back' if said.get('back') else 'forward'} of the run",
            hint="ask for a new statement with --write, and sign that",
        )
    return replace(
        ballot,
        go=said.get("go") is True,
        reason=str(said.get("reason", "")),
        person=str(said.get("person", "")),
        role=str(said.get("role", "")),
        evidence=str(said.get("evidence", "")),
        break_glass=said.get("break_glass") is True,
    )


def _vote(workspace: Workspace, asked: Asked, ballot: Ballot, *, signs: bool) -> Vote:
    """The vote as it would stand in the journal, but for its signature; WrongInput when it may not be cast."""
    if not ballot.reason.strip():
        raise WrongInput("a vote needs a reason", hint='--reason "…"; it stands in the journal and in the report')
    now = workspace.clock.now()
    if asked.until is not None and now > asked.until:
        raise WrongInput(
            f"gate {asked.step.id!r} expired at {asked.until:%Y-%m-%d %H:%M} UTC: it is a no-go",
            hint=f"`cutover resume {asked.state.run}` closes it",
        )
    person = _person(asked.environment, ballot.person, asked.who, signs=signs)
    roles = _glass_roles(asked, ballot) if ballot.break_glass else asked.asks
    _refuse_unproved(asked.made, ballot)
    _refuse_second(asked, person)
    return Vote(
        person=person,
        system_user=asked.who["user"],
        login=asked.who.get("login", ""),
        role=_role(asked.environment, person, ballot.role, roles),
        go=ballot.go,
        reason=redact(ballot.reason.strip()),
        at=_at(asked, ballot, now),
        evidence=redact(ballot.evidence.strip()),
        files=tuple(evidence_files.facts_of(file) for file in ballot.files),
        back=bool(asked.state.rollback),
        break_glass=ballot.break_glass,
        bound=asked.subject.digest,
    )


def _at(asked: Asked, ballot: Ballot, now: datetime) -> str:
    """When it was said: now; or when it was signed elsewhere, since the step waits and not in the future."""
    if ballot.signed is None:
        return now.isoformat()
    text = str(signatures.said(ballot.signed).get("at", ""))
    since = clocks.waits_since(asked.events, asked.step.id)
    try:
        at = datetime.fromisoformat(text)
        right = at <= now + _APART and (since is None or at >= since - _APART)
    except (ValueError, TypeError):
        right = False
    if not right:
        raise WrongInput(
            f"the statement says that it was made at {text!r}, which is not since the step waits and until now",
            hint="ask for a new statement with --write, and sign that",
        )
    return text


def _refuse_void(workspace: Workspace, asked: Asked, vote: Vote, *, looks_at_signature: bool) -> None:
    """Votes never change: a go that would not count is not written."""
    signers = workspace.project.signers
    ballot = counting.ballot_of(
        asked.environment, asked.asks, asked.events, asked.step.id, signers=signers, until=asked.until
    )
    if not looks_at_signature:
        ballot = replace(ballot, signature=lambda _: "")
    void = counting.count(ballot, [*asked.votes, vote]).void if vote.go else {}
    if vote.person in void:
        raise WrongInput(
            f"the go of {vote.person!r} at {asked.step.id!r} would not count: {void[vote.person]}",
            hint="another person of the role can vote; whoever sees a danger can always say --no-go",
        )


def _glass_roles(asked: Asked, ballot: Ballot) -> tuple[str, ...]:
    roles = asked.environment.break_glass
    name = asked.environment.name
    if asked.made["kind"] != "approve" or asked.state.rollback:
        raise WrongInput(f"step {asked.step.id!r} is no gate: there is no glass to break")
    if not ballot.go:
        raise WrongInput("break-glass opens a gate; a no-go needs none", hint="leave --break-glass out")
    if not roles:
        raise WrongInput(
            f"environment {name!r} knows no break-glass: nobody opens a gate alone",
            hint=f"write break_glass: with roles under environments: {name}: before it is needed",
        )
    return roles


def _waiting_step(state: RunState, step_id: str) -> StepState:
    waiting = [step.id for step in state.steps.values() if waits(step)]
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


def waits(step: StepState) -> bool:
    """Forward it waits as ready; on the way back its undo has ended with asking a person."""
    return step.waiting or (step.status is StepStatus.UNDO_FAILED and step.code == WaitingForPerson.code)


def _person(environment: Environment, declared: str | None, who: Mapping[str, str], *, signs: bool) -> str:
    if declared is None or declared == who["user"]:
        return who["user"]
    if not environment.declared_names and not signs:
        raise WrongInput(
            f"environment {environment.name!r} does not believe declared names: you are {who['user']!r}",
            hint="vote from your own account, sign with your key, or write `declared_names: true` for the environment",
        )
    return declared


def _as_made(state: RunState, step_id: str) -> Mapping[str, Any]:
    """The step as the run was made; WrongInput when it asks nobody."""
    made: Mapping[str, Any] = next(step for step in state.created["steps"] if step["id"] == step_id)
    if not made["asks"]:
        raise WrongInput(f"step {step_id!r} asks nobody", hint="only gates and manual steps take votes")
    return made


def _refuse_unproved(made: Mapping[str, Any], ballot: Ballot) -> None:
    if made["needs_evidence"] and ballot.go and not ballot.evidence.strip() and not ballot.files:
        raise WrongInput(
            f"step {ballot.step!r} counts only with evidence, and votes never change",
            hint='--evidence "…": a ticket, a sentence that proves it; or --evidence-file FILE',
        )


def _role(environment: Environment, person: str, wanted: str | None, asked: Sequence[str]) -> str:
    has = tuple(role for role in asked if person in environment.roles.get(role, ()))
    may = "; ".join(f"{role}: {', '.join(environment.roles.get(role, ())) or 'nobody'}" for role in asked)
    if wanted is not None and wanted not in has:
        raise WrongInput(
            f"{person!r} may not vote here as {wanted!r}", hint=f"this step asks {may} (roles stand in cutover.yaml)"
        )
    if not has:
        raise WrongInput(f"{person!r} has none of the roles that this step asks", hint=f"it asks {may}")
    return wanted or has[0]


def _refuse_second(asked: Asked, person: str) -> None:
    for vote in asked.votes:
        if vote.person == person:
            said = "go" if vote.go else "no-go"
            raise WrongInput(
                f"{person!r} has voted {said} at {asked.step.id!r} already, and votes never change",
                hint=f"`cutover status {asked.state.run}` shows the votes; another person of the role can still vote",
            )
