"""
All runs in a list, without reading a long journal through.

What a run that has ended comes to in one line is worked out once and kept beside its events, for the very last of them;
a run that may still change is folded each time. The list is the only one that takes what was kept for true.
"""

from __future__ import annotations

import inspect
import logging
from functools import cache
from typing import Any

from cutover import content
from cutover.app.standing import scope_of
from cutover.app.workspace import Workspace
from cutover.errors import JournalNotWritable
from cutover.evidence.words import iso
from cutover.journal.store import Summary
from cutover.model import run as folding
from cutover.model import status as tables
from cutover.model.run import TELLING, RunState, fold
from cutover.model.status import ENDED, RunStatus, StepStatus
from cutover.redact import redact

_LOG = logging.getLogger("cutover.status")
_PASSED = frozenset({StepStatus.DONE, StepStatus.SKIPPED})


def all_runs(workspace: Workspace) -> list[dict[str, Any]]:
    """A line for every run of the project, oldest first, as plain values."""
    kept = workspace.journal.summaries()
    found = []
    for head in workspace.journal.heads():
        summary = kept.get(head.run)
        if summary and (summary.digest, summary.made_by) == (head.digest, _made_by()):
            found.append(dict(summary.data))
        else:
            found.append(_folded(workspace, head.run, head.digest))
    return found


def keep(workspace: Workspace, run: str) -> None:
    """Work out the line of a run that has just ended, so that nobody waits for it later."""
    head = next(one for one in workspace.journal.heads() if one.run == run)
    _folded(workspace, run, head.digest)


def _folded(workspace: Workspace, run: str, digest: str) -> dict[str, Any]:
    events = workspace.journal.events(run, kinds=TELLING, last=True)
    state = fold(events)
    row = _row(state, shown_status(workspace, state))
    if state.status in ENDED and events[-1].digest == digest:
        try:
            workspace.journal.summarise(run, Summary(digest=digest, made_by=_made_by(), data=row))
        except JournalNotWritable as refused:  # whoever may only read is served, too
            _LOG.debug("the line of run %s is not kept: %s", run, redact(str(refused)))
    return row


def _row(state: RunState, status: RunStatus) -> dict[str, Any]:
    passed = sum(step.status in _PASSED for step in state.steps.values())
    return {
        "run": state.run,
        "status": str(status),
        "runbook": str(state.created["runbook"]),
        "environment": state.environment,
        "mode": mode_of(state),
        "began": iso(state.began) if state.began else "",
        "steps": f"{passed} of {len(state.steps)}",
    }


def shown_status(workspace: Workspace, state: RunState) -> RunStatus:
    """A run that the journal shows as running but that no living process carries was interrupted."""
    if state.status is not RunStatus.RUNNING:
        return state.status
    holder = workspace.journal.holder_of(scope_of(state.environment))
    alive = holder is not None and holder.run == state.run and holder.alive
    return RunStatus.RUNNING if alive else RunStatus.INTERRUPTED


def mode_of(state: RunState) -> str:
    """What kind of run it is, as people say it."""
    return "rollback drill" if state.drill else str(state.mode)


@cache
def _made_by() -> str:
    """The code that a line comes from: another one may fold the same events to something else."""
    sources = (inspect.getsource(module) for module in (folding, tables))
    return content.digest([*sources, inspect.getsource(_row)])
