"""
A run as it stands: what its events add up to, and nothing that is not in them.

`fold` is the only road from events to a state. Pure: the engine folds to decide where to go on,
`app` folds to show, and both see the same thing. What each event carries: docs/map.md, "Events".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from cutover.errors import CutoverError
from cutover.model.event import Event
from cutover.model.outcome import Facts
from cutover.model.project import Mode
from cutover.model.status import RUN_TABLE, SETTLED, STEP_TABLE, EventKind, RunStatus, StepStatus


class NotPossible(CutoverError):
    """The state tables do not let that event follow: the journal was edited, or this is a defect."""

    code = "CUT-620"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """Where one step stands."""

    id: str
    status: StepStatus = StepStatus.WAITING
    attempts: int = 0  # tries of `run` that began
    started: int = 0  # sequence number of the first intent; 0: never begun
    detail: str = ""
    code: str = ""
    hint: str = ""
    waiting: bool = False  # for a person
    facts: Facts = field(default_factory=dict)
    undo_facts: Facts = field(default_factory=dict)
    remembered: Mapping[str, Any] = field(default_factory=dict)
    votes: tuple[Mapping[str, Any], ...] = ()
    votes_back: tuple[Mapping[str, Any], ...] = ()  # cast since the rollback began
    decision: str = ""
    settled: bool = False  # by a person, by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """Where one run stands. `created` is the data of its first event."""

    run: str
    created: Mapping[str, Any]
    status: RunStatus = RunStatus.DRAFT
    past_point_of_no_return: bool = False
    attempts: int = 0  # processes that carried it
    steps: Mapping[str, StepState] = field(default_factory=dict)
    reason: str = ""  # of the last pause, attention, stop or rollback
    rollback: Mapping[str, Any] = field(
        default_factory=dict
    )  # data of the rollback's first event; empty: none has begun
    asked: Mapping[str, Any] = field(default_factory=dict)  # the last request to this attempt, and its `seq`
    proof_before: Mapping[str, str] | None = None
    proof_after: Mapping[str, str] | None = None
    began: datetime | None = None
    last: datetime | None = None
    seq: int = 0
    deadline_waived: bool = False  # a person took it upon himself to go on past the rollback deadline
    injected: frozenset[str] = frozenset()  # steps that a fault was injected into on purpose
    in_place: tuple[str, ...] = ()  # of a stopped run: steps whose effects were left in the world, last begun first

    @property
    def environment(self) -> str:
        """The environment's name."""
        return str(self.created["environment"])

    @property
    def mode(self) -> Mode:
        """Rehearsal or live."""
        return Mode(self.created["mode"])

    @property
    def drill(self) -> bool:
        """Whether it is meant to come back at the point of no return."""
        return bool(self.created.get("drill"))

    def step(self, step_id: str) -> StepState:
        """The step of that id; KeyError when the run has none."""
        return self.steps[step_id]

    def begun(self) -> tuple[StepState, ...]:
        """The steps that have begun, in the order in which they did."""
        return tuple(sorted((one for one in self.steps.values() if one.started), key=lambda one: one.started))


def next_step(status: StepStatus, kind: EventKind) -> StepStatus:
    """The status after that event; NotPossible when the table has no such pair."""
    try:
        return STEP_TABLE[status, kind]
    except KeyError:
        raise NotPossible(f"a step that is {status} cannot take the event {kind}") from None


def next_run(status: RunStatus, kind: EventKind) -> RunStatus:
    """The status after that event; NotPossible when the table has no such pair."""
    try:
        return RUN_TABLE[status, kind]
    except KeyError:
        raise NotPossible(f"a run that is {status} cannot take the event {kind}") from None


def fold(events: Iterable[Event]) -> RunState:
    """
    What the events of one run add up to.

    Raises NotPossible when they do not begin with `run.created` or a pair is not in the tables.
    """
    state: RunState | None = None
    last: Event | None = None
    for event in events:
        if state is None:
            state = _created(event)
        elif event.kind not in SILENT:
            state = after(state, event)
        last = event
    if state is None or last is None:
        raise NotPossible("a run without events")
    return replace(state, seq=last.seq, last=last.at)


#: Events that a long run has most of and that change nothing of its state but its end.
SILENT: Final = frozenset({EventKind.FOUND, EventKind.NOTED, EventKind.PREFECT})
#: The others: what a state is the sum of.
TELLING: Final = frozenset(EventKind) - SILENT


