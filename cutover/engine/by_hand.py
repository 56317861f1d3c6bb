"""
What a person settles in a run that no process carries: it is stopped, or a step is said to stand as it stands.

The caller holds the lease. Nothing in the world is touched; who did it and why stands in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from cutover.engine import deciding
from cutover.engine.recorder import Recorder
from cutover.errors import WrongInput
from cutover.model.run import NotPossible, RunState, may_follow
from cutover.model.status import ENDED, EventKind, RunStatus, StepStatus

_GONE = "the process that carried it is gone"


class Settled(StrEnum):
    """How a step stands, in the words of a person who has looked."""

    DONE = "done"  # it was done by hand
    READY = "ready"  # it may be tried again from its beginning
    SKIPPED = "skipped"  # it will not be done
    UNDONE = "undone"  # on the way back: what it did was taken away by hand


_KINDS: Mapping[Settled, EventKind] = {
    Settled.DONE: EventKind.SETTLED_DONE,
    Settled.READY: EventKind.SETTLED_READY,
    Settled.SKIPPED: EventKind.SETTLED_SKIPPED,
    Settled.UNDONE: EventKind.SETTLED_UNDONE,
}


def settle_the_dead(recorder: Recorder) -> None:
    """What a killed process left in doubt is said to be in doubt."""
    for step in recorder.state.begun():
        if step.status in (StepStatus.RUNNING, StepStatus.VERIFYING):
            recorder.say(EventKind.STEP_UNKNOWN, step.id, detail=_GONE, code="", hint="")
    if recorder.state.status is RunStatus.RUNNING:
        recorder.say(EventKind.RUN_INTERRUPTED, reason=_GONE)


def stop(recorder: Recorder, reason: str, by: Mapping[str, str], *, has_effects: Callable[[str], bool]) -> list[str]:
    """End the run without going back; the steps whose effects are in place, last begun first."""
    if recorder.state.status in ENDED:
        raise WrongInput(
            f"run {recorder.run!r} is {deciding.said(recorder.state.status)}: there is nothing to stop",
            hint=f"`cutover report {recorder.run}` shows what it did",
        )
    settle_the_dead(recorder)
    in_place = effects_in_place(recorder.state, has_effects)
    recorder.say(EventKind.RUN_STOPPED, reason=reason, by=dict(by), steps=in_place)
    return in_place


def effects_in_place(state: RunState, has_effects: Callable[[str], bool]) -> list[str]:
    """Steps that may have left something in the world, last begun first."""
    return [step.id for step in deciding.to_undo(state) if has_effects(step.id)]


def settle(recorder: Recorder, step: str, to: Settled, *, reason: str, by: Mapping[str, str], evidence: str) -> None:
    """Say how a stuck step stands. WrongInput when there is no such step, or it stands otherwise than stuck."""
    if recorder.state.status in ENDED:
        raise WrongInput(
            f"run {recorder.run!r} is {deciding.said(recorder.state.status)}: its steps stand as they stand",
            hint=f"`cutover report {recorder.run}` shows what it did",
        )
    if step not in recorder.state.steps:
        raise WrongInput(
            f"run {recorder.run!r} has no step {step!r}", hint=f"its steps: {', '.join(recorder.state.steps)}"
        )
    settle_the_dead(recorder)
    try:
        may_follow(recorder.state, _KINDS[to], step)
    except NotPossible:
        raise _not_stuck(recorder.state, step, to) from None
    recorder.say(_KINDS[to], step, reason=reason, by=dict(by), evidence=evidence)


def _not_stuck(state: RunState, step: str, to: Settled) -> WrongInput:
    status = state.step(step).status
    possible = []
    for settled, kind in _KINDS.items():
        try:
            may_follow(state, kind, step)
        except NotPossible:
            continue
        possible.append(settled.value)
    hint = f"it can be settled as {' or '.join(possible)}" if possible else "only a step that is stuck can be settled"
    return WrongInput(f"step {step!r} is {deciding.said(status)}: it cannot be settled as {to}", hint=hint)
