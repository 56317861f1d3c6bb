"""Gates that one person opened alone, by break-glass: which there are, and the review that another person owes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cutover.app import notices, signatures
from cutover.app.standing import as_made, state_of
from cutover.app.workspace import Workspace, who_am_i
from cutover.errors import GateClosed, WrongInput
from cutover.model.event import Event
from cutover.model.people import Vote, Votes, vote_of
from cutover.model.project import Environment
from cutover.model.status import EventKind
from cutover.redact import redact
from cutover.signing import bound_to, of_review

_KINDS = frozenset({EventKind.RUN_CREATED, EventKind.VOTED, EventKind.REVIEWED})


class NotReviewed(GateClosed):
    """The last go-live opened a gate by break-glass, and nobody else has looked at that yet."""

    code = "CUT-430"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A gate that was opened by break-glass."""

    run: str
    step: str
    vote: Vote
    at: datetime
    reviewed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a person says about a gate that somebody opened alone."""

    step: str
    reason: str
    person: str | None = None  # declared; None: the system user
    key: Path | None = None


def broken(events: Sequence[Event]) -> tuple[Broken, ...]:
    """Every gate of a run that was opened by break-glass."""
    reviewed = {event.step for event in events if event.kind is EventKind.REVIEWED}
    return tuple(
        Broken(run=event.run, step=event.step, vote=vote_of(event.data), at=event.at, reviewed=event.step in reviewed)
        for event in events
        if event.kind is EventKind.VOTED and event.data.get("break_glass") is True
    )


def alarms(events: Sequence[Event]) -> list[str]:
    """What must not be overlooked about a run, as sentences: who opened what alone."""
    return [
        f"{one.vote.person} opened {one.step!r} alone, by break-glass: {one.vote.reason}; "
        + ("reviewed since" if one.reviewed else f"not reviewed: cutover review {one.run} {one.step}")
        for one in broken(events)
    ]


def unreviewed(workspace: Workspace, environment: str = "") -> Iterator[Broken]:
    """Those that nobody has reviewed yet, of one environment or of all."""
    for head in workspace.journal.heads():
        if environment and head.environment != environment:
            continue
        yield from (one for one in broken(workspace.journal.events(head.run, kinds=_KINDS)) if not one.reviewed)


def refuse_unreviewed(workspace: Workspace, environment: str) -> None:
    """Raise NotReviewed when a gate of an earlier run in that environment still waits for its review."""
    left = list(unreviewed(workspace, environment))
    if left:
        named = ", ".join(f"{one.step!r} of {one.run!r} (opened by {one.vote.person})" for one in left)
        raise NotReviewed(
            f"environment {environment!r} is closed: opened by break-glass and never reviewed: {named}",
            hint="; then ".join(f'`cutover review {one.run} {one.step} --reason "…"`' for one in left)
            + ", by another person",
        )


def review(workspace: Workspace, run: str, said: Review) -> str:
    """Write the review of a gate that was opened by break-glass; what was written, as a sentence. WrongInput if not."""
    state = state_of(workspace, run)
    environment = as_made(state, workspace.environment(state.environment))
    glass = _to_review(workspace.journal.events(run), run, said.step)
    if not said.reason.strip():
        raise WrongInput("a review needs a reason", hint='--reason "…": what you looked at, and what you found')
    who = who_am_i()
    signs = environment.votes is Votes.SIGNED or said.key is not None
    person = said.person or who["user"]
    if person != who["user"] and not (environment.declared_names or signs):
        raise WrongInput(
            f"environment {environment.name!r} does not believe declared names: you are {who['user']!r}",
            hint="review from your own account, or sign with your key",
        )
    role = _role(environment, person)
    _refuse_same(environment, glass, person, who)
    now = workspace.clock.now()
    written = {"person": person, "role": role, "reason": redact(said.reason.strip()), "at": now.isoformat()}
    proof = {"statement": "", "signature": "", "key": ""}
    if signs:
        text = of_review(written, bound_to(run, state.created, said.step))
        signature, key = signatures.signed_text(workspace, text, person, key=said.key, at=now)
        proof = {"statement": text, "signature": signature, "key": key}
    data = {**written, "system_user": who["user"], "login": who.get("login", ""), **proof}
    event = workspace.journal.append(run, EventKind.REVIEWED, step=said.step, data=data, after=state.seq)
    notices.tell_now(workspace, event)
    return f"{person} ({role}) has reviewed {said.step} of {run}, opened by {glass.vote.person}: {written['reason']}"


def _to_review(events: Sequence[Event], run: str, step: str) -> Broken:
    there = {one.step: one for one in broken(events)}
    if step not in there:
        raise WrongInput(
            f"step {step!r} of run {run!r} was not opened by break-glass",
            hint=f"opened so: {', '.join(there) or 'none'}",
        )
    if there[step].reviewed:
        raise WrongInput(f"step {step!r} of run {run!r} is reviewed already, and reviews never change")
    return there[step]


def _role(environment: Environment, person: str) -> str:
    roles = [role for role, people in environment.roles.items() if person in people]
    if not roles:
        raise WrongInput(
            f"{person!r} has no role in environment {environment.name!r}",
            hint="any of its people but the one who did it",
        )
    return roles[0]


def _refuse_same(environment: Environment, glass: Broken, person: str, who: Mapping[str, str]) -> None:
    mine, theirs = {person}, {glass.vote.person}
    if not environment.declared_names:  # accounts say who it is
        mine |= {who["user"], who.get("login", "")} - {""}
        theirs |= {glass.vote.system_user, glass.vote.login} - {""}
    if mine & theirs:
        raise WrongInput(
            f"{person!r} opened {glass.step!r} by break-glass: another person must review it",
            hint=f"`cutover review {glass.run} {glass.step}`, from the account of another person",
        )
