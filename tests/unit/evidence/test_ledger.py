"""What a rehearsal proves, and what it does not: each claim from events, none from good will."""

from __future__ import annotations

from typing import Any

import pytest

from cutover.evidence.ledger import rehearsal, rehearsals
from cutover.model.event import Event
from cutover.model.rehearsal import Rehearsal
from cutover.model.status import EventKind as E
from cutover.model.status import RunStatus
from tests.unit.evidence import facts, runs
from tests.unit.evidence.runs import Tape

STEPS = [
    runs.step("back-up", "backup"),
    runs.step("prove", "restore_check"),
    runs.step("copy", "copy"),
    runs.step("gate", "approve"),
    runs.step("open", "manual", point_of_no_return=True),
]


def begun(*, drill: bool = False, mode: str = "rehearsal", equal: bool = True) -> Tape:
    """Everything before the last step is done; nobody was asked."""
    tape = Tape("dev-1").created(STEPS, mode=mode, drill=drill, environment="dev")
    tape.say(E.PROOF, moment="before", world=facts.world())
    tape.did("back-up", **facts.backup())
    tape.did("prove", **{**facts.restored(equal=equal), "backup": "back-up"})
    tape.say(E.FOUND, "prove", **{**facts.quarantine_finding(), "severity": "info"})
    tape.did("copy", 4, tables=[*facts.flights(), *facts.weather()])
    tape.say(E.FOUND, "copy", **facts.quarantine_finding())
    tape.begin("gate")
    tape.say(E.DECIDED, "gate", decision="simulated", votes=[])
    tape.say(E.STEP_VERIFYING, "gate")
    tape.say(E.STEP_DONE, "gate", facts={"decision": "simulated", "role": "owner", "votes": []})
    return tape


def completed(**more: Any) -> Tape:
    """To the end."""
    tape = begun(**more).did("open", decision="simulated")
    tape.say(E.RUN_COMPLETED, seconds=1)
    return tape


def back(tape: Tape, *, drill: bool, automatic: bool = False, changed: bool = False) -> Tape:
    """All the way back."""
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=automatic, drill=drill, by=runs.BY)
    for one in ("copy", "prove", "back-up"):
        tape.undid(one)
    tape.say(E.PROOF, moment="after", world=facts.world(changed=changed))
    tape.say(E.ROLLED_BACK)
    return tape


def told(tape: Tape) -> Rehearsal:
    """Its line in the ledger."""
    one = rehearsal(tape.events)
    assert one is not None
    return one


def test_a_completed_rehearsal_and_everything_that_is_kept_of_it() -> None:
    tape = completed()

    one = told(tape)

    assert (one.run, one.runbook, one.environment) == ("dev-1", "Flights go live in one shot", "dev")
    assert (one.started, one.ended) == (tape.events[0].at, tape.events[-1].at)
    assert (one.status, one.complete, one.drill) == (RunStatus.COMPLETED, True, False)
    assert one.steps == {step["id"]: step["digest"] for step in STEPS}
    assert one.files["runbooks/one_shot.yaml"] == tuple(
        tape.events[0].data["digests"]["files"]["runbooks/one_shot.yaml"]
    )
    assert (one.restore_proved, one.rollback_rehearsed) == (True, False)
    assert one.durations["copy"] == 4_000
    assert one.rows_copied == 329174 + 26114
    assert one.findings == 1
    assert one.simulated == ("gate", "open")


def test_a_live_run_is_no_rehearsal() -> None:
    assert rehearsal(completed(mode="live").events) is None


@pytest.mark.parametrize("cut", [1, 2, 3, -1])
def test_a_rehearsal_that_has_not_ended_is_none(cut: int) -> None:
    assert rehearsal(completed().events[:cut]) is None


def test_a_rollback_on_the_way_or_stuck_is_not_an_end() -> None:
    tape = completed()
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=False, drill=False, by=runs.BY)
    assert rehearsal(tape.events) is None

    tape.say(E.ROLLBACK_STUCK, reason="r", steps=[], differences=["new.flight"])
    assert rehearsal(tape.events) is None


def test_a_finished_rehearsal_that_was_put_back_still_counts_and_is_as_old_as_its_completion() -> None:
    tape = completed()
    finished = tape.now

    one = told(back(tape, drill=False))

    assert (one.status, one.complete, one.rollback_rehearsed) == (RunStatus.ROLLED_BACK, True, True)
    assert one.ended == finished
    assert one.durations["copy"] == 4_000


