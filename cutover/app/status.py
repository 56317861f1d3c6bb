"""Where runs stand, from the journal alone."""

from __future__ import annotations

from typing import Any

from cutover.app.standing import state_of
from cutover.app.workspace import Workspace
from cutover.engine.results import ways_on
from cutover.evidence.timeline import durations_ms
from cutover.evidence.words import duration, iso
from cutover.model.run import RunState, StepState, fold
from cutover.model.status import RunStatus, StepStatus

_PASSED = frozenset({StepStatus.DONE, StepStatus.SKIPPED})


def all_runs(workspace: Workspace) -> list[dict[str, Any]]:
    """Every run of the project, oldest first, as plain values."""
    return [_row(workspace, run) for run in workspace.journal.runs()]


def one_run(workspace: Workspace, run: str) -> dict[str, Any]:
    """One run with its steps, what it waits for and what to type next; WrongInput when there is no such run."""
    state = state_of(workspace, run)
    took = durations_ms(workspace.journal.events(run))
    return {
        "run": state.run,
        "status": str(_shown_status(workspace, state)),
        "runbook": str(state.created["runbook"]),
        "environment": state.environment,
        "mode": _mode(state),
        "past_point_of_no_return": state.past_point_of_no_return,
        "reason": state.reason,
        "steps": [_step(step, took.get(step.id)) for step in state.steps.values()],
        "next": _next(state) if _shown_status(workspace, state) is not RunStatus.RUNNING else [],
    }


def _next(state: RunState) -> list[str]:
    """What to type now: first what a step that waits for a person asks for, then the ways on."""
    asked = [step.hint for step in state.steps.values() if step.waiting and step.hint]
    return [*asked, *ways_on(state)]


def _row(workspace: Workspace, run: str) -> dict[str, Any]:
    state = fold(workspace.journal.events(run))
    passed = sum(step.status in _PASSED for step in state.steps.values())
    return {
        "run": run,
        "status": str(_shown_status(workspace, state)),
        "runbook": str(state.created["runbook"]),
        "environment": state.environment,
        "mode": _mode(state),
        "began": iso(state.began) if state.began else "",
        "steps": f"{passed} of {len(state.steps)}",
    }


def _shown_status(workspace: Workspace, state: RunState) -> RunStatus:
    """A run that the journal shows as running but that no living process carries was interrupted."""
    if state.status is not RunStatus.RUNNING:
        return state.status
    holder = workspace.journal.holder_of(f"environment:{state.environment}")
    alive = holder is not None and holder.run == state.run and holder.alive
    return RunStatus.RUNNING if alive else RunStatus.INTERRUPTED


def _mode(state: RunState) -> str:
    return "rollback drill" if state.drill else str(state.mode)


def _step(step: StepState, took: int | None) -> dict[str, Any]:
    said = step.detail or (f"decision: {step.decision}" if step.decision else "")
    return {
        "step": step.id,
        "status": str(step.status),
        "attempts": step.attempts,
        "took": duration(took) if took is not None else "",
        "detail": said,
        "waiting": step.waiting,
        "votes": [dict(vote) for vote in (*step.votes, *step.votes_back)],
    }
