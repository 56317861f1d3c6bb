"""Faults on purpose: each strikes once, is said before it strikes, and never in a live run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutover.engine import injecting
from cutover.errors import ExitStatus
from cutover.model.injection import Fault, Injection
from cutover.model.project import Mode
from cutover.model.status import EventKind, RunStatus
from tests.unit.engine.toys import Table

Make = Callable[..., Table]


@pytest.fixture
def table(tmp_path: Path) -> Make:
    def make(fault: Fault, *, factor: float = 1.0, **more: Any) -> Table:
        injections = [Injection(fault=fault, step="b", factor=factor).plain()]
        return Table(("a", "b", "c"), tmp_path, created={"injections": injections}, **more)

    return make


@pytest.mark.parametrize("fault", [Fault.LOCK, Fault.LOSE])
def test_what_waiting_or_asking_heals(table: Make, fault: Fault) -> None:
    toys = table(fault)

    assert toys.attempt().status is RunStatus.COMPLETED
    assert toys.state().step("b").attempts == 2
    assert toys.kinds().count("step.injected b") == 1


@pytest.mark.parametrize(
    ("fault", "status", "exit_status", "world"),
    [
        (Fault.FAIL, RunStatus.ROLLED_BACK, ExitStatus.ROLLED_BACK, []),
        (Fault.DENY, RunStatus.ATTENTION, ExitStatus.GATE_CLOSED, ["a"]),
    ],
)
def test_what_ends_the_attempt(
    table: Make, fault: Fault, status: RunStatus, exit_status: ExitStatus, world: list[str]
) -> None:
    toys = table(fault)
    result = toys.attempt()
    assert (result.status, result.exit_status, list(toys.world)) == (status, exit_status, world)
    assert "injected on purpose" in result.says


def test_a_kill_strikes_behind_the_effect_and_not_again(table: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    toys = table(Fault.KILL)

    class Killed(BaseException):
        pass

    def kill(pid: int, number: int) -> None:
        raise Killed

    monkeypatch.setattr(injecting.os, "kill", kill)
    assert injecting.os is os
    with pytest.raises(Killed):
        toys.attempt()

    assert list(toys.world) == ["a", "b"]
    assert toys.kinds()[-1] == "step.injected b"
    assert toys.attempt().status is RunStatus.COMPLETED


def test_a_slow_step_takes_its_times(table: Make) -> None:
    toys = table(Fault.SLOW, factor=3)
    toys.acts["run b"] = [lambda: toys.clock.sleep(10)]

    assert toys.attempt().status is RunStatus.COMPLETED
    assert toys.clock.slept == [10, pytest.approx(20, abs=0.1)]


def test_a_live_run_is_left_alone(table: Make) -> None:
    toys = table(Fault.FAIL, mode=Mode.LIVE)
    assert toys.attempt().status is RunStatus.COMPLETED
    assert [event for event in toys.journal.events(toys.run) if event.kind is EventKind.INJECTED] == []
