"""What an attempt came to, in the words of the command line: one sentence, an exit status, and what to type next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cutover.contract import RunResult
from cutover.errors import ExitStatus, GateClosed
from cutover.model.outcome import Outcome
from cutover.model.project import Mode
from cutover.model.run import RunState
from cutover.model.status import RunStatus, StepStatus
from cutover.words import counted

Work = Callable[[], RunResult]


def completed(state: RunState) -> RunResult:
    """Every step is done."""
    what = "live" if state.mode is Mode.LIVE else "rehearsed"
    return RunResult(
        run=state.run,
        status=RunStatus.COMPLETED,
        exit_status=ExitStatus.DONE,
        says=f"{counted(len(state.steps), 'step')} done, {state.created['runbook']!r} is {what} in {state.environment}",
        next=(f"cutover report {state.run}",),
    )


def waiting(state: RunState, outcomes: Sequence[Outcome]) -> RunResult:
    """People must act; the hints of the steps are the commands to type."""
    return RunResult(
        run=state.run,
        status=state.status,
        exit_status=ExitStatus.WAITING_FOR_PERSON,
        says="; ".join(outcome.detail for outcome in outcomes),
        next=(*(line for outcome in outcomes for line in _commands(outcome.hint)), f"cutover resume {state.run}"),
    )


def paused(state: RunState, why: str) -> RunResult:
    """Somebody asked for it; what was under way has come to a safe point."""
    going = "; it was rolling back" if state.status is RunStatus.ROLLING_BACK else " and nothing was undone"
    return RunResult(
        run=state.run,
        status=state.status,
        exit_status=ExitStatus.WAITING_FOR_PERSON,
        says=f"paused: {why}{going}",
        next=ways_on(state),
    )


def stopped(state: RunState, in_place: Sequence[str]) -> RunResult:
    """Ended by a person without going back; what that leaves in the world is listed."""
    how = "stopped on the way back" if state.rollback else "stopped, nothing was undone"
    left = f"in place: {', '.join(in_place)}" if in_place else "nothing is in place"
    return RunResult(
        run=state.run,
        status=state.status,
        exit_status=ExitStatus.STEP_FAILED,
        says=f"{how}; {left}",
        next=(f"cutover report {state.run}",),
    )


def attention(state: RunState, reason: str, exit_status: ExitStatus, *, hint: str = "") -> RunResult:
    """A person must decide how it goes on."""
    return RunResult(
        run=state.run,
        status=state.status,
        exit_status=exit_status,
        says=reason,
        next=(*_commands(hint), *ways_on(state)),
    )


def too_late(state: RunState, why: str) -> RunResult:
    """The way back would not fit any more behind the next step: a person decides."""
    anyway = f'cutover resume {state.run} --past-deadline "why it may go on"'
    return RunResult(
        run=state.run,
        status=state.status,
        exit_status=ExitStatus.WAITING_FOR_PERSON,
        says=why,
        next=(f'cutover rollback {state.run} --reason "…"', anyway),
    )


def interrupted(state: RunState) -> RunResult:
    """Somebody pressed Ctrl-C, or the system asked the process to end; nothing was undone."""
    going = "while it was rolling back" if state.status is RunStatus.ROLLING_BACK else "and nothing was undone"
    return RunResult(
        run=state.run,
        status=state.status,
        exit_status=ExitStatus.WAITING_FOR_PERSON,
        says=f"interrupted {going}; the run is saved",
        next=ways_on(state),
    )


def rolled_back(state: RunState, *, undone: int, proved: int) -> RunResult:
    """The old world is back. A drill and a rollback that was asked for have done what was wanted."""
    asked = not state.rollback.get("automatic")
    proof = (
        f"{counted(proved, 'fingerprint is', 'fingerprints are')} as before" if proved else "nothing had been changed"
    )
    return RunResult(
        run=state.run,
        status=RunStatus.ROLLED_BACK,
        exit_status=ExitStatus.DONE if asked else ExitStatus.ROLLED_BACK,
        says=f"{counted(undone, 'step')} undone, {proof}; {state.rollback.get('reason', '')}",
        next=(f"cutover report {state.run}",),
    )


def accepted(state: RunState, *, undone: int, differences: Sequence[str], reason: str) -> RunResult:
    """Everything is undone, and a person answers for what differs. Not a proof, and never said to be one."""
    differ = ", ".join(differences)
    return RunResult(
        run=state.run,
        status=RunStatus.ROLLED_BACK,
        exit_status=ExitStatus.DONE,
        says=f"{counted(undone, 'step')} undone; not proved: not as before: {differ}; accepted because: {reason}",
        next=(f"cutover report {state.run}",),
    )


def stuck(state: RunState, reason: str, *, hints: Sequence[str], waiting_for_person: bool, differs: bool) -> RunResult:
    """The way back is not finished, and what is in its way is said."""
    more = (f'cutover rollback {state.run} --accept-differences --reason "…"',) if differs else ()
    exit_status = ExitStatus.WAITING_FOR_PERSON if waiting_for_person else ExitStatus.ROLLBACK_STUCK
    return RunResult(
        run=state.run,
        status=RunStatus.ROLLBACK_STUCK,
        exit_status=exit_status,
        says=reason,
        next=(*(line for hint in hints for line in _commands(hint)), f"cutover resume {state.run}", *more),
    )


def ways_on(state: RunState) -> tuple[str, ...]:
    """The commands that a person may type now, from where the run stands."""
    resume = f"cutover resume {state.run}"
    back = f'cutover rollback {state.run} --reason "…"'
    report = f"cutover report {state.run}"
    if state.status in (RunStatus.ROLLING_BACK, RunStatus.ROLLBACK_STUCK):
        return (resume,)
    if state.status is RunStatus.COMPLETED:
        return (report, back) if state.mode is Mode.REHEARSAL else (report,)
    if state.status in (RunStatus.ROLLED_BACK, RunStatus.STOPPED):
        return (report,)
    if _closed_by_veto(state):  # votes never change, so there is nothing to go on to
        return (report,) if state.past_point_of_no_return and state.mode is Mode.LIVE else (back,)
    return (resume,) if state.past_point_of_no_return and state.mode is Mode.LIVE else (resume, back)


def _closed_by_veto(state: RunState) -> bool:
    return any(step.status is StepStatus.FAILED and step.code == GateClosed.code for step in state.steps.values())


def _commands(hint: str) -> tuple[str, ...]:
    """A hint that a step gave, as a line under `next:`."""
    return (hint,) if hint else ()
