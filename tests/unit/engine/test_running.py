"""Forward: intent before, outcome after, every fate, and resuming from whatever a dead process left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from cutover.errors import (
    ExitStatus,
    GateClosed,
    Inconclusive,
    JournalNotWritable,
    OutcomeUnknown,
    StepFailed,
    TryAgain,
    WaitingForPerson,
    WrongInput,
)
from cutover.model.project import Mode
from cutover.model.runbook import OnFailure, RetryRule, When
from cutover.model.status import EventKind, RunStatus, StepStatus
from cutover.model.window import Window
from tests.unit.engine.toys import Table, Watching

Make = Callable[..., Table]


@pytest.fixture
def table(tmp_path: Path) -> Make:
    def make(*names: str, **more: Any) -> Table:
        return Table(names or ("a", "b", "c"), tmp_path, **more)

    return make


def test_every_step_is_done_in_order_and_the_run_completes(table: Make) -> None:
    toys = table()
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.COMPLETED, ExitStatus.DONE)
    assert list(toys.world) == ["a", "b", "c"]
    assert toys.state().step("b").facts == {"put": "b"}


def test_the_intent_is_in_the_journal_before_the_effect(table: Make) -> None:
    toys = table("a")
    seen: list[list[str]] = []
    toys.acts["run a"] = [lambda: seen.append(toys.kinds())]
    toys.attempt()
    assert seen[0][-2:] == ["step.ready a", "step.started a"]


def test_the_world_is_proved_before_the_first_effect(table: Make) -> None:
    toys = table("a")
    toys.attempt()
    kinds = toys.kinds()
    assert kinds.index("run.proof") < kinds.index("step.started a")
    assert toys.state().proof_before == {"always": "same"}


def test_the_moments_come_in_their_order(table: Make) -> None:
    toys = table("a")
    toys.attempt()
    assert toys.moments == ["check a", "run a", "ran a", "verify a"]


def test_what_waiting_may_heal_is_tried_again_after_a_pause(table: Make) -> None:
    toys = table("a")
    toys.acts["run a"] = [TryAgain("locked")]
    assert toys.attempt().status is RunStatus.COMPLETED
    assert 2 <= sum(toys.clock.slept) <= 3
    assert toys.data(EventKind.STEP_RETRYING)["detail"] == "locked"
    assert toys.state().step("a").attempts == 2


def test_patience_has_an_end(table: Make) -> None:
    toys = table("a")
    toys.acts["run a"] = [TryAgain("locked")] * 9
    assert toys.attempt().exit_status is ExitStatus.ROLLED_BACK
    assert toys.moments.count("run a") == 3


def test_what_repeating_will_not_heal_is_not_repeated(table: Make) -> None:
    toys = table("a")
    toys.acts["run a"] = [StepFailed("bad rows", hint="look")]
    toys.attempt()
    assert toys.moments.count("run a") == 1
    assert toys.data(EventKind.STEP_FAILED)["hint"] == "look"


def test_a_failure_brings_everything_back_by_itself(table: Make) -> None:
    toys = table()
    toys.acts["run c"] = [StepFailed("bad rows")]
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.ROLLED_BACK, ExitStatus.ROLLED_BACK)
    assert toys.world == {}
    assert "bad rows" in result.says


def test_a_step_that_its_own_proof_denies_has_failed(table: Make) -> None:
    toys = table("a")
    toys.acts["verify a"] = [StepFailed("it is not there")]
    assert toys.attempt().exit_status is ExitStatus.ROLLED_BACK


def test_a_check_without_an_answer_asks_and_undoes_nothing(table: Make) -> None:
    toys = table("a", "b")
    toys.acts["check b"] = [Inconclusive("no answer")]
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.ATTENTION, ExitStatus.STEP_FAILED)
    assert toys.world == {"a": "here"}


def test_a_closed_gate_asks_and_undoes_nothing(table: Make) -> None:
    toys = table("a", "b")
    toys.acts["run b"] = [GateClosed("vetoed")]
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.ATTENTION, ExitStatus.GATE_CLOSED)
    assert toys.world == {"a": "here"}


def test_a_runbook_may_ask_to_stop_instead(table: Make) -> None:
    toys = table("a", "b", specs={"b": {"on_failure": OnFailure.STOP}})
    toys.acts["run b"] = [StepFailed("no")]
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.ATTENTION, ExitStatus.STEP_FAILED)
    assert any("rollback" in line for line in result.next)


def test_past_the_point_of_no_return_nothing_comes_back(table: Make) -> None:
    toys = table("a", "b", "c", specs={"b": {"point_of_no_return": True}}, mode=Mode.LIVE)
    toys.acts["run c"] = [StepFailed("no")]
    result = toys.attempt()
    assert result.status is RunStatus.ATTENTION
    assert toys.world == {"a": "here", "b": "here"}
    assert not any("rollback" in line for line in result.next)
    with pytest.raises(WrongInput, match="point of no return"):
        toys.engine().roll_back("please")


def test_a_step_whose_check_fails_has_not_passed_the_point(table: Make) -> None:
    toys = table("a", specs={"a": {"point_of_no_return": True}})
    toys.acts["check a"] = [StepFailed("no rights")]
    assert toys.attempt().exit_status is ExitStatus.ROLLED_BACK
    assert not toys.state().past_point_of_no_return


def test_a_person_is_waited_for_without_a_process(table: Make) -> None:
    toys = table("a", "b")
    toys.acts["run b"] = [WaitingForPerson("ask eve", hint="cutover approve …")]
    first = toys.attempt()
    assert (first.status, first.exit_status) == (RunStatus.PAUSED, ExitStatus.WAITING_FOR_PERSON)
    assert "cutover approve …" in first.next
    assert toys.state().step("b").waiting
    assert toys.attempt().status is RunStatus.COMPLETED
    assert toys.moments.count("run a") == 1


def test_a_lost_answer_is_settled_by_the_world(table: Make) -> None:
    """The command took effect and its answer was lost: asked on a fresh connection, and not guessed."""
    toys = table("a")
    toys.acts["ran a"] = [OutcomeUnknown("the line went dead")]
    assert toys.attempt().status is RunStatus.COMPLETED
    details = [event.data.get("detail", "") for event in toys.journal.events(toys.run)]
    assert any("it had taken effect" in detail for detail in details)


def test_a_lost_command_is_sent_again(table: Make) -> None:
    toys = table("a")
    toys.acts["run a"] = [OutcomeUnknown("the line went dead")]
    assert toys.attempt().status is RunStatus.COMPLETED
    assert toys.world == {"a": "here"}


def test_a_lost_answer_is_asked_for_once_even_when_no_try_is_left(table: Make) -> None:
    toys = table("a", specs={"a": {"retry": RetryRule(tries=1, wait_seconds=1.0)}})
    toys.acts["ran a"] = [OutcomeUnknown("the line went dead")]
    assert toys.attempt().status is RunStatus.COMPLETED
    assert toys.state().step("a").attempts == 2


def test_lost_again_and_again_it_stops(table: Make) -> None:
    toys = table("a", specs={"a": {"retry": RetryRule(tries=1, wait_seconds=1.0)}})
    toys.acts["ran a"] = [OutcomeUnknown("the line went dead")] * 9
    assert toys.attempt().exit_status is ExitStatus.OUTCOME_UNKNOWN
    assert toys.state().step("a").attempts == 2


def test_an_outcome_that_nobody_can_tell_stops_the_run(table: Make) -> None:
    toys = table("a")
    toys.acts["ran a"] = [OutcomeUnknown("the line went dead")]
    toys.acts["verify a"] = [TryAgain("still dead")]
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.ATTENTION, ExitStatus.OUTCOME_UNKNOWN)
    assert toys.state().step("a").status is StepStatus.UNKNOWN
    assert toys.attempt().status is RunStatus.COMPLETED


def test_a_surprise_stops_the_run_and_is_never_repeated(table: Make) -> None:
    toys = table("a", "b")
    toys.acts["run b"] = [ZeroDivisionError("password=sesame")]
    with pytest.raises(ZeroDivisionError):
        toys.attempt()
    state = toys.state()
    assert (state.status, state.step("b").status) == (RunStatus.ATTENTION, StepStatus.UNKNOWN)
    assert toys.world == {"a": "here"}
    assert "sesame" not in str([event.data for event in toys.journal.events(toys.run)])


def test_ctrl_c_pauses_and_undoes_nothing(table: Make) -> None:
    toys = table("a", "b")

    def interrupt() -> None:
        raise KeyboardInterrupt

    toys.acts["run b"] = [interrupt]
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.INTERRUPTED, ExitStatus.WAITING_FOR_PERSON)
    assert toys.world == {"a": "here"}
    assert toys.attempt().status is RunStatus.COMPLETED


class Death(BaseException):
    """What kill -9 is to a process: nothing runs after it."""


@pytest.mark.parametrize("moment", ["check b", "run b", "ran b", "verify b"])
def test_a_dead_process_is_taken_over(table: Make, moment: str) -> None:
    toys = table()

    def die() -> None:
        raise Death

    toys.acts[moment] = [die]
    with pytest.raises(Death):
        toys.attempt()
    assert toys.state().status is RunStatus.RUNNING
    assert toys.attempt().status is RunStatus.COMPLETED
    assert list(toys.world) == ["a", "b", "c"]
    assert toys.moments.count("run a") == 1
    assert "run.interrupted" in toys.kinds()


def test_a_journal_that_cannot_be_written_stops_before_the_next_effect(table: Make) -> None:
    toys = table("a", "b")
    appending = toys.journal.append

    def full(run: str, kind: EventKind, **more: Any) -> Any:
        if kind is EventKind.STEP_STARTED and more.get("step") == "b":
            raise JournalNotWritable("disk full")
        return appending(run, kind, **more)

    toys.journal.append = full  # type: ignore[method-assign]
    with pytest.raises(JournalNotWritable):
        toys.attempt()
    assert toys.world == {"a": "here"}


def test_an_ended_run_has_nothing_to_resume(table: Make) -> None:
    toys = table("a")
    toys.attempt()
    with pytest.raises(WrongInput, match="nothing to resume"):
        toys.attempt()


def test_what_is_shown(table: Make) -> None:
    toys = table("a", "b")
    toys.acts["run b"] = [WaitingForPerson("ask eve")]
    first, second = Watching(), Watching()
    toys.engine(first).attempt()
    toys.engine(second).attempt()
    assert first.shown == ["artifact plan", "run a #1", "artifact a", "run b #1"]
    assert second.shown == ["already a", "run b #2", "artifact b"]


def test_an_interruption_between_an_event_and_knowing_of_it(table: Make) -> None:
    """The event is durable, and the state has not moved yet: what is written next must follow from the event."""
    toys = table("a", "b")
    appending, struck = toys.journal.append, []

    def strike(run: str, kind: EventKind, **more: Any) -> Any:
        event = appending(run, kind, **more)
        if kind is EventKind.STEP_DONE and not struck:
            struck.append(event)
            raise KeyboardInterrupt
        return event

    toys.journal.append = strike  # type: ignore[method-assign]
    assert toys.attempt().status is RunStatus.INTERRUPTED
    assert toys.state().step("a").status is StepStatus.DONE
    assert toys.attempt().status is RunStatus.COMPLETED


def test_a_step_that_is_left_out_lets_the_others_begin(table: Make) -> None:
    toys = table(specs={"b": {"when": When(environments=("production",))}})

    assert toys.attempt().status is RunStatus.COMPLETED

    assert list(toys.world) == ["a", "c"]
    assert toys.state().step("b").status is StepStatus.SKIPPED
    assert toys.data(EventKind.STEP_SKIPPED)["reason"] == "only when environment is 'production', and it is 'dev'"


def test_a_live_step_waits_for_its_window(table: Make) -> None:
    window = Window(zone="Europe/Berlin", from_=time(22), to=time(23))
    toys = table(specs={"b": {"window": window}}, mode=Mode.LIVE)

    result = toys.attempt()

    assert (result.status, result.exit_status) == (RunStatus.PAUSED, ExitStatus.WAITING_FOR_PERSON)
    assert result.says.startswith("step 'b' waits: the window (from 22:00 to 23:00 (Europe/Berlin)) opens tue")
    assert list(toys.world) == ["a"]
    toys.clock.sleep(7 * 3600 + 60)  # the fake clock begins at 15:00 in Berlin
    assert toys.attempt().status is RunStatus.COMPLETED


def test_a_step_that_would_leave_no_time_for_a_rollback_is_not_begun(table: Make) -> None:
    toys = table(late={"b": "it would end 5 min after the last moment"})

    result = toys.attempt()

    assert (result.status, result.exit_status) == (RunStatus.ATTENTION, ExitStatus.WAITING_FOR_PERSON)
    assert result.says == "step 'b' was not begun: it would end 5 min after the last moment"
    assert [line.split()[1] for line in result.next] == ["rollback", "resume"]
    assert list(toys.world) == ["a"]

    toys.journal.append(toys.run, EventKind.DEADLINE_WAIVED, data={"reason": "the business accepts it", "by": {}})
    assert toys.attempt().status is RunStatus.COMPLETED
