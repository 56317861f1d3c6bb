"""
What waits for whom, since when, and what to type; and the reminders that are due.

From the journal alone. A reminder is written down before it goes out, under the condition that nobody else has written
meanwhile, so that of several processes that look at once one sends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cutover.app import glass
from cutover.app.approval import waits
from cutover.app.notices import Post
from cutover.app.standing import as_made
from cutover.app.workspace import Workspace
from cutover.journal.chain import Overtaken
from cutover.model.event import Event
from cutover.model.people import Contact, Duty, people_of
from cutover.model.project import Environment
from cutover.model.run import RunState, StepState, fold
from cutover.model.status import EventKind, RunStatus
from cutover.voting import clocks
from cutover.voting.asking import Asking, asking_of

#: As often is looked again in one go: reminder, escalation and SLA may be due together.
_PASSES = 4

#: A run in one of these waits for somebody to carry it on, or back.
_TROUBLED = {
    RunStatus.ATTENTION: EventKind.RUN_NEEDS_ATTENTION,
    RunStatus.INTERRUPTED: EventKind.RUN_INTERRUPTED,
    RunStatus.ROLLBACK_STUCK: EventKind.ROLLBACK_STUCK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something that waits for people."""

    run: str
    step: str  # empty: the run itself
    environment: str
    duty: Duty
    roles: tuple[str, ...]
    people: tuple[str, ...]  # who can act
    what: str
    since: datetime
    until: datetime | None  # when it is overdue, or closes by itself; None: no clock runs
    commands: tuple[str, ...]
    contacts: tuple[Contact, ...] = ()
    waiting: clocks.Waiting = field(repr=False)

    def overdue(self, now: datetime) -> bool:
        """Whether its clock has run out."""
        return self.until is not None and now > self.until

    def plain(self, now: datetime) -> dict[str, Any]:
        """As JSON; times in ISO 8601, UTC, waited in whole milliseconds."""
        return {
            "run": self.run,
            "step": self.step,
            "environment": self.environment,
            "duty": str(self.duty),
            "roles": list(self.roles),
            "people": list(self.people),
            "what": self.what,
            "since": self.since.isoformat(),
            "waited_ms": round((now - self.since) / timedelta(milliseconds=1)),
            "until": self.until.isoformat() if self.until else "",
            "overdue": self.overdue(now),
            "commands": list(self.commands),
            "contacts": [asdict(contact) for contact in self.contacts],
        }


def waiting_tasks(workspace: Workspace, *, role: str = "", environment: str = "", run: str = "") -> list[Task]:
    """What waits for people in all runs, or in those asked for; the oldest first. WrongInput: no such environment."""
    if environment:
        workspace.environment(environment)
    found: list[Task] = []
    for head in workspace.journal.heads():
        if (environment and head.environment != environment) or (run and head.run != run):
            continue
        if head.environment in workspace.project.environments:
            found += _of_run(workspace, workspace.journal.events(head.run))
    return sorted((task for task in found if not role or role in task.roles), key=lambda task: task.since)


def remind(workspace: Workspace, *, run: str = "", post: Post | None = None) -> list[str]:
    """Send what is due now, each once, and say what was sent. `post` sends for a process that carries that run."""
    said: list[str] = []
    for _ in range(_PASSES):
        sent = list(_reminded(workspace, run, post))
        said += sent
        if not sent:
            break
    return said


def _reminded(workspace: Workspace, run: str, post: Post | None) -> Iterator[str]:
    """One message for everything that waits: with it the events are no longer those that the rest was worked out of."""
    for task in waiting_tasks(workspace, run=run):
        for due in clocks.due(task.waiting, workspace.clock.now())[:1]:
            with suppress(Overtaken):  # somebody else has written since: whoever looks next, looks anew
                _send(workspace, _promised(workspace, task, due), post)
                yield f"{due.what}: {task.step or 'the run'} of {task.run} {due.says}"


def _promised(workspace: Workspace, task: Task, due: clocks.Due) -> Event:
    """The reminder in the journal, before it goes out."""
    data = {"what": due.what, "number": due.number, "to": due.to, "says": due.says}
    seen = task.waiting.events[-1].seq
    return workspace.journal.append(task.run, EventKind.REMINDED, step=task.step, data=data, after=seen)