def may_follow(state: RunState, kind: EventKind, step_id: str = "") -> None:
    """
    Raise NotPossible when the tables do not let an event of that kind follow, or its step is not in the run.

    The one thing that no table of pairs can say stands here: a live run that is past its point of no return never
    begins to go back.
    """
    if step_id and step_id not in state.steps:
        raise NotPossible(f"run {state.run!r} has no step {step_id!r}")
    if kind in _STEP_KINDS:
        next_step(state.steps[step_id].status, kind)
    elif kind in _RUN_KINDS:
        next_run(state.status, kind)
        if kind in _BACK and state.past_point_of_no_return and state.mode is Mode.LIVE:
            raise NotPossible(f"run {state.run!r} is past its point of no return: it cannot take the event {kind}")


def after(state: RunState, event: Event) -> RunState:
    """The state once this event is known."""
    state = replace(state, seq=event.seq, last=event.at)
    if event.kind in _STEP_KINDS:
        return _with_step(state, _moved(state.steps[event.step], event))
    if event.kind in _RUN_KINDS:
        return _run_moved(state, event)
    return _said(state, event)


_STEP_KINDS: Final = frozenset(kind for _, kind in STEP_TABLE)
_RUN_KINDS: Final = frozenset(kind for _, kind in RUN_TABLE)
_BACK: Final = frozenset({EventKind.ROLLBACK_STARTED, EventKind.ROLLED_BACK})


def _created(event: Event) -> RunState:
    if event.kind is not EventKind.RUN_CREATED:
        raise NotPossible(f"run {event.run!r} begins with {event.kind}, not with {EventKind.RUN_CREATED}")
    steps = {str(step["id"]): StepState(id=str(step["id"])) for step in event.data.get("steps", ())}
    return RunState(
        run=event.run, created=event.data, steps=steps, began=event.at, last=event.at, seq=event.seq
    )  # fmt: skip


def _moved(step: StepState, event: Event) -> StepState:
    data = event.data
    moved = replace(
        step,
        status=next_step(step.status, event.kind),
        waiting=event.kind is EventKind.STEP_WAITING,
        detail=str(data.get("detail", data.get("reason", step.detail))),
        code=str(data.get("code", step.code)),
        hint=str(data.get("hint", step.hint)),
        settled=step.settled or event.kind in SETTLED,
    )
    if event.kind is EventKind.STEP_STARTED:
        return replace(
            moved, attempts=step.attempts + 1, started=step.started or event.seq, detail="", code="", hint=""
        )
    if event.kind is EventKind.STEP_DONE:
        return replace(moved, facts=data.get("facts") or {})
    if event.kind is EventKind.UNDO_DONE:
        return replace(moved, undo_facts=data.get("facts") or {})
    return moved


def _run_moved(state: RunState, event: Event) -> RunState:
    moved = replace(state, status=next_run(state.status, event.kind))
    if event.kind is EventKind.ATTEMPT_STARTED:
        return replace(moved, attempts=state.attempts + 1, asked={})
    if event.kind is EventKind.ROLLBACK_STARTED and not state.rollback:
        moved = replace(moved, rollback=event.data)
    in_place = tuple(map(str, event.data.get("steps", ()))) if event.kind is EventKind.RUN_STOPPED else ()
    return replace(moved, reason=str(event.data.get("reason", state.reason)), in_place=in_place)


def _said(state: RunState, event: Event) -> RunState:
    data = event.data
    if event.kind is EventKind.DEADLINE_WAIVED:
        return replace(state, deadline_waived=True)
    if event.kind is EventKind.INJECTED:
        return replace(state, injected=state.injected | {event.step})
    if event.kind is EventKind.REQUESTED:
        return replace(state, asked={**data, "seq": event.seq})
    if event.kind is EventKind.POINT_OF_NO_RETURN:
        return replace(state, past_point_of_no_return=True)
    if event.kind is EventKind.PROOF:
        if data["moment"] == "before":
            return replace(state, proof_before=data["world"])
        return replace(state, proof_after=data["world"])
    if event.kind is EventKind.REMEMBERED:
        step = state.steps[event.step]
        # The first value counts: after a crash the world may have changed since.
        return _with_step(state, replace(step, remembered={data["name"]: data["value"], **step.remembered}))
    if event.kind is EventKind.VOTED:
        step = state.steps[event.step]
        if state.rollback:
            return _with_step(state, replace(step, votes_back=(*step.votes_back, data)))
        return _with_step(state, replace(step, votes=(*step.votes, data)))
    if event.kind is EventKind.DECIDED:
        return _with_step(state, replace(state.steps[event.step], decision=str(data["decision"])))
    return state


def _with_step(state: RunState, step: StepState) -> RunState:
    return replace(state, steps={**state.steps, step.id: step})
