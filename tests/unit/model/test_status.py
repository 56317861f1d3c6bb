"""The state tables as data: every pair is either in them or refused with a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from cutover.model.event import Event
from cutover.model.run import NotPossible, RunState, fold, may_follow, next_run, next_step
from cutover.model.status import ENDED, RUN_TABLE, STEP_TABLE, EventKind, RunStatus, StepStatus


@pytest.mark.parametrize(("status", "kind"), list(product(StepStatus, EventKind)))
def test_every_pair_of_a_step_is_defined_or_refused(status: StepStatus, kind: EventKind) -> None:
    if (status, kind) in STEP_TABLE:
        assert next_step(status, kind) in StepStatus
    else:
        with pytest.raises(NotPossible, match=f"{status}.*{kind}"):
            next_step(status, kind)


@pytest.mark.parametrize(("status", "kind"), list(product(RunStatus, EventKind)))
def test_every_pair_of_a_run_is_defined_or_refused(status: RunStatus, kind: EventKind) -> None:
    if (status, kind) in RUN_TABLE:
        assert next_run(status, kind) in RunStatus
    else:
        with pytest.raises(NotPossible, match=f"{status}.*{kind}"):
            next_run(status, kind)


def test_stopping_wins_from_every_state_but_the_ends() -> None:
    assert {status for status in RunStatus if (status, EventKind.RUN_STOPPED) in RUN_TABLE} == set(RunStatus) - ENDED


@pytest.mark.parametrize(("mode", "possible"), [("live", False), ("rehearsal", True)])
@pytest.mark.parametrize("kind", [EventKind.ROLLBACK_STARTED, EventKind.ROLLED_BACK])
def test_no_way_leads_back_past_the_point_of_no_return(kind: EventKind, mode: str, possible: bool) -> None:
    """Whatever happens to a live run after it: no walk through the tables takes one of the events that lead back."""
    data = {"environment": "e", "mode": mode, "steps": []}
    at = datetime(2026, 11, 2, tzinfo=UTC)
    first = Event(run="r", seq=1, at=at, kind=EventKind.RUN_CREATED, data=data, prev="", digest="")
    past = replace(fold([first]), past_point_of_no_return=True)
    taken = {status for status in RunStatus if _may(replace(past, status=status), kind)}

    assert bool(taken) == possible
    assert taken <= {status for status, of in RUN_TABLE if of is kind}


def _may(state: RunState, kind: EventKind) -> bool:
    try:
        may_follow(state, kind)
    except NotPossible:
        return False
    return True


@pytest.mark.parametrize("status", sorted(ENDED - {RunStatus.COMPLETED}))
def test_an_ended_run_never_changes_again(status: RunStatus) -> None:
    assert [kind for kind in EventKind if (status, kind) in RUN_TABLE] == []


def reachable(start: StepStatus | RunStatus, table: object) -> set[object]:
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for (status, _), there in table.items():  # type: ignore[attr-defined]
            if status == here and there not in seen:
                seen.add(there)
                waiting.append(there)
    return seen


def test_no_status_is_an_orphan() -> None:
    assert reachable(StepStatus.WAITING, STEP_TABLE) == set(StepStatus)
    assert reachable(RunStatus.DRAFT, RUN_TABLE) == set(RunStatus)


def test_every_run_that_has_not_ended_can_come_to_an_end() -> None:
    stuck = [status for status in RunStatus if status not in ENDED and not reachable(status, RUN_TABLE) & ENDED]
    assert stuck == []
