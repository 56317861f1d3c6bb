"""Where runs stand, from the journal alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cutover.app import glass
from cutover.app.overview import all_runs, mode_of, shown_status
from cutover.app.workspace import Workspace
from cutover.engine.results import ways_on
from cutover.evidence.timeline import durations_ms
from cutover.evidence.words import duration
from cutover.model.event import Event
from cutover.model.people import vote_of
from cutover.model.run import TELLING, RunState, StepState, fold
from cutover.model.status import ENDED, RunStatus

__all__ = ["all_runs", "one_run"]


def one_run(workspace: Workspace, run: str) -> dict[str, Any]:
    """One run with its steps, what it waits for and what to type next; WrongInput when there is no such run."""
    events = workspace.journal.events(run, kinds=TELLING, last=True)
    state = fold(events)
    took = durations_ms(events)
    status = shown_status(workspace, state)
    return {
        "run": state.run,
        "status": str(status),
        "runbook": str(state.created["runbook"]),
        "environment": state.environment,
        "mode": mode_of(state),
        "past_point_of_no_return": state.past_point_of_no_return,
        "reason": state.reason,
        "alarms": glass.alarms(events),
        "asked": str(state.asked.get("what", "")),
        "steps": [_step(step, took.get(step.id)) for step in state.steps.values()],
        "forecast": _forecast(events, workspace.clock.now(), state, status),
        "next": _next(state) if status is not RunStatus.RUNNING else [],
    }


def _forecast(events: Sequence[Event], now: datetime, state: RunState, status: RunStatus) -> dict[str, Any] | None:
    """The time to come (`forecasting.live`); None when the run is over or keeps no forecast."""
    if status in ENDED or "forecast" not in state.created:
        return None
    from cutover.app.forecasting import live  # brings NumPy, which nothing else here needs

    return live(events, state, now, at_work=status is RunStatus.RUNNING)


def _next(state: RunState) -> list[str]:
    """What to type now: first what a step that waits for a person asks for, then the ways on."""
    asked = [step.hint for step in state.steps.values() if step.waiting and step.hint]
    return [*asked, *ways_on(state)]


def _step(step: StepState, took: int | None) -> dict[str, Any]:
    said = step.detail or (f"decision: {step.decision}" if step.decision else "")
    return {
        "step": step.id,
        "status": str(step.status),
        "attempts": step.attempts,
        "took": duration(took) if took is not None else "",
        "detail": said,
        "waiting": step.waiting,
        "votes": [vote_of(vote).brief() for vote in (*step.votes, *step.votes_back)],
    }
