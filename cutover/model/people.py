"""
People: whose word counts in an environment, what a word is, how they are reached, and how long they may take.

Pure data and pure questions: environment in, answer or StepFailed out. Used by the steps that need a person's word
and by everybody who shows, checks or sends it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutover.errors import StepFailed

if TYPE_CHECKING:
    from cutover.model.project import Environment, Mode


class People(StrEnum):
    """How an environment treats steps that need a person."""

    REQUIRED = "required"  # wait for a real decision
    SIMULATED = "simulated"  # go on, and say in the evidence that nobody was asked


class Votes(StrEnum):
    """Which votes count in an environment."""

    SIGNED = "signed"  # only those with a signature of a key in the project's list of signers
    DECLARED = "declared"  # also those that only the account of the system vouches for


class Comms(StrEnum):
    """Whether people outside are told."""

    OFF = "off"  # nobody; the journal says what would have been said
    TEST = "test"  # everything goes to the channel `test`, and is marked TEST
    ON = "on"


class Topic(StrEnum):
    """What a notification is about; a channel hears the topics that it names, or all."""

    RUN = "run"  # it began, completed, came back, passed the point of no return
    ASKED = "asked"  # a gate or a manual step waits for somebody
    DECIDED = "decided"  # a gate or a manual step has its answer
    TROUBLE = "trouble"  # failed, unknown, rolling back, stuck, interrupted
    REMINDER = "reminder"  # of what waits; also escalations, and clocks of `sla` that ran out
    BREAK_GLASS = "break-glass"


class Duty(StrEnum):
    """What an SLA clock measures, from when it begins to wait to when somebody has acted."""

    GATE = "gate"  # until a gate is decided
    TASK = "task"  # until a manual step is confirmed
    ATTENTION = "attention"  # until somebody carries a run on, or back, that asked for attention
    REVIEW = "review"  # until a gate that was opened by break-glass is reviewed


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How a person is reached. Nothing here is secret: it stands in reports of who was asked."""

    person: str
    mail: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way out. `url` is `env:NAME` or `file:PATH`: an Apprise URL holds its own credentials."""

    name: str
    url: str
    hears: frozenset[Topic] = frozenset(Topic)
    to_people: bool = False  # goes to the mail addresses of those concerned, too


#: The channel that everything goes to while an environment only tries its messages.
TEST_CHANNEL = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signers:
    """Whose signatures are believed: files in the format of `ssh-keygen`, absolute."""

    allowed: Path  # `allowed_signers`: people and their public keys
    revoked: Path  # keys that are believed no more; need not be there


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """A person's word at a gate or on a manual step. Votes never change; a second one by the same person is refused."""

    person: str
    system_user: str
    role: str
    go: bool
    reason: str
    at: str  # ISO 8601, UTC
    evidence: str = ""  # what proves it, in the words of the person
    files: tuple[Mapping[str, Any], ...] = ()  # {name, sha256, bytes, kept} of files given as evidence
    login: str = ""  # the account that logged in, where it is not the system user (sudo)
    back: bool = False  # said on the way back
    break_glass: bool = False
    bound: str = ""  # digest of what was voted on; another one voids the vote
    key: str = ""  # fingerprint of the key that signed it; empty: not signed
    statement: str = ""  # what was signed, to the byte
    signature: str = ""

    def plain(self) -> dict[str, Any]:
        """The whole vote, as JSON."""
        return {**asdict(self), "files": [dict(file) for file in self.files]}

    def brief(self) -> dict[str, Any]:
        """The vote without the text and the signature, which stand where the vote was cast; empty fields left out."""
        plain = self.plain()
        always = ("person", "system_user", "role", "go", "reason", "at")
        return {
            name: value
            for name, value in plain.items()
            if name in always or (value and name not in ("statement", "signature", "bound"))
        }


def vote_of(data: Mapping[str, Any]) -> Vote:
    """The vote that stands in an event or in a step's state; unknown fields are left out."""
    known = {name: data[name] for name in Vote.__dataclass_fields__ if name in data}
    return Vote(**{**known, "files": tuple(known.get("files") or ())})


def asks_nobody(environment: Environment, mode: Mode) -> bool:
    """Whether people are simulated; StepFailed when that would let a live run pass without anybody's word."""
    if environment.people is not People.SIMULATED:
        return False
    if mode != "rehearsal":
        raise StepFailed(
            f"people are simulated in environment {environment.name!r}, and this run is live: somebody must be asked",
            hint="write people: required, and roles, for the environment in cutover.yaml",
        )
    return True


def may_vote(environment: Environment, roles: Collection[str], person: str, role: str) -> bool:
    """Whether a vote of `person` as `role` counts where `roles` are asked."""
    return role in roles and person in environment.roles.get(role, ())


def check_roles(environment: Environment, roles: Sequence[str], needs: int) -> None:
    """StepFailed when a role is nobody's, or all of them together have fewer people than are needed."""
    nobodys = [role for role in roles if not environment.roles.get(role)]
    if nobodys:
        raise StepFailed(
            f"nobody has the role {nobodys[0]!r} in environment {environment.name!r}",
            hint=f"write people for it into roles: in cutover.yaml; it has: {', '.join(environment.roles) or 'none'}",
        )
    people = people_of(environment, roles)
    if len(people) < needs:
        raise StepFailed(
            f"{needs} different people must agree, and the roles asked have {len(people)} "
            f"in environment {environment.name!r}: {', '.join(people)}",
            hint="name more people for these roles in cutover.yaml",
        )


def people_of(environment: Environment, roles: Collection[str]) -> tuple[str, ...]:
    """Everybody who has one of the roles, each once, in alphabetical order."""
    return tuple(sorted({person for role in roles for person in environment.roles.get(role, ())}))


def those_asked(environment: Environment, roles: Sequence[str], but: Collection[str] = ()) -> str:
    """Who can still vote, as text: `business owner (eve); dba (dan)`."""
    left = {role: [person for person in environment.roles.get(role, ()) if person not in but] for role in roles}
    return "; ".join(f"{role} ({', '.join(people)})" for role, people in left.items() if people) or "nobody who is left"
