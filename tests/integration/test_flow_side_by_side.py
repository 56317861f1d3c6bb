"""Steps side by side, each in a thread of its own, shown by a real Prefect server: nothing is mixed up."""

from __future__ import annotations

import threading
import time

import pytest

from cutover.contract import Observer, RunResult
from cutover.engine.working import Workers
from cutover.model.outcome import Fate, Outcome
from tests.fixtures.prefect import PrefectServer
from tests.integration.test_flow import COMPLETED, Attempt

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]

NAMES = ("copy-a", "copy-b", "copy-c", "copy-d")


@pytest.fixture
def attempt(prefect_server: PrefectServer) -> Attempt:
    return Attempt(prefect_server.state, prefect_server.port)


def side_by_side(observer: Observer) -> RunResult:
    """Four steps that are all at work before one of them says anything."""
    together = threading.Barrier(len(NAMES), timeout=60)
    workers: Workers[Outcome] = Workers()

    def step(name: str) -> Outcome:
        def work() -> Outcome:
            together.wait()
            observer.log(f"line of {name}")
            observer.artifact(f"facts-{name}", markdown=f"of {name}")
            together.wait()
            return Outcome(fate=Fate.FAILED if name == "copy-b" else Fate.DONE, detail=f"said by {name}")

        return observer.step(name, moment="run", attempt=1, work=work)

    for name in NAMES:
        workers.start(name, lambda name=name: step(name))
    ended = {}
    while workers.running:
        one = workers.next_end()
        if one is not None:
            ended[one[0]] = one[1]
    assert {name: getattr(outcome, "detail", outcome) for name, outcome in ended.items()} == {
        name: f"said by {name}" for name in NAMES
    }
    return COMPLETED


def test_each_has_its_own_task_lines_and_artifacts(attempt: Attempt, prefect_server: PrefectServer) -> None:
    assert attempt(side_by_side) == COMPLETED

    (shown,) = prefect_server.flow_runs(attempt.run)
    tasks = prefect_server.task_runs(shown["id"])
    assert {name: ended[0] for name, ended in tasks.items()} == {
        f"{name} #1": "FAILED" if name == "copy-b" else "COMPLETED" for name in NAMES
    }
    assert prefect_server.artifacts(shown["id"]) == {f"facts-{name}": f"{name} #1" for name in NAMES}
    expected = {f"line of {name}": f"{name} #1" for name in NAMES}
    deadline = time.monotonic() + 20  # lines are sent in the background
    while not expected.items() <= prefect_server.lines(shown["id"]).items():
        assert time.monotonic() < deadline, prefect_server.lines(shown["id"])
        time.sleep(0.2)
    assert attempt.notes[-1].complete, attempt.notes[-1].says
