"""What people ask of a run under way, by a signal or from another process, and what they settle by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutover.engine import by_hand
from cutover.engine.by_hand import Settled
from cutover.engine.recorder import Recorder
from cutover.errors import ExitStatus, GateClosed, StepFailed, TryAgain, WrongInput
from cutover.model.project import Mode
from cutover.model.runbook import RetryRule
from cutover.model.status import EventKind, RunStatus, StepStatus
from tests.unit.engine.toys import Table

Make = Callable[..., Table]
BY = {"user": "eve", "host": "there", "pid": "7"}


@pytest.fixture
def table(tmp_path: Path) -> Make:
    def make(*names: str, **more: Any) -> Table:
        return Table(names or ("a", "b", "c"), tmp_path, **more)

    return make


def asking(toys: Table, what: str, at: str) -> None:
    """Another process asks while a step is at work."""

    def ask() -> None:
        data = {"what": what, "reason": "lunch", "by": BY}
        toys.journal.append(toys.run, EventKind.REQUESTED, data=data)

    toys.acts[at] = [ask]


def test_a_pause_lets_the_step_end_and_begins_no_other(table: Make) -> None:
    toys = table()
    asking(toys, "pause", "run a")

    result = toys.attempt()

    assert (result.status, result.exit_status) == (RunStatus.PAUSED, ExitStatus.WAITING_FOR_PERSON)
    assert result.says == "paused: pause was asked for: lunch and nothing was undone"
    assert toys.world == {"a": "here"}
    assert toys.attempt().status is RunStatus.COMPLETED


def test_a_pause_during_the_last_step_is_too_late(table: Make) -> None:
    toys = table()
    asking(toys, "pause", "run c")
    assert toys.attempt().status is RunStatus.COMPLETED


def test_a_request_is_for_one_attempt(table: Make) -> None:
    """Whoever resumes wants it to go on, whatever was asked of a process that is gone."""
    toys = table()
    toys.journal.append(toys.run, EventKind.REQUESTED, data={"what": "stop", "reason": "x", "by": BY})
    assert toys.attempt().status is RunStatus.COMPLETED


def test_a_stop_ends_the_run_and_lists_what_is_in_place(table: Make) -> None:
    toys = table("a", "look", "c", steps={"look": {"effects": False}})
    asking(toys, "stop", "run look")

    result = toys.attempt()

    assert (result.status, result.exit_status) == (RunStatus.STOPPED, ExitStatus.STEP_FAILED)
    assert result.says == "stopped, nothing was undone; in place: a"
    assert toys.data(EventKind.RUN_STOPPED)["steps"] == ["a"]
    assert toys.state().in_place == ("a",)
    with pytest.raises(WrongInput, match="stopped"):
        toys.attempt()


def test_a_rollback_that_was_asked_for_is_no_accident(table: Make) -> None:
    toys = table()
    asking(toys, "rollback", "run b")

    result = toys.attempt()

    assert (result.status, result.exit_status) == (RunStatus.ROLLED_BACK, ExitStatus.DONE)
    assert toys.undone == ["b", "a"]
    assert (toys.state().rollback["automatic"], toys.state().rollback["reason"]) == (False, "lunch")


def test_a_rollback_is_refused_past_the_point_of_no_return_and_the_run_waits(table: Make) -> None:
    toys = table("a", "open", "c", specs={"open": {"point_of_no_return": True}}, mode=Mode.LIVE)
    asking(toys, "rollback", "ran open")

    result = toys.attempt()

    assert result.status is RunStatus.PAUSED
    assert toys.undone == []
    assert "past its point of no return" in toys.data(EventKind.NOTED)["says"]
    assert toys.attempt().status is RunStatus.COMPLETED


@pytest.mark.parametrize("first", ["pause", "rollback"])
def test_case_60_stopping_wins(table: Make, first: str) -> None:
    toys = table("a", "b")
    asking(toys, first, "check a")
    asking(toys, "stop", "run a")

    assert toys.attempt().status is RunStatus.STOPPED


def test_case_60_stopping_wins_on_the_way_back(table: Make) -> None:
    toys = table()
    toys.acts["run c"] = [StepFailed("bad rows")]
    asking(toys, "stop", "undo c")

    result = toys.attempt()

    assert result.status is RunStatus.STOPPED
    assert toys.undone == ["c"]
    assert result.says == "stopped on the way back; in place: b, a"


def test_a_pause_on_the_way_back(table: Make) -> None:
    toys = table()
    toys.acts["run c"] = [StepFailed("bad rows")]
    asking(toys, "pause", "undo c")

    result = toys.attempt()

    assert (result.status, result.exit_status) == (RunStatus.ROLLING_BACK, ExitStatus.WAITING_FOR_PERSON)
    assert toys.undone == ["c"]
    assert toys.attempt().status is RunStatus.ROLLED_BACK
    assert toys.undone == ["c", "b", "a"]


def test_the_first_signal_asks_for_a_pause(table: Make) -> None:
    toys = table()
    engine = toys.engine()
    said: list[bool] = []
    toys.acts["run a"] = [lambda: said.append(engine.signalled())]

    result = engine.attempt()

    assert said == [True]
    assert engine.signalled() is False, "the second is left to the caller"
    assert result.status is RunStatus.PAUSED
    assert toys.data(EventKind.REQUESTED)["signal"] is True


def test_a_step_is_halted_at_its_safe_point(table: Make) -> None:
    toys = table("a", "b", steps={"a": {"patient": True}})
    asking(toys, "pause", "run a")

    assert toys.attempt().status is RunStatus.PAUSED
    assert toys.state().step("a").status is StepStatus.READY
    assert toys.kinds().count("step.halted a") == 1
    toys.enough.set()
    assert toys.attempt().status is RunStatus.COMPLETED


def test_a_failure_beside_a_pause_rolls_nothing_back_by_itself(table: Make) -> None:
    """Ctrl-C never rolls back: whoever pauses wants to look first."""
    toys = table()
    asking(toys, "pause", "run b")
    toys.acts["ran b"] = [StepFailed("bad rows")]

    result = toys.attempt()

    assert (result.status, result.exit_status) == (RunStatus.ATTENTION, ExitStatus.STEP_FAILED)
    assert "not rolled back by itself: pause was asked for" in result.says
    assert sorted(toys.world) == ["a", "b"]


def test_a_rollback_that_does_not_fit_is_a_question(table: Make) -> None:
    toys = table(fits="it would end 12 min after the hard stop")
    toys.acts["run b"] = [StepFailed("bad rows")]

    result = toys.attempt()

    assert (result.status, result.exit_status) == (RunStatus.ATTENTION, ExitStatus.STEP_FAILED)
    assert "not rolled back by itself: it would end 12 min after the hard stop" in result.says
    assert any(line.startswith("cutover rollback") for line in result.next)


def test_waiting_for_the_next_try_is_cut_short_by_a_pause(table: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    toys = table("a", specs={"a": {"retry": RetryRule(tries=3, wait_seconds=200.0)}})

    def locked() -> None:
        toys.journal.append(toys.run, EventKind.REQUESTED, data={"what": "pause", "reason": "x", "by": BY})
        raise TryAgain("locked")

    toys.acts["run a"] = [locked]
    slept: list[float] = []
    monkeypatch.setattr(toys.clock, "sleep", lambda seconds: slept.append(seconds) or time.sleep(0.01))

    assert toys.attempt().status is RunStatus.PAUSED
    assert sum(slept) < 100
    assert toys.attempt().status is RunStatus.COMPLETED


# -- by hand ---------------------------------------------------------------------------------------------------


def settle(toys: Table, step: str, to: Settled) -> None:
    by_hand.settle(Recorder(toys.journal, toys.run), step, to, reason="I looked", by=BY, evidence="ticket 7")


def test_a_failed_step_that_was_done_by_hand(table: Make) -> None:
    toys = table()
    toys.acts["run b"] = [GateClosed("eve said no-go")]
    assert toys.attempt().status is RunStatus.ATTENTION

    settle(toys, "b", Settled.DONE)

    assert toys.attempt().status is RunStatus.COMPLETED
    assert sorted(toys.world) == ["a", "c"]
    assert toys.state().step("b").settled
    assert toys.data(EventKind.SETTLED_DONE) == {"reason": "I looked", "by": BY, "evidence": "ticket 7"}


def test_a_step_that_will_not_be_done(table: Make) -> None:
    toys = table()
    toys.acts["run b"] = [GateClosed("eve said no-go")]
    toys.attempt()
    settle(toys, "b", Settled.SKIPPED)
    assert toys.attempt().status is RunStatus.COMPLETED


def test_a_step_that_a_dead_process_left_is_tried_again(table: Make) -> None:
    toys = table()

    class Death(BaseException):
        pass

    def die() -> None:
        raise Death

    toys.acts["ran b"] = [die]
    with pytest.raises(Death):
        toys.attempt()
    settle(toys, "b", Settled.READY)
    assert toys.state().status is RunStatus.INTERRUPTED
    assert toys.attempt().status is RunStatus.COMPLETED


def test_an_undo_that_was_done_by_hand_is_still_proved(table: Make) -> None:
    toys = table()
    toys.acts["run c"] = [StepFailed("bad rows")]
    toys.acts["undo b"] = [StepFailed("no rights")] * 5
    assert toys.attempt().status is RunStatus.ROLLBACK_STUCK

    settle(toys, "b", Settled.UNDONE)
    stuck = toys.attempt()
    assert stuck.status is RunStatus.ROLLBACK_STUCK
    assert "b" in stuck.says, "it is still there, whatever was said"
    del toys.world["b"]
    assert toys.attempt().status is RunStatus.ROLLED_BACK


@pytest.mark.parametrize(
    ("step", "to", "why"),
    [
        ("a", Settled.READY, "step 'a' is done: it cannot be settled as ready"),
        ("c", Settled.DONE, "step 'c' is waiting: it cannot be settled as done"),
        ("b", Settled.UNDONE, "step 'b' is failed: it cannot be settled as undone"),
        ("x", Settled.DONE, "has no step 'x'"),
    ],
)
def test_only_what_is_stuck_can_be_settled(table: Make, step: str, to: Settled, why: str) -> None:
    toys = table()
    toys.acts["run b"] = [GateClosed("eve said no-go")]
    toys.attempt()
    before = toys.kinds()

    with pytest.raises(WrongInput, match=why):
        settle(toys, step, to)

    assert toys.kinds() == before


def test_an_ended_run_stands_as_it_stands(table: Make) -> None:
    toys = table("a")
    toys.attempt()
    with pytest.raises(WrongInput, match="completed"):
        settle(toys, "a", Settled.DONE)


@pytest.mark.parametrize("ended", [True, False])
def test_stopping_a_run_that_nobody_carries(table: Make, ended: bool) -> None:
    toys = table()
    toys.acts["run b"] = [] if ended else [GateClosed("eve said no-go")]
    toys.attempt()
    recorder = Recorder(toys.journal, toys.run)
    if ended:
        with pytest.raises(WrongInput, match="nothing to stop"):
            by_hand.stop(recorder, "enough", BY, has_effects=lambda _: True)
        return

    assert by_hand.stop(recorder, "enough", BY, has_effects=lambda step: step != "b") == ["a"]
    assert toys.state().status is RunStatus.STOPPED
