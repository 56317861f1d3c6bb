"""Back: in reverse order, with an outcome each, and success only when the world is proved to be as before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutover.errors import ExitStatus, StepFailed, TryAgain, WaitingForPerson, WrongInput
from cutover.model.project import Mode
from cutover.model.status import EventKind, RunStatus, StepStatus
from tests.unit.engine.toys import Table

Make = Callable[..., Table]


@pytest.fixture
def table(tmp_path: Path) -> Make:
    def make(*names: str, **more: Any) -> Table:
        return Table(names or ("a", "b", "c"), tmp_path, **more)

    return make


def failing(table: Make, *names: str, **more: Any) -> Table:
    """A run whose last step fails after it had its effect."""
    toys = table(*names, **more)
    toys.acts[f"ran {toys.names[-1]}"] = [StepFailed("bad rows")]
    return toys


def test_last_begun_is_first_undone(table: Make) -> None:
    toys = failing(table)
    toys.attempt()
    assert toys.undone == ["c", "b", "a"]


def test_only_what_has_begun_is_undone(table: Make) -> None:
    toys = table()
    toys.acts["run b"] = [StepFailed("no")]
    toys.attempt()
    assert toys.undone == ["b", "a"]


def test_a_step_without_effects_is_skipped_with_a_reason(table: Make) -> None:
    toys = failing(table, "a", "b", steps={"a": {"effects": False}})
    toys.attempt()
    assert toys.state().step("a").status is StepStatus.UNDO_SKIPPED
    assert toys.undone == ["b"]


def test_the_old_world_is_proved(table: Make) -> None:
    toys = failing(table)
    result = toys.attempt()
    state = toys.state()
    assert state.proof_after == state.proof_before
    assert "1 fingerprint is as before" in result.says


def test_a_world_that_is_not_as_before_is_no_success(table: Make) -> None:
    """Case 50's relative: everything says undone, and something is left."""
    toys = failing(table)
    toys.acts["undo a"] = [lambda: setattr(toys, "litter", "a leftover")]
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.ROLLBACK_STUCK, ExitStatus.ROLLBACK_STUCK)
    assert "a leftover" in result.says


def test_a_failing_undo_keeps_what_it_stands_on_and_lists_it(table: Make) -> None:
    toys = failing(table, "a", "b", "c", specs={"c": {"after": ("a",)}})
    toys.acts["undo b"] = [StepFailed("no rights")]
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.ROLLBACK_STUCK, ExitStatus.ROLLBACK_STUCK)
    assert toys.undone == ["c"]
    assert toys.data(EventKind.ROLLBACK_STUCK)["steps"] == ["b", "a"]
    assert "no rights" in result.says and "left in place because of that: a" in result.says


def test_a_stuck_rollback_goes_on_where_it_stood(table: Make) -> None:
    toys = failing(table)
    toys.acts["undo b"] = [StepFailed("no rights")]
    toys.attempt()
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.ROLLED_BACK, ExitStatus.ROLLED_BACK)
    assert toys.undone == ["c", "b", "a"]


def test_undo_is_patient_too(table: Make) -> None:
    toys = failing(table)
    toys.acts["undo b"] = [TryAgain("locked"), TryAgain("locked")]
    assert toys.attempt().status is RunStatus.ROLLED_BACK


def test_a_person_on_the_way_back(table: Make) -> None:
    toys = failing(table)
    toys.acts["undo c"] = [WaitingForPerson("close the doors", hint="cutover approve …")]
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.ROLLBACK_STUCK, ExitStatus.WAITING_FOR_PERSON)
    assert "cutover approve …" in result.next
    assert toys.attempt().status is RunStatus.ROLLED_BACK


class Death(BaseException):
    """What kill -9 is to a process."""


@pytest.mark.parametrize("step", ["a", "b", "c"])
def test_a_process_that_dies_on_the_way_back(table: Make, step: str) -> None:
    toys = failing(table)

    def die() -> None:
        raise Death

    toys.acts[f"undo {step}"] = [die]
    with pytest.raises(Death):
        toys.attempt()
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.ROLLED_BACK, ExitStatus.ROLLED_BACK)
    assert toys.world == {}
    assert toys.undone == ["c", "b", "a"]


def test_ctrl_c_on_the_way_back_is_a_pause(table: Make) -> None:
    toys = failing(table)

    def interrupt() -> None:
        raise KeyboardInterrupt

    toys.acts["undo b"] = [interrupt]
    assert toys.attempt().status is RunStatus.ROLLING_BACK
    assert toys.attempt().status is RunStatus.ROLLED_BACK


def test_a_drill_goes_up_to_the_point_of_no_return_and_back(table: Make) -> None:
    toys = table("a", "b", "open", specs={"open": {"point_of_no_return": True}}, drill=True)
    result = toys.attempt()
    assert (result.status, result.exit_status) == (RunStatus.ROLLED_BACK, ExitStatus.DONE)
    assert "run open" not in toys.moments
    assert toys.state().rollback["drill"] is True


def test_a_drill_that_fails_is_an_accident(table: Make) -> None:
    toys = failing(table, drill=True)
    assert toys.attempt().exit_status is ExitStatus.ROLLED_BACK
    assert toys.state().rollback["drill"] is False


def test_somebody_asks_for_it(table: Make) -> None:
    toys = table("a", "b")
    toys.acts["run b"] = [WaitingForPerson("ask eve")]
    toys.attempt()
    result = toys.engine().roll_back("the weather")
    assert (result.status, result.exit_status) == (RunStatus.ROLLED_BACK, ExitStatus.DONE)
    assert toys.state().rollback["reason"] == "the weather"


def test_a_finished_rehearsal_can_be_put_back(table: Make) -> None:
    toys = table("a", "b", specs={"b": {"point_of_no_return": True}})
    toys.attempt()
    assert toys.engine().roll_back("again").status is RunStatus.ROLLED_BACK
    assert toys.world == {}


def test_a_finished_go_live_cannot(table: Make) -> None:
    toys = table("a", mode=Mode.LIVE)
    toys.attempt()
    with pytest.raises(WrongInput, match="nothing of it is left"):
        toys.engine().roll_back("sorry")


def test_case_56_a_run_that_is_back_cannot_go_back_again(table: Make) -> None:
    toys = failing(table)
    toys.attempt()
    with pytest.raises(WrongInput, match="rolled back"):
        toys.engine().roll_back("once more")


def test_somebody_answers_for_a_world_that_is_not_as_before(table: Make) -> None:
    """Users worked in the old system meanwhile: nothing is proved, and that is said."""
    toys = failing(table)
    toys.acts["undo a"] = [lambda: setattr(toys, "litter", "a new loan")]
    assert "--accept-differences" in " ".join(toys.attempt().next)

    result = toys.engine().roll_back("the desk was open", accept=True)

    assert (result.status, result.exit_status) == (RunStatus.ROLLED_BACK, ExitStatus.DONE)
    assert "not as before: a new loan" in result.says
    ended = toys.data(EventKind.ROLLED_BACK)
    assert (ended["differences"], ended["accepted"]) == (["a new loan"], "the desk was open")


def test_there_is_nothing_to_answer_for_in_a_world_that_is_as_before(table: Make) -> None:
    toys = table("a", "b")
    toys.attempt()
    assert "as before" in toys.engine().roll_back("again", accept=True).says
    assert toys.data(EventKind.ROLLED_BACK) == {}
