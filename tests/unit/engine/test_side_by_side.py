"""Steps side by side: who may begin, what a failure does to its neighbours, and the way back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutover.engine.scheduling import startable, undoable_now
from cutover.errors import ExitStatus, GateClosed, JournalNotWritable, LeaseHeld, StepFailed, WaitingForPerson
from cutover.model.project import Mode
from cutover.model.status import EventKind, RunStatus, StepStatus
from tests.unit.engine.toys import Table

Make = Callable[..., Table]
FREE = {"after": ()}


@pytest.fixture
def table(tmp_path: Path) -> Make:
    def make(*names: str, **more: Any) -> Table:
        given = {"parallel": 4, "specs": dict.fromkeys(names, FREE), **more}
        return Table(names, tmp_path, **given)

    return make


def together(toys: Table, *moments: str) -> None:
    """Nobody leaves that moment before all have come to it."""
    barrier = threading.Barrier(len(moments), timeout=20)
    for moment in moments:
        toys.acts[moment] = [lambda: barrier.wait() and None]


def test_what_does_not_depend_is_at_work_at_once(table: Make) -> None:
    toys = table("a", "b", "c")
    together(toys, "run a", "run b", "run c")

    assert toys.attempt().status is RunStatus.COMPLETED
    assert sorted(toys.world) == ["a", "b", "c"]


def test_no_more_than_the_runbook_allows(table: Make) -> None:
    toys = table(*"abcdef", parallel=2)
    at_work, most, lock = [], [], threading.Lock()

    def enter() -> None:
        with lock:
            at_work.append(1)
            most.append(len(at_work))
        time.sleep(0.02)

    def leave() -> None:
        with lock:
            at_work.pop()

    for name in toys.names:
        toys.acts[f"run {name}"], toys.acts[f"ran {name}"] = [enter], [leave]
    toys.attempt()

    assert max(most) == 2


def test_edges_are_kept(table: Make) -> None:
    toys = table("a", "b", "end", specs={"a": FREE, "b": FREE, "end": {"after": ("a", "b")}})
    together(toys, "run a", "run b")

    toys.attempt()

    assert toys.moments.index("check end") > max(toys.moments.index("verify a"), toys.moments.index("verify b"))


def test_the_point_of_no_return_is_a_wall(table: Make) -> None:
    point = {"after": (), "point_of_no_return": True}
    toys = table("a", "b", "open", "c", specs={"a": FREE, "b": FREE, "open": point, "c": FREE})

    toys.attempt()

    at = toys.moments.index
    assert max(at("verify a"), at("verify b")) < at("check open") < at("verify open") < at("check c")


def test_a_failure_lets_the_others_reach_their_safe_point(table: Make) -> None:
    toys = table("patient", "b", "late", specs={"patient": FREE, "b": FREE, "late": {"after": ("b",)}})
    toys.steps = {"patient": {"patient": True}}
    toys.acts["run b"] = [lambda: toys.began["patient"].wait(20) and None]
    toys.acts["ran b"] = [StepFailed("bad rows")]

    result = toys.attempt()

    assert (result.status, result.exit_status) == (RunStatus.ROLLED_BACK, ExitStatus.ROLLED_BACK)
    halted = toys.data(EventKind.STEP_HALTED)
    assert "step 'b' has failed" in halted["detail"]
    assert toys.kinds().index("step.halted patient") < toys.kinds().index("run.rollback_started")
    assert toys.world == {}
    assert "run late" not in toys.moments


def test_a_surprise_lets_the_others_end_and_comes_out(table: Make) -> None:
    toys = table("patient", "b")
    toys.steps = {"patient": {"patient": True}}
    toys.acts["run b"] = [lambda: toys.began["patient"].wait(20) and None]
    toys.acts["ran b"] = [ZeroDivisionError("nobody thought of it")]

    with pytest.raises(ZeroDivisionError):
        toys.attempt()

    state = toys.state()
    assert state.status is RunStatus.ATTENTION
    assert (state.step("patient").status, state.step("b").status) == (StepStatus.READY, StepStatus.UNKNOWN)


def test_one_question_to_people_does_not_hold_up_the_rest(table: Make) -> None:
    toys = table("ask", "b", "c", specs={"ask": FREE, "b": FREE, "c": {"after": ("b",)}})
    toys.acts["run ask"] = [WaitingForPerson("ask eve", hint="cutover approve …")]

    result = toys.attempt()

    assert (result.status, result.exit_status) == (RunStatus.PAUSED, ExitStatus.WAITING_FOR_PERSON)
    assert result.says == "ask eve"
    assert sorted(toys.world) == ["b", "c"]
    assert toys.attempt().status is RunStatus.COMPLETED
    assert toys.moments.count("run b") == 1


def test_two_failures_of_which_one_asks(table: Make) -> None:
    """The more careful decision counts: nothing is rolled back by itself where a gate is closed."""
    toys = table("a", "b")
    together(toys, "run a", "run b")
    toys.acts["ran a"] = [StepFailed("bad rows")]
    toys.acts["ran b"] = [GateClosed("eve said no-go")]

    result = toys.attempt()

    assert (result.status, result.exit_status) == (RunStatus.ATTENTION, ExitStatus.GATE_CLOSED)
    assert sorted(toys.world) == ["a", "b"]


def test_undo_side_by_side_where_edges_allow(table: Make) -> None:
    edges = {"a": FREE, "b": {"after": ("a",)}, "c": {"after": ("a",)}, "d": {"after": ("b", "c")}}
    toys = table("a", "b", "c", "d", specs=edges)
    toys.acts["ran d"] = [StepFailed("bad rows")]
    together(toys, "undo b", "undo c")

    assert toys.attempt().status is RunStatus.ROLLED_BACK
    assert (toys.undone[0], sorted(toys.undone[1:3]), toys.undone[3]) == ("d", ["b", "c"], "a")


def test_a_lost_lease_ends_the_attempt_and_writes_nothing_more(table: Make) -> None:
    toys = table("a", "b", specs={"a": FREE, "b": {"after": ("a",)}})

    def lose() -> None:
        toys.lost = True

    toys.acts["verify a"] = [lose]
    with pytest.raises(LeaseHeld):
        toys.attempt()

    assert toys.kinds()[-1] == "step.done a"
    assert toys.world == {"a": "here"}


def test_a_step_at_work_that_lost_the_lease_is_no_failure(table: Make) -> None:
    toys = table("a")
    toys.steps = {"a": {"patient": True}}

    def lose() -> None:
        toys.lost = True
        toys.clock.sleep(5)  # it looks once a second

    toys.acts["run a"] = [lose]
    with pytest.raises(LeaseHeld):
        toys.attempt()

    assert toys.kinds()[-1] == "step.started a"


def test_a_thread_that_was_left_writes_nothing(table: Make) -> None:
    toys = table("a", "b")
    toys.steps = {"a": {"patient": True}}

    def interrupt() -> None:
        toys.began["a"].wait(20)
        raise KeyboardInterrupt

    toys.acts["run b"] = [interrupt]
    engine = toys.engine()
    result = engine.attempt()
    written = toys.kinds()
    (left,) = [thread for thread in threading.enumerate() if thread.name == "cutover-a"]
    assert engine.at_work == {"a"}

    toys.enough.set()
    deadline = time.monotonic() + 20
    while left.name == "cutover-a" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left.name == "cutover-idle"

    assert result.status is RunStatus.INTERRUPTED
    assert toys.kinds() == written
    assert toys.state().step("a").status is StepStatus.UNKNOWN
    assert toys.attempt().status is RunStatus.COMPLETED


def test_a_record_that_is_lost_while_listening_ends_the_steps_at_work(table: Make) -> None:
    toys = table("a")
    toys.steps = {"a": {"patient": True}}
    reading = toys.journal.heads

    def gone() -> Any:
        if toys.began["a"].is_set():
            raise JournalNotWritable("the server is gone")
        return reading()

    toys.journal.heads = gone  # type: ignore[method-assign]
    with pytest.raises(JournalNotWritable):
        toys.attempt()
    written = toys.kinds()
    (left,) = [thread for thread in threading.enumerate() if thread.name == "cutover-a"]

    toys.enough.set()  # the journal is there again, and the step comes to its end
    deadline = time.monotonic() + 20
    while left.name == "cutover-a" and time.monotonic() < deadline:
        time.sleep(0.01)

    assert toys.kinds() == written


@pytest.mark.parametrize(
    ("done", "running", "ended", "limit", "expected"),
    [
        ("", "", "", 2, "ab"),
        ("", "a", "", 2, "b"),
        ("", "ab", "", 2, ""),
        ("", "", "a", 2, "b"),
        ("ab", "", "", 2, "c"),
        ("abc", "", "", 2, "p"),
        ("abc", "", "p", 2, ""),
        ("ab", "c", "", 2, ""),
        ("abcp", "", "", 2, "d"),
    ],
)
def test_who_may_begin(table: Make, done: str, running: str, ended: str, limit: int, expected: str) -> None:
    point = {"after": ("c",), "point_of_no_return": True}
    specs = {"a": FREE, "b": FREE, "c": {"after": ("a", "b")}, "p": point, "d": FREE}
    toys = table("a", "b", "c", "p", "d", specs=specs, mode=Mode.LIVE)
    state = toys.state()
    for name in done:
        for kind in (EventKind.STEP_READY, EventKind.STEP_STARTED, EventKind.STEP_VERIFYING, EventKind.STEP_DONE):
            toys.journal.append(toys.run, kind, step=name)
    state = toys.state()

    found = startable(toys.runbook.steps, state, running=set(running), ended=set(ended), limit=limit)

    assert "".join(spec.id for spec in found) == expected


def test_whose_undo_may_begin() -> None:
    after: dict[str, tuple[str, ...]] = {"a": (), "b": ("a",), "c": ("b",), "x": ()}

    assert undoable_now(["x", "c", "b", "a"], after, running=(), limit=9) == ("x", "c")
    assert undoable_now(["b", "a"], after, running=("c",), limit=9) == ()
    assert undoable_now(["x", "c"], after, running=(), limit=1) == ("x",)
    assert undoable_now(["a"], after, running=(), limit=9) == ("a",)
    assert undoable_now(["c", "a"], after, running=(), limit=9) == ("c",), "through a step that is gone already"