def _send(workspace: Workspace, event: Event, post: Post | None) -> None:
    from cutover.app.notices import guarded, tell_now

    if post is None:
        tell_now(workspace, event)
    else:
        guarded(lambda: post.tell(event))


def _of_run(workspace: Workspace, events: tuple[Event, ...]) -> Iterator[Task]:
    state = fold(events)
    environment = as_made(state, workspace.environment(state.environment))
    for step in state.steps.values():
        if waits(step):
            yield from _step(workspace, state, step, environment, events)
    if state.status in _TROUBLED:
        yield from _troubled(workspace, state, environment, events)
    for one in glass.broken(events):
        if not one.reviewed:
            yield _review(workspace, one, environment, events)


def _step(
    workspace: Workspace, state: RunState, step: StepState, environment: Environment, events: tuple[Event, ...]
) -> Iterator[Task]:
    made = next(one for one in state.created["steps"] if one["id"] == step.id)
    since = clocks.waits_since(events, step.id)
    if since is None:
        return
    asking = asking_of(made)
    duty = Duty.GATE if made["kind"] == "approve" else Duty.TASK
    roles = tuple(made["asks"])
    votes = step.votes_back if state.rollback else step.votes
    spoken = {str(vote["person"]) for vote in votes}
    ends = [clocks.expires_at(asking, since), _overdue_at(workspace, duty, since)]
    yield _task(
        workspace,
        run=state.run,
        step=step.id,
        environment=environment.name,
        duty=duty,
        roles=roles,
        people=tuple(one for one in people_of(environment, roles) if one not in spoken),
        what=asking.back if state.rollback and asking.back else asking.what,
        since=since,
        until=min((end for end in ends if end is not None), default=None),
        commands=(step.hint or f'cutover approve {state.run} {step.id} --go --reason "…"',),
        waiting=clocks.Waiting(
            events=events, step=step.id, since=since, asking=asking, sla_s=workspace.project.sla.get(duty)
        ),
    )


def _troubled(
    workspace: Workspace, state: RunState, environment: Environment, events: tuple[Event, ...]
) -> Iterator[Task]:
    kind = _TROUBLED[state.status]
    since = next((event.at for event in reversed(events) if event.kind is kind), None)
    if since is None:
        return
    owner = str(state.created.get("owner") or "")
    yield _task(
        workspace,
        run=state.run,
        step="",
        environment=environment.name,
        duty=Duty.ATTENTION,
        roles=(owner,) if owner else (),
        people=people_of(environment, (owner,)),
        what=state.reason or str(state.status).replace("_", " "),
        since=since,
        until=_overdue_at(workspace, Duty.ATTENTION, since),
        commands=(f"cutover status {state.run}",),
        waiting=_without_clock(workspace, events, "", since, Duty.ATTENTION),
    )


def _review(workspace: Workspace, one: glass.Broken, environment: Environment, events: tuple[Event, ...]) -> Task:
    roles = tuple(environment.roles)
    return _task(
        workspace,
        run=one.run,
        step=one.step,
        environment=environment.name,
        duty=Duty.REVIEW,
        roles=roles,
        people=tuple(person for person in people_of(environment, roles) if person != one.vote.person),
        what=f"{one.vote.person} opened it alone, by break-glass: {one.vote.reason}",
        since=one.at,
        until=_overdue_at(workspace, Duty.REVIEW, one.at),
        commands=(f'cutover review {one.run} {one.step} --reason "…"',),
        waiting=_without_clock(workspace, events, one.step, one.at, Duty.REVIEW),
    )


def _task(workspace: Workspace, **fields: Any) -> Task:
    known = workspace.project.contacts
    return Task(**fields, contacts=tuple(known[person] for person in fields["people"] if person in known))


def _without_clock(
    workspace: Workspace, events: tuple[Event, ...], step: str, since: datetime, duty: Duty
) -> clocks.Waiting:
    """What has no clock of its own but that of the SLA."""
    return clocks.Waiting(
        events=events, step=step, since=since, asking=Asking(what=""), sla_s=workspace.project.sla.get(duty)
    )


def _overdue_at(workspace: Workspace, duty: Duty, since: datetime) -> datetime | None:
    seconds = workspace.project.sla.get(duty)
    return None if seconds is None else since + timedelta(seconds=seconds)
