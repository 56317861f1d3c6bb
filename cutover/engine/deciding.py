"""What the run does next, as pure decisions: no journal, no clock, no step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cutover.errors import ExitStatus, WrongInput
from cutover.model.outcome import Fate, Outcome
from cutover.model.project import Mode
from cutover.model.run import RunState, StepState
from cutover.model.runbook import OnFailure, StepSpec
from cutover.model.status import ENDED, RunStatus, StepStatus


class Move(StrEnum):
    """What follows the end of an attempt that was not good."""

    ROLL_BACK = "roll back"
    ASK = "ask"  # the run needs attention: a person decides


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The move, why, and what the process exits with when it asks."""

    move: Move
    reason: str
    exit_status: ExitStatus


def after_failure(state: RunState, spec: StepSpec, outcome: Outcome) -> Decision:
    """
    What follows an attempt that failed or whose outcome is unknown.

    Rolling back by itself happens on a plain failure only, and only before the point of no return: never on a closed
    gate, an unknown outcome or a check without an answer.
    """
    said = f"step {spec.id!r}: {outcome.detail}"
    if outcome.fate is Fate.UNKNOWN:
        return Decision(
            move=Move.ASK, reason=f"{said}: nobody knows the outcome", exit_status=ExitStatus.OUTCOME_UNKNOWN
        )
    if outcome.exit_status is ExitStatus.GATE_CLOSED:
        return Decision(move=Move.ASK, reason=said, exit_status=ExitStatus.GATE_CLOSED)
    if outcome.inconclusive:
        reason = f"{said}; a check without an answer does not roll back"
        return Decision(move=Move.ASK, reason=reason, exit_status=ExitStatus.STEP_FAILED)
    if state.past_point_of_no_return:
        reason = f"{said}; the point of no return is past, so only going forward is left"
        return Decision(move=Move.ASK, reason=reason, exit_status=ExitStatus.STEP_FAILED)
    if spec.on_failure is OnFailure.STOP:
        reason = f"{said}; the runbook asks to stop here instead of rolling back"
        return Decision(move=Move.ASK, reason=reason, exit_status=ExitStatus.STEP_FAILED)
    return Decision(move=Move.ROLL_BACK, reason=said, exit_status=ExitStatus.ROLLED_BACK)


def unless(decision: Decision, why_not: str) -> Decision:
    """The rollback, or a question to people when something speaks against going back by itself now."""
    if not why_not:
        return decision
    reason = f"{decision.reason}; not rolled back by itself: {why_not}"
    return Decision(move=Move.ASK, reason=reason, exit_status=ExitStatus.STEP_FAILED)


_GOING_BACK = frozenset({RunStatus.ROLLING_BACK, RunStatus.ROLLBACK_STUCK})
#: Begun, and not yet back: what a rollback has to look at.
_MAY_HAVE_EFFECTS = frozenset(
    {
        StepStatus.READY,
        StepStatus.DONE,
        StepStatus.FAILED,
        StepStatus.UNKNOWN,
        StepStatus.UNDOING,
        StepStatus.UNDO_FAILED,
    }
)


def to_undo(state: RunState) -> tuple[StepState, ...]:
    """The steps that may have left something in the world, last begun first."""
    return tuple(step for step in reversed(state.begun()) if step.status in _MAY_HAVE_EFFECTS)


def kept_by(failed: Iterable[str], after: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    """
    The steps that must stay because something built on them could not be taken back.

    `after` says what each step comes after; whatever a failed one stands on, directly or not, stays.
    """
    kept: set[str] = set()
    waiting = [before for step in failed for before in after.get(step, ())]
    while waiting:
        step = waiting.pop()
        if step not in kept:
            kept.add(step)
            waiting += after.get(step, ())
    return frozenset(kept)


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the world whose fingerprints differ; one that is on one side only differs."""
    return tuple(name for name in sorted({*before, *now}) if before.get(name) != now.get(name))


def refuse_ended(state: RunState) -> None:
    """Raise WrongInput when a run has come to its end."""
    if state.status in ENDED:
        raise WrongInput(
            f"run {state.run!r} is {said(state.status)}: there is nothing to resume",
            hint=f"`cutover report {state.run}` shows what it did; `cutover rehearse` or `go-live` makes a new run",
        )


def refuse_rollback(state: RunState) -> None:
    """
    Raise WrongInput when a person may not take this run back.

    A rehearsal that has ended well may always be put back, whatever it passed: nobody works there.
    """
    why, hint = _no_rollback(state)
    if why:
        raise WrongInput(f"run {state.run!r} is {why}", hint=hint)


def why_no_rollback(state: RunState) -> str:
    """Why this run cannot be taken back; empty when it can."""
    return _no_rollback(state)[0]


def _no_rollback(state: RunState) -> tuple[str, str]:
    if state.past_point_of_no_return and state.mode is Mode.LIVE and state.status not in _GOING_BACK:
        return (
            "past its point of no return: going back would lose what users wrote since",
            f"mend the cause and go forward: `cutover resume {state.run}`",
        )
    if state.status in ENDED and (state.status is not RunStatus.COMPLETED or state.mode is Mode.LIVE):
        return (
            f"{said(state.status)}: nothing of it is left to take back",
            f"`cutover report {state.run}` shows what it did",
        )
    return "", ""


def goes_back(state: RunState) -> bool:
    """Whether a rollback has begun and not come to its end."""
    return state.status in _GOING_BACK


def said(status: RunStatus | StepStatus) -> str:
    """A status as people say it."""
    return status.replace("_", " ")
