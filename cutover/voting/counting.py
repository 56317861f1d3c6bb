"""
Which votes count, and why the others do not.

A no-go closes a gate whoever said it. A go counts when its person was asked, it is bound to what will run, it is signed
where that is demanded, it came in time, and its person neither wrote nor runs what they approve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cutover.errors import StepFailed
from cutover.model.event import Event
from cutover.model.people import Signers, Vote, Votes, may_vote, people_of
from cutover.model.project import Environment
from cutover.signing import Subject, bound_to, known_keys, of_vote, verify, why_not
from cutover.voting.duties import Duties, duties

#: Vote -> why its signature is not believed; empty when it is.
SignatureCheck = Callable[[Vote], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A gate or a manual step, as far as counting goes."""

    environment: Environment  # with the people that the run was made with
    roles: Sequence[str]
    bound: str = ""  # digest that votes must be bound to; empty: the run does not say
    until: datetime | None = None
    duties: Duties = field(default_factory=lambda: Duties(carriers={}, authors={}))
    signature: SignatureCheck = field(default=lambda _: "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What the votes come to."""

    counted: tuple[Vote, ...]  # go votes that count, one per person
    against: tuple[Vote, ...]
    glass: Vote | None  # the go of one person alone, by break-glass
    void: Mapping[str, str]  # person -> why their go does not count

    @property
    def people(self) -> frozenset[str]:
        """Whose go counts."""
        return frozenset(vote.person for vote in self.counted)


def ballot_of(
    environment: Environment,
    roles: Sequence[str],
    events: Sequence[Event],
    step: str,
    *,
    signers: Signers,
    until: datetime | None = None,
) -> Ballot:
    """The ballot of that step of the run with these events; without any, one that only looks at roles."""
    if not events:
        return Ballot(environment=environment, roles=roles, until=until)
    subject = bound_to(events[0].run, events[0].data, step)
    return Ballot(
        environment=environment,
        roles=roles,
        bound=subject.digest,
        until=until,
        duties=duties(events),
        signature=lambda vote: signature_of(vote, subject, signers),
    )


def check_keys(environment: Environment, signers: Signers, roles: Sequence[str], needs: int) -> None:
    """StepFailed when votes must be signed, and too few of the people asked have a key in the list of signers."""
    if environment.votes is not Votes.SIGNED:
        return
    known, asked = known_keys(signers), people_of(environment, roles)
    able = [person for person in asked if any(key.of(person) for key in known)]
    if len(able) < needs:
        raise StepFailed(
            f"votes are signed in environment {environment.name!r}, and the list of signers '{signers.allowed.name}' "
            f"has keys of {len(able)} of those asked ({', '.join(asked)}); {needs} must sign",
            hint="add their public SSH keys to it, or write votes: declared for the environment (docs/people.md)",
        )


def signature_of(vote: Vote, subject: Subject, signers: Signers) -> str:
    """Why the signature of a vote is not believed; empty when it is. A vote without one says so."""
    if not vote.signature:
        return "it is not signed"
    other = why_not(vote.statement, of_vote(vote, subject))
    if other:
        return other
    at = datetime.fromisoformat(vote.at)
    return verify(vote.statement, vote.signature, person=vote.person, signers=signers, at=at).why_not


def count(ballot: Ballot, votes: Sequence[Vote]) -> Count:
    """Weigh every vote, in the order in which they were cast."""
    counted: dict[str, Vote] = {}
    void: dict[str, str] = {}
    glass: Vote | None = None
    for vote in votes:
        if not vote.go or vote.person in counted:
            continue
        why = _void_glass(ballot, vote) if vote.break_glass else _void(ballot, vote, counted)
        if why:
            void[vote.person] = why
        elif vote.break_glass:
            glass = glass or vote
        else:
            counted[vote.person] = vote
    return Count(
        counted=tuple(counted.values()), against=tuple(vote for vote in votes if not vote.go), glass=glass, void=void
    )


def why_void(ballot: Ballot, vote: Vote) -> str:
    """Why this go would not count; empty when it would."""
    return _void_glass(ballot, vote) if vote.break_glass else _void(ballot, vote, {})


def _void(ballot: Ballot, vote: Vote, counted: Mapping[str, Vote]) -> str:
    environment = ballot.environment
    if not may_vote(environment, ballot.roles, vote.person, vote.role):
        return f"{vote.person!r} is not asked as {vote.role!r}"
    conflict = ballot.duties.conflict(environment, vote)
    if conflict:
        return f"{conflict}, and duties are separate here"
    if not environment.declared_names:
        same = next((one for one in counted.values() if one.system_user == vote.system_user), None)
        if same:
            return f"account {vote.system_user!r} has voted already, as {same.person!r}"
    return _void_itself(ballot, vote)


def _void_glass(ballot: Ballot, vote: Vote) -> str:
    """Break-glass asks for one of the roles named for it; the other duties may be the person's own."""
    if not may_vote(ballot.environment, ballot.environment.break_glass, vote.person, vote.role):
        return f"{vote.person!r} may not break the glass as {vote.role!r}"
    return _void_itself(ballot, vote)


def _void_itself(ballot: Ballot, vote: Vote) -> str:
    if ballot.bound and vote.bound and vote.bound != ballot.bound:
        return "it was cast on another plan, or on other places"
    if ballot.until is not None and datetime.fromisoformat(vote.at) > ballot.until:
        return "it came after the gate had expired"
    if vote.signature or ballot.environment.votes is Votes.SIGNED:
        return ballot.signature(vote)
    return ""


def said(void: Mapping[str, str]) -> str:
    """The votes that do not count, as text for a message."""
    return "; ".join(f"the go of {person!r} does not count: {why}" for person, why in void.items())
