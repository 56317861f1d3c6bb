"""
What people ask of a run from another terminal: pause, stop, roll back; what they settle by hand; and what a rollback
would do.

A run that a living process carries is asked through the journal, and that process heeds it within half a second and at
its next safe point. Where nobody carries it, the one who asks takes the lease and does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from cutover.app import reports
from cutover.app.standing import carrier, kinds_of, scope_of, state_of
from cutover.app.workspace import Workspace, who_am_i
from cutover.engine import by_hand, deciding, results
from cutover.engine.by_hand import Settled
from cutover.engine.halting import Wish
from cutover.engine.recorder import Recorder
from cutover.errors import ExitStatus, WrongInput
from cutover.evidence.words import duration
from cutover.model.event import Event
from cutover.model.run import RunState
from cutover.model.status import ENDED, EventKind, RunStatus
from cutover.redact import redact
from cutover.words import counted

if TYPE_CHECKING:
    from cutover.contract import Step

#: Seconds between two looks at a run that somebody waits for.
LOOK_EVERY: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that is in the journal, and who is to heed it."""

    run: str
    wish: Wish
    seq: int  # of the request
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of it."""

    run: str
    status: RunStatus
    exit_status: ExitStatus
    says: str
    in_place: tuple[str, ...] = ()  # steps whose effects were left in the world, last begun first


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoStep:
    """One step of a rollback that has not begun."""

    step: str
    kind: str
    says: str
    undoable: bool
    ms: int | None  # how long it took when a rollback was rehearsed last; None: never


@dataclass(frozen=True, slots=True, kw_only=True)
class BackPlan:
    """What a rollback would do now, last begun first, and why it may not; `refused` is empty when it may."""

    run: str
    status: RunStatus
    steps: tuple[UndoStep, ...]
    refused: str
    loses: tuple[str, ...]  # what the rollback would cost, as sentences

    @property
    def total_ms(self) -> int | None:
        """All undos one after the other; None when one of them was never rehearsed."""
        known = [step.ms for step in self.steps if step.ms is not None]
        return sum(known) if len(known) == len(self.steps) else None

    @property
    def says_how_long(self) -> str:
        """The time it takes, and what it is known from."""
        if self.total_ms is not None:
            return f"{duration(self.total_ms)} as rehearsed, one after the other, and the proof after it"
        new = sum(step.ms is None for step in self.steps)
        return f"nobody knows how long: {counted(new, 'undo was', 'undos were')} never rehearsed"


def ask(workspace: Workspace, run: str, wish: Wish, reason: str) -> Asked | None:
    """Ask the process that carries the run; None when nobody does. WrongInput when the run cannot do it any more."""
    state = state_of(workspace, run)
    if wish is Wish.ROLLBACK:
        deciding.refuse_rollback(state)
    elif state.status in ENDED:
        raise WrongInput(
            f"run {run!r} is {deciding.said(state.status)}: there is nothing to {wish}",
            hint=f"`cutover report {run}` shows what it did",
        )
    who = carrier(workspace, state)
    if not who:
        return None
    data = {"what": str(wish), "reason": redact(reason), "by": dict(who_am_i())}
    event = workspace.journal.append(run, EventKind.REQUESTED, data=data)
    what = {Wish.PAUSE: "pauses", Wish.STOP: "stops", Wish.ROLLBACK: "rolls back"}[wish]
    return Asked(run=run, wish=wish, seq=event.seq, says=f"asked: {who} {what} {run} at its next safe point")


def follow(workspace: Workspace, asked: Asked, tell: Callable[[Event], None]) -> Answer:
    """
    Wait until the attempt that was asked has ended, and say what came of it. `tell` gets every event meanwhile.

    WrongInput when its process died without an answer.
    """
    seen = asked.seq
    while True:
        new = [event for event in workspace.journal.events(asked.run) if event.seq > seen]
        for event in new:
            tell(event)
        ended = next((event for event in new if event.kind is EventKind.ATTEMPT_ENDED), None)
        if ended is not None:
            return _answer(workspace, asked, ended)
        seen = new[-1].seq if new else seen
        if not new and not carrier(workspace, state_of(workspace, asked.run)):
            raise WrongInput(
                f"the process that carried run {asked.run!r} has ended without an answer",
                hint=f"`cutover status {asked.run}` shows where it stands",
            )
        workspace.clock.sleep(LOOK_EVERY)


def _answer(workspace: Workspace, asked: Asked, ended: Event) -> Answer:
    state = state_of(workspace, asked.run)
    reached = {
        Wish.PAUSE: not carrier(workspace, state) or state.status is not RunStatus.RUNNING,
        Wish.STOP: state.status is RunStatus.STOPPED,
        Wish.ROLLBACK: state.status is RunStatus.ROLLED_BACK,
    }[asked.wish]
    return Answer(
        run=asked.run,
        status=state.status,
        exit_status=ExitStatus.DONE if reached else ExitStatus(ended.data["exit_status"]),
        says=str(ended.data["says"]),
        in_place=state.in_place,
    )


def stop(workspace: Workspace, run: str, reason: str) -> Answer:
    """End a run that nobody carries, without going back. LeaseHeld when somebody carries it by now."""
    with _recording(workspace, run) as recorder:
        in_place = by_hand.stop(recorder, redact(reason), who_am_i(), has_effects=_has_effects(workspace, run))
    reports.write(workspace, run, None)
    return Answer(
        run=run,
        status=RunStatus.STOPPED,
        exit_status=ExitStatus.DONE,
        says=results.stopped(recorder.state, in_place).says,
        in_place=tuple(in_place),
    )


def settle(workspace: Workspace, run: str, step: str, to: Settled, *, reason: str, evidence: str = "") -> RunState:
    """Say by hand how a stuck step stands; it is in the evidence for good. LeaseHeld while the run is carried."""
    with _recording(workspace, run) as recorder:
        _refuse_gate(recorder.state, step, to)
        by_hand.settle(recorder, step, to, reason=redact(reason), by=who_am_i(), evidence=redact(evidence))
    reports.write(workspace, run, None)
    return recorder.state


def _refuse_gate(state: RunState, step: str, to: Settled) -> None:
    """Raise WrongInput when somebody would settle a gate instead of having it approved."""
    kinds = {str(one["id"]): str(one["kind"]) for one in state.created["steps"]}
    if kinds.get(step) == "approve" and to in (Settled.DONE, Settled.SKIPPED):
        raise WrongInput(
            f"step {step!r} is a gate: nobody passes it by hand",
            hint=f"`cutover approve {state.run} {step}` is the way through; in an emergency with --break-glass",
        )


def plan_back(workspace: Workspace, run: str) -> BackPlan:
    """What rolling the run back would do, from its journal and its own copy of the files; no database is asked."""
    from cutover.app import assigning  # brings the step kinds, and with them the data libraries
    from cutover.contract import SaysUndo

    state = state_of(workspace, run)
    assignment, _ = assigning.assign(workspace, state, back=True)
    took = _rehearsed_undos(workspace, state)
    steps = []
    for standing in deciding.to_undo(state):
        step = assignment.step(standing.id)
        if step.effects:
            steps.append(
                UndoStep(
                    step=standing.id,
                    kind=step.kind,
                    says=step.says_undo(standing.facts) if isinstance(step, SaysUndo) else f"undo: {step.says()}",
                    undoable=step.undoable(),
                    ms=took.get(standing.id),
                )
            )
    return BackPlan(
        run=run,
        status=state.status,
        steps=tuple(steps),
        refused=deciding.why_no_rollback(state),
        loses=tuple(_loses(state)) if steps else (),
    )


def _rehearsed_undos(workspace: Workspace, state: RunState) -> Mapping[str, int]:
    """Step -> whole ms that its undo took in the last rehearsal of this runbook that came all the way back."""
    from cutover.app.admission import known_rehearsals

    for past in reversed(known_rehearsals(workspace)):
        if past.runbook == state.created["runbook"] and past.rollback_rehearsed and past.run != state.run:
            return past.undone
    return {}


def _loses(state: RunState) -> list[str]:
    found = []
    if state.past_point_of_no_return:
        found.append("what users have written into the new system since it was opened")
    copies = [str(step["id"]) for step in state.created["steps"] if step["kind"] == "copy"]
    tables = [table for step in copies for table in state.step(step).facts.get("tables", ())]
    moved = sum(int(table["loaded"]) for table in tables)
    if moved:
        found.append(f"{counted(moved, 'row that was', 'rows that were')} moved: the source keeps them")
    voted = [step.id for step in state.steps.values() if step.votes]
    if voted:
        found.append(f"the votes at {', '.join(voted)}: a new run asks again")
    return found


def _has_effects(workspace: Workspace, run: str) -> Callable[[str], bool]:
    from cutover.kinds import KINDS  # brings the data libraries, which a pause does without

    kinds = kinds_of(workspace, run)
    return lambda step: cast("type[Step]", KINDS[kinds[step]]).effects


@contextmanager
def _recording(workspace: Workspace, run: str) -> Iterator[Recorder]:
    """The run's record, held by its lease."""
    state = state_of(workspace, run)
    with workspace.journal.acquire(scope_of(state.environment), run, who_am_i()):
        yield Recorder(workspace.journal, run)