def test_a_drill_counts_when_it_came_back_and_that_is_proved() -> None:
    one = told(back(begun(drill=True), drill=True))

    assert (one.drill, one.complete, one.rollback_rehearsed) == (True, True, True)


def test_a_drill_without_equal_fingerprints_proves_nothing() -> None:
    one = told(back(begun(drill=True), drill=True, changed=True))

    assert (one.complete, one.rollback_rehearsed) == (False, False)


def test_no_fingerprints_on_either_side_are_not_equal_fingerprints() -> None:
    tape = Tape("dev-1").created(STEPS, mode="rehearsal", drill=True)
    tape.say(E.PROOF, moment="before", world={})
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=False, drill=True, by=runs.BY)
    tape.say(E.PROOF, moment="after", world={})
    tape.say(E.ROLLED_BACK)

    assert not told(tape).rollback_rehearsed


def test_a_drill_that_turned_round_early_rehearsed_half_a_way() -> None:
    tape = Tape("dev-1").created(STEPS, mode="rehearsal", drill=True)
    tape.say(E.PROOF, moment="before", world=facts.world())
    tape.did("back-up", **facts.backup())
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=False, drill=True, by=runs.BY)
    tape.undid("back-up")
    tape.say(E.PROOF, moment="after", world=facts.world())
    tape.say(E.ROLLED_BACK)

    assert (told(tape).complete, told(tape).rollback_rehearsed) == (False, True)


@pytest.mark.parametrize("drill", [True, False])
def test_a_way_back_on_which_nothing_was_taken_back_rehearses_no_rollback(*, drill: bool) -> None:
    steps = [runs.step("look", "check"), runs.step("open", "manual", point_of_no_return=True)]
    tape = Tape("dev-1").created(steps, mode="rehearsal", drill=drill)
    tape.say(E.PROOF, moment="before", world=facts.world())
    tape.did("look", checks=facts.checks())
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=False, drill=drill, by=runs.BY)
    tape.say(E.UNDO_SKIPPED, "look", reason="it changed nothing that must be put back")
    tape.say(E.PROOF, moment="after", world=facts.world())
    tape.say(E.ROLLED_BACK)

    assert (told(tape).complete, told(tape).rollback_rehearsed) == (False, False)


def test_a_drill_whose_first_step_is_the_point_of_no_return_rehearses_nothing() -> None:
    tape = Tape("dev-1").created([runs.step("open", "manual", point_of_no_return=True)], mode="rehearsal", drill=True)
    tape.say(E.PROOF, moment="before", world=facts.world())
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=False, drill=True, by=runs.BY)
    tape.say(E.PROOF, moment="after", world=facts.world())
    tape.say(E.ROLLED_BACK)

    assert (told(tape).complete, told(tape).rollback_rehearsed) == (False, False)


def test_an_undo_that_had_nothing_to_do_is_no_way_back() -> None:
    tape = Tape("dev-1").created([runs.step("tell", "manual"), STEPS[-1]], mode="rehearsal", drill=True)
    tape.say(E.PROOF, moment="before", world=facts.world())
    tape.did("tell", decision="simulated")
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=False, drill=True, by=runs.BY)
    tape.undid("tell", decision="simulated", nothing_to_do=True)
    tape.say(E.PROOF, moment="after", world=facts.world())
    tape.say(E.ROLLED_BACK)

    assert (told(tape).complete, told(tape).rollback_rehearsed) == (False, False)


@pytest.mark.parametrize("drill", [True, False])
def test_a_failure_that_came_back_by_itself_is_not_complete(*, drill: bool) -> None:
    one = told(back(begun(drill=drill), drill=False, automatic=True))

    assert (one.complete, one.rollback_rehearsed) == (False, True)


def test_a_stopped_rehearsal_is_not_complete() -> None:
    tape = begun()
    tape.say(E.RUN_STOPPED, reason="enough")

    assert (told(tape).status, told(tape).complete) == (RunStatus.STOPPED, False)


def test_a_restore_that_was_not_equal_proves_no_backup() -> None:
    assert not told(completed(equal=False)).restore_proved


def test_a_run_that_does_not_add_up_proves_nothing() -> None:
    events = completed().events
    events.remove(next(event for event in events if event.kind is E.STEP_STARTED))

    assert rehearsal(events) is None


def test_the_ledger_keeps_the_order_and_leaves_out_what_is_no_rehearsal() -> None:
    first, live, unfinished, last = completed(), completed(mode="live"), begun(), completed()
    told_of: list[list[Event]] = [one.events for one in (first, live, unfinished, last)]

    assert [one.ended for one in rehearsals(told_of)] == [first.now, last.now]
