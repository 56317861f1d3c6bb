"""
One attempt at one step: its moments in order, and what they came to as a value.

Only declared errors become outcomes. Anything else is a surprise, and in a cutover a surprise stops
the run: it goes through here untouched.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from cutover import points
from cutover.contract import Context, Step
from cutover.engine.recorder import Recorder
from cutover.errors import (
    CutoverError,
    Halted,
    Inconclusive,
    JournalNotWritable,
    LeaseHeld,
    OutcomeUnknown,
    StepFailed,
    TryAgain,
    WaitingForPerson,
)
from cutover.model.outcome import Facts, Fate, Outcome
from cutover.model.run import NotPossible
from cutover.model.status import EventKind
from cutover.redact import redact

#: Errors that are about the run's own record: no step may go on when they happen.
OF_THE_RECORD = (JournalNotWritable, NotPossible, LeaseHeld)


class Disturbing(Protocol):
    """What a rehearsal may put a step through on purpose."""

    def before(self) -> None:
        """When the step begins."""

    def behind(self) -> None:
        """When its effects are there and nothing has been verified."""


def forward(
    step: Step, ctx: Context, fresh: Callable[[], Context], recorder: Recorder, *, disturbing: Disturbing
) -> Outcome:
    """check, plan, run, verify; `fresh` makes the context that verifies, which knows nothing of what `run` did."""
    return ended(lambda: _forward(step, ctx, fresh, recorder, disturbing))


def back(step: Step, ctx: Context) -> Outcome:
    """undo, which proves its own work."""
    return ended(lambda: step.undo(ctx))


def ended(work: Callable[[], Facts]) -> Outcome:
    """Call `work` and say what it came to."""
    try:
        return Outcome(fate=Fate.DONE, facts=work())
    except OF_THE_RECORD:
        raise
    except CutoverError as exc:
        return Outcome(
            fate=_fate(exc),
            detail=redact(str(exc)),
            code=exc.code,
            hint=redact(exc.hint),
            exit_status=exc.exit_status,
            inconclusive=isinstance(exc, Inconclusive),
        )


def probe(step: Step, ctx: Context) -> str | None:
    """
    Ask the world, on a fresh connection, whether a command whose answer was lost has taken effect.

    A sentence, or None when the world cannot be asked either.
    """
    with suppress(TryAgain, OutcomeUnknown):
        try:
            step.verify(ctx)
        except StepFailed as exc:
            return f"it had not taken effect: {redact(str(exc))}"
        return "it had taken effect"
    return None


def _forward(
    step: Step, ctx: Context, fresh: Callable[[], Context], recorder: Recorder, disturbing: Disturbing
) -> Facts:
    disturbing.before()
    step.check(ctx)
    for action in step.plan(ctx):
        ctx.log(f"will {action.says}")
    if ctx.spec.point_of_no_return and not recorder.state.past_point_of_no_return:
        recorder.say(EventKind.POINT_OF_NO_RETURN, ctx.spec.id)
        points.reach("step.point_of_no_return")
    facts = step.run(ctx)
    disturbing.behind()
    points.reach("step.ran")
    recorder.say(EventKind.STEP_VERIFYING, ctx.spec.id)
    step.verify(fresh())
    points.reach("step.verified")
    return facts


def _fate(exc: CutoverError) -> Fate:
    if isinstance(exc, TryAgain):
        return Fate.TRY_AGAIN
    if isinstance(exc, OutcomeUnknown):
        return Fate.UNKNOWN
    if isinstance(exc, WaitingForPerson):
        return Fate.WAITING
    if isinstance(exc, Halted):
        return Fate.HALTED
    return Fate.FAILED


def said(outcome: Outcome) -> dict[str, str]:
    """The words of an outcome, as an event keeps them."""
    return {"detail": outcome.detail, "code": outcome.code, "hint": outcome.hint}


def told(exc: BaseException) -> str:
    """An undeclared exception in one line without secrets."""
    return redact(f"{type(exc).__name__}: {' '.join(str(exc).split())}")
