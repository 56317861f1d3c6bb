"""
The ledger of rehearsals: what each one proved, read from its events.

Pure. `forecast` takes planned durations from it, `promotion` the answer whether a live run may start.
Nothing here is believed that the events do not say: a rehearsal without a proof proved nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from cutover.evidence import measured
from cutover.evidence.data_sections import copies
from cutover.evidence.reading import Reading, read
from cutover.model.event import Event
from cutover.model.outcome import Severity
from cutover.model.project import Mode
from cutover.model.rehearsal import Rehearsal
from cutover.model.status import ENDED, EventKind, RunStatus, StepStatus

#: A gate's decision in an environment where nobody is asked.
SIMULATED = "simulated"

_ENDS = (EventKind.RUN_COMPLETED, EventKind.ROLLED_BACK, EventKind.RUN_STOPPED)
_COUNTED = frozenset({Severity.ERROR, Severity.WARNING})


def rehearsals(journal_events: Iterable[Sequence[Event]]) -> tuple[Rehearsal, ...]:
    """The rehearsals among those runs (each given as its events), in the same order."""
    found = (rehearsal(events) for events in journal_events)
    return tuple(one for one in found if one is not None)


def rehearsal(events: Sequence[Event]) -> Rehearsal | None:
    """
    What that run left behind as a rehearsal; None when it is a live run or has not ended.

    A run whose events do not add up to a state (an edited journal) is none either: it proves nothing.
    Raises NotPossible when the events do not begin with `run.created`.
    """
    told = read(events)
    state = told.state
    if state.mode is not Mode.REHEARSAL or state.status not in ENDED or told.problem:
        return None
    digests = told.created.get("digests") or {}
    tries, facts = measured.tries_ms(told), told.facts()
    return Rehearsal(
        run=state.run,
        runbook=str(told.created.get("runbook", "")),
        environment=state.environment,
        started=events[0].at,
        ended=_ended(told),
        status=state.status,
        semantic=str(digests.get("semantic", "")),
        raw=str(digests.get("raw", "")),
        files={str(path): (str(both[0]), str(both[1])) for path, both in (digests.get("files") or {}).items()},
        steps={str(step["id"]): str(step.get("digest", "")) for step in told.created.get("steps", ())},
        durations={step: sum(each) for step, each in tries.items()},
        tries=tries,
        drill=state.drill,
        complete=_complete(told),
        rollback_rehearsed=_rollback_rehearsed(told),
        restore_proved=any(one.kind == "restore_check" and one.facts.get("equal") is True for one in facts),
        findings=sum(1 for event in told.of(EventKind.FOUND) if _counts(event.data)),
        broken_glass=tuple(event.step for event in told.of(EventKind.VOTED) if event.data.get("break_glass") is True),
        simulated=tuple(
            head.id for head, step in told.steps() if SIMULATED in (step.decision, step.facts.get("decision"))
        ),
        skipped=tuple(head.id for head, step in told.steps() if step.status is StepStatus.SKIPPED and not step.settled),
        variables={str(name): str(value) for name, value in (told.created.get("variables") or {}).items()},
        rows_copied=sum(row["loaded"] for row in copies(facts)),
        undone=measured.undone_ms(told),
        proof_ms=measured.proof_ms(told),
        rows=measured.rows(facts),
        tables=measured.tables(facts),
        volumes=measured.volumes(facts),
        coverage=measured.coverage(facts),
        disturbed=measured.disturbed(told),
    )


def _complete(told: Reading) -> bool:
    """
    Whether it came to the end it was meant for.

    A plain rehearsal: all steps done, even when somebody put it back afterwards. A drill: every step
    before the point of no return done, back by its own will and not because of a failure, something
    taken back, and the world proved equal. A step that somebody settled by hand was not rehearsed.
    """
    if any(step.settled for _, step in told.steps()):
        return False
    if told.state.drill:
        return told.drilled and _rollback_rehearsed(told) and _went_to_the_turning_point(told)
    return told.state.status is not RunStatus.STOPPED and bool(told.of(EventKind.RUN_COMPLETED))


def _rollback_rehearsed(told: Reading) -> bool:
    """Whether a way back was gone and proved: where nothing was taken back, an equal world proves nothing."""
    undone = (event.data.get("facts") or {} for event in told.of(EventKind.UNDO_DONE))
    return told.proved_back and any(facts.get("nothing_to_do") is not True for facts in undone)


def _went_to_the_turning_point(told: Reading) -> bool:
    """Whether every step before the first point of no return was done: half a drill rehearses half a way back."""
    passed = {event.step for event in told.of(EventKind.STEP_DONE, EventKind.STEP_SKIPPED)}
    before = itertools.takewhile(lambda head: not head.point_of_no_return, told.heads)
    return all(head.id in passed for head in before)


def _ended(told: Reading) -> datetime:
    """When it first came to an end: putting a finished rehearsal back later makes it no younger."""
    return told.of(*_ENDS)[0].at


def _counts(finding: Mapping[str, Any]) -> bool:
    return finding.get("severity", Severity.ERROR) in _COUNTED
