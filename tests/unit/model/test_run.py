"""What events add up to."""

from __future__ import annotations

from typing import Any

import pytest

from cutover.model.event import Event
from cutover.model.run import NotPossible, RunState, fold, may_follow
from cutover.model.status import EventKind, RunStatus, StepStatus
from tests.unit.evidence.events import at

CREATED = at(
    0,
    EventKind.RUN_CREATED,
    environment="dev",
    mode="rehearsal",
    steps=[{"id": "copy"}, {"id": "open"}],
)


def folded(*said: tuple[Any, ...]) -> RunState:
    events: list[Event] = [CREATED]
    for number, (kind, step, data) in enumerate(said, start=1):
        events.append(at(number, kind, step, **data))
    return fold(events)


RUNNING: tuple[tuple[Any, ...], ...] = (
    (EventKind.RUN_ARMED, "", {}),
    (EventKind.ATTEMPT_STARTED, "", {"number": 1}),
    (EventKind.STEP_READY, "copy", {}),
    (EventKind.STEP_STARTED, "copy", {}),
)


def test_a_new_run_has_all_its_steps_waiting() -> None:
    state = folded()
    assert state.status is RunStatus.DRAFT
    assert {step.id: step.status for step in state.steps.values()} == {
        "copy": StepStatus.WAITING,
        "open": StepStatus.WAITING,
    }


def test_a_done_step_keeps_its_facts() -> None:
    state = folded(
        *RUNNING,
        (EventKind.STEP_VERIFYING, "copy", {}),
        (EventKind.STEP_DONE, "copy", {"facts": {"rows": 7}}),
    )
    assert state.step("copy").status is StepStatus.DONE
    assert state.step("copy").facts == {"rows": 7}
    assert state.step("copy").attempts == 1


def test_what_was_remembered_first_counts() -> None:
    state = folded(
        *RUNNING,
        (EventKind.REMEMBERED, "copy", {"name": "before", "value": "first"}),
        (EventKind.REMEMBERED, "copy", {"name": "before", "value": "second"}),
    )
    assert state.step("copy").remembered == {"before": "first"}


def test_a_vote_on_the_way_back_is_kept_apart_from_those_before() -> None:
    state = folded(
        *RUNNING,
        (EventKind.VOTED, "open", {"person": "eve", "go": True}),
        (EventKind.STEP_FAILED, "copy", {"detail": "no"}),
        (EventKind.ROLLBACK_STARTED, "", {"reason": "no", "automatic": True}),
        (EventKind.VOTED, "open", {"person": "ana", "go": True}),
    )
    assert [vote["person"] for vote in state.step("open").votes] == ["eve"]
    assert [vote["person"] for vote in state.step("open").votes_back] == ["ana"]
    assert state.rollback["automatic"] is True


def test_steps_are_known_in_the_order_in_which_they_began() -> None:
    state = folded(*RUNNING, (EventKind.STEP_READY, "open", {}))
    assert [step.id for step in state.begun()] == ["copy"]


def test_the_flag_is_never_cleared() -> None:
    state = folded(*RUNNING, (EventKind.POINT_OF_NO_RETURN, "copy", {}), (EventKind.RUN_PAUSED, "", {"reason": "x"}))
    assert state.past_point_of_no_return


def test_an_impossible_event_is_refused() -> None:
    with pytest.raises(NotPossible, match="waiting"):
        folded((EventKind.STEP_DONE, "copy", {}))


def test_a_journal_that_does_not_begin_at_the_beginning_is_refused() -> None:
    with pytest.raises(NotPossible, match="begins with"):
        fold([at(0, EventKind.RUN_ARMED)])
    with pytest.raises(NotPossible, match="without events"):
        fold([])


def test_asking_before_writing() -> None:
    state = folded()
    may_follow(state, EventKind.RUN_ARMED)
    with pytest.raises(NotPossible, match="no step 'nope'"):
        may_follow(state, EventKind.STEP_READY, "nope")
