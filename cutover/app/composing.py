"""
Which events people are told about, whom they concern, and in which words. Pure: an event in, a notice or None out.

Add something to tell = one line in `_NOTICES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cutover.errors import WaitingForPerson
from cutover.model.event import Event
from cutover.model.people import Topic, people_of
from cutover.model.project import Environment
from cutover.model.run import RunState
from cutover.model.status import EventKind
from cutover.notify import Message
from cutover.redact import redact
from cutover.voting import clocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message, and whom it concerns."""

    topic: Topic
    people: tuple[str, ...]
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What there is to compose from."""

    event: Event
    state: RunState
    environment: Environment
    events: Sequence[Event]

    @property
    def made(self) -> Mapping[str, object]:
        """The event's step as the run was made; empty when it is of the run."""
        steps = self.state.created["steps"]
        return next((step for step in steps if step["id"] == self.event.step), {})

    def asked(self) -> tuple[str, ...]:
        """Those whose word is asked for and who have not given it."""
        roles = self.made.get("asks") or ()
        assert isinstance(roles, (list, tuple))
        step = self.state.steps[self.event.step]
        votes = step.votes_back if self.state.rollback else step.votes
        spoken = {str(vote.get("person")) for vote in votes}
        return tuple(one for one in people_of(self.environment, roles) if one not in spoken)

    def owners(self) -> tuple[str, ...]:
        """The people of the role that owns the runbook."""
        return people_of(self.environment, (str(self.state.created.get("owner", "")),))


#: Topic, whom it concerns, what it says in a line, and the lines below; None: nobody is told.
_Words = tuple[Topic, tuple[str, ...], str, str]


def is_told(kind: EventKind) -> bool:
    """Whether people may be told about events of that kind; most are none of their business."""
    return kind in _NOTICES


def compose(event: Event, state: RunState, environment: Environment, events: Sequence[Event]) -> Notice | None:
    """What people are told about that event; None when it is none that they are told about."""
    notice = _NOTICES.get(event.kind)
    told = _Told(event=event, state=state, environment=environment, events=events)
    words = notice(told) if notice else None
    if words is None:
        return None
    topic, people, says, more = words
    what = f"{state.created.get('runbook', '')} in {state.environment}"
    text = "\n".join(line for line in (what, more, f"cutover status {state.run}") if line)
    message = Message(
        topic=str(topic),
        subject=redact(f"{state.run}: {says}"),
        text=redact(text),
        about=event.seq,
        step=event.step,
    )
    return Notice(topic=topic, people=people, message=message)


def _begun(told: _Told) -> _Words | None:
    if told.event.data.get("number") != 1:
        return None
    if told.state.mode == "live":
        return Topic.RUN, told.owners(), "the go-live has begun", ""
    what = "rollback drill" if told.state.drill else "rehearsal"
    return Topic.RUN, told.owners(), f"a {what} has begun", ""


def _ended(says: str) -> Callable[[_Told], _Words]:
    return lambda told: (Topic.RUN, told.owners(), says, str(told.event.data.get("reason") or ""))


def _trouble(says: str) -> Callable[[_Told], _Words]:
    return lambda told: (Topic.TROUBLE, told.owners(), says, str(told.event.data.get("reason") or ""))


def _going_back(told: _Told) -> _Words | None:
    """A drill goes back because it was meant to; a rollback that is resumed was told before."""
    first = next(one for one in told.events if one.kind is EventKind.ROLLBACK_STARTED)
    if told.event.data.get("drill") is True or told.event.seq != first.seq:
        return None
    how = "by itself" if told.event.data.get("automatic") is True else "because somebody asked for it"
    reason = str(told.event.data.get("reason") or "")
    return Topic.TROUBLE, told.owners(), f"goes back {how}", reason


def _asks(told: _Told) -> _Words | None:
    """Only the first time: who is asked again is reminded."""
    back = told.event.kind is EventKind.UNDO_FAILED
    if back and told.event.data.get("code") != WaitingForPerson.code:
        return None
    if clocks.waits_since(told.events, told.event.step) != told.event.at:
        return None
    more = "\n".join(str(told.event.data.get(name) or "") for name in ("detail", "hint"))
    return Topic.ASKED, told.asked(), f"{told.event.step} waits for you", more


def _decided(told: _Told) -> _Words | None:
    decision = str(told.event.data.get("decision", ""))
    if decision == "simulated":
        return None
    votes = told.event.data.get("votes") or ()
    lines = [
        f"{vote.get('person')} ({vote.get('role')}): {'go' if vote.get('go') else 'no-go'}: {vote.get('reason')}"
        for vote in votes
    ]
    return Topic.DECIDED, told.owners(), f"{told.event.step}: {decision}", "\n".join(lines)


def _glass(told: _Told) -> _Words | None:
    if told.event.data.get("break_glass") is not True:
        return None
    data = told.event.data
    says = f"{data.get('person')} opened {told.event.step} alone, by break-glass"
    review = f'another person must review it: cutover review {told.state.run} {told.event.step} --reason "…"'
    return Topic.BREAK_GLASS, people_of(told.environment, tuple(told.environment.roles)), says, (
        f"{data.get('reason')}\n{review}"
    )  # fmt: skip


def _reviewed(told: _Told) -> _Words:
    data = told.event.data
    says = f"{data.get('person')} reviewed {told.event.step}, which was opened by break-glass"
    return Topic.BREAK_GLASS, told.owners(), says, str(data.get("reason") or "")


def _reminds(told: _Told) -> _Words:
    """Those who are asked; of an escalation those it goes to, who learn whose answer is missing."""
    data, step = told.event.data, told.event.step
    asked = told.asked() if told.made.get("asks") else told.owners()
    people = people_of(told.environment, (str(data["to"]),)) if data.get("to") else asked
    hint = told.state.steps[step].hint if step else ""
    more = "\n".join(line for line in (f"asked: {', '.join(asked)}" if data.get("to") else "", hint) if line)
    return Topic.REMINDER, people, f"{step or 'the run'} {data.get('says')} ({data.get('what')})", more


_NOTICES: Mapping[EventKind, Callable[[_Told], _Words | None]] = {
    EventKind.ATTEMPT_STARTED: _begun,
    EventKind.RUN_COMPLETED: _ended("has completed"),
    EventKind.POINT_OF_NO_RETURN: _ended("is past the point of no return"),
    EventKind.ROLLED_BACK: _ended("was rolled back"),
    EventKind.RUN_STOPPED: _ended("was stopped"),
    EventKind.RUN_NEEDS_ATTENTION: _trouble("needs attention"),
    EventKind.RUN_INTERRUPTED: _trouble("was interrupted"),
    EventKind.ROLLBACK_STARTED: _going_back,
    EventKind.ROLLBACK_STUCK: _trouble("the rollback is stuck"),
    EventKind.STEP_WAITING: _asks,
    EventKind.UNDO_FAILED: _asks,
    EventKind.DECIDED: _decided,
    EventKind.VOTED: _glass,
    EventKind.REVIEWED: _reviewed,
    EventKind.REMINDED: _reminds,
}
