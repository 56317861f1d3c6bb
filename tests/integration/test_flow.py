"""Attempts shown by a real Prefect server, and what happens when it is not there, or dies."""

from __future__ import annotations

import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from cutover.contract import Observer, RunResult
from cutover.errors import ExitStatus, StepFailed
from cutover.flow import server
from cutover.flow.execute import execute_attempt
from cutover.flow.record import AttemptTitle, PrefectRecord
from cutover.model.outcome import Fate, Outcome
from cutover.model.project import Mode, PrefectUse
from cutover.model.status import RunStatus
from cutover.redact import Secret
from tests.fixtures.prefect import PrefectServer

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]

REPOSITORY = Path(__file__).parents[2]
DONE = Outcome(fate=Fate.DONE)
FAILED = Outcome(fate=Fate.FAILED, code="CUT-300", detail="7 rows are bad", hint="look at the quarantine")
_numbers = count(1)


def result(status: RunStatus, exit_status: ExitStatus, says: str = "so it ended") -> RunResult:
    return RunResult(run="r", status=status, exit_status=exit_status, says=says)


COMPLETED = result(RunStatus.COMPLETED, ExitStatus.DONE)


@dataclass
class Attempt:
    """One attempt with a run id of its own, and what was noted of it."""

    state: Path
    port: int
    run: str = ""
    number: int = 1
    notes: list[PrefectRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.run = self.run or f"dev-{next(_numbers)}"

    def __call__(self, work: Callable[[Observer], RunResult], use: PrefectUse = PrefectUse.REQUIRED) -> RunResult:
        title = AttemptTitle(runbook="Shop", environment="dev", mode=Mode.REHEARSAL, attempt=self.number, run=self.run)
        return execute_attempt(title, work, use=use, state=self.state, port=self.port, note=self.notes.append)


@pytest.fixture
def attempt(prefect_server: PrefectServer) -> Attempt:
    return Attempt(prefect_server.state, prefect_server.port)


def steps(*outcomes: Outcome, then: RunResult = COMPLETED) -> Callable[[Observer], RunResult]:
    """Work of as many steps as there are outcomes."""

    def work(observer: Observer) -> RunResult:
        for number, outcome in enumerate(outcomes):
            observer.step(f"step-{number}", moment="run", attempt=1, work=lambda outcome=outcome: outcome)
        return then

    return work


def test_an_attempt_is_one_flow_run_with_name_and_tags(attempt: Attempt, prefect_server: PrefectServer) -> None:
    assert attempt(steps(DONE)) == COMPLETED
    (shown,) = prefect_server.flow_runs(attempt.run)
    assert shown["name"] == "Shop · dev · rehearsal #1"
    assert {f"run:{attempt.run}", "env:dev", "attempt:1", "rehearsal"} == set(shown["tags"])
    assert (shown["state_type"], shown["state_name"]) == ("COMPLETED", "Completed")


def test_a_step_is_a_task_run_that_ends_as_the_step_did(attempt: Attempt, prefect_server: PrefectServer) -> None:
    waits = Outcome(fate=Fate.WAITING, detail="asked eve")
    unknown = Outcome(fate=Fate.UNKNOWN, detail="the link died")
    attempt(steps(DONE, FAILED, waits, unknown))
    tasks = prefect_server.task_runs(attempt.notes[0].flow_run_id)
    assert {name: ended[:2] for name, ended in tasks.items()} == {
        "step-0 #1": ("COMPLETED", "Completed"),
        "step-1 #1": ("FAILED", "Failed"),
        "step-2 #1": ("COMPLETED", "Waiting"),
        "step-3 #1": ("FAILED", "OutcomeUnknown"),
    }
    assert tasks["step-1 #1"][2] == "CUT-300 7 rows are bad — look at the quarantine"


def test_undo_and_earlier_steps_have_names_of_their_own(attempt: Attempt, prefect_server: PrefectServer) -> None:
    def work(observer: Observer) -> RunResult:
        observer.already_done("copy")
        observer.step("copy", moment="undo", attempt=1, work=lambda: DONE)
        return COMPLETED

    attempt(work)
    tasks = prefect_server.task_runs(attempt.notes[0].flow_run_id)
    assert {name: ended[1] for name, ended in tasks.items()} == {"copy": "AlreadyDone", "undo copy": "Completed"}


@pytest.mark.parametrize(
    ("ended", "kind", "name"),
    [
        (result(RunStatus.ROLLED_BACK, ExitStatus.ROLLED_BACK), "FAILED", "RolledBack"),
        (result(RunStatus.ROLLED_BACK, ExitStatus.DONE), "COMPLETED", "RolledBack"),
        (result(RunStatus.PAUSED, ExitStatus.WAITING_FOR_PERSON), "COMPLETED", "Waiting"),
        (result(RunStatus.ROLLBACK_STUCK, ExitStatus.ROLLBACK_STUCK), "FAILED", "RollbackStuck"),
    ],
)
def test_the_flow_run_ends_as_the_run_did(
    attempt: Attempt, prefect_server: PrefectServer, ended: RunResult, kind: str, name: str
) -> None:
    assert attempt(steps(DONE, then=ended)) == ended
    (shown,) = prefect_server.flow_runs(attempt.run)
    assert (shown["state_type"], shown["state_name"], shown["state"]["message"]) == (kind, name, "so it ended")


def test_the_record_is_noted_at_the_first_step_and_after_the_last(attempt: Attempt) -> None:
    attempt(steps(DONE, FAILED))
    begun, ended = attempt.notes
    assert (begun.complete, begun.says) == (False, "begun")
    assert (ended.complete, ended.says) == (True, "the server has 2 of 2 task runs")
    assert ended.url == f"{server.page(server.server_url(attempt.state) or '')}/runs/flow-run/{ended.flow_run_id}"


def test_lines_stand_under_the_step_that_said_them(attempt: Attempt, prefect_server: PrefectServer) -> None:
    def speak(observer: Observer) -> Outcome:
        observer.log("three tables copied")
        logging.getLogger("cutover.dataplane").info("said through the standard library")
        return DONE

    def work(observer: Observer) -> RunResult:
        observer.log("before any step")
        observer.step("copy", moment="run", attempt=1, work=lambda: speak(observer))
        return COMPLETED

    attempt(work)
    wanted = {"logs": {"flow_run_id": {"any_": [attempt.notes[0].flow_run_id]}}}
    lines = {}
    for _ in range(50):
        lines = {line["message"]: line["task_run_id"] for line in prefect_server.post("/logs/filter", wanted)}
        if "said through the standard library" in lines:
            break
        _wait()
    assert lines["before any step"] is None
    assert lines["three tables copied"] == lines["said through the standard library"] != None  # noqa: E711


def test_artifacts_stand_beside_the_run(attempt: Attempt, prefect_server: PrefectServer) -> None:
    def work(observer: Observer) -> RunResult:
        def plan() -> Outcome:
            observer.artifact("Plan.of copy", markdown="# Plan", table=[{"table": "flight", "rows": "7"}])
            return DONE

        observer.step("copy", moment="run", attempt=1, work=plan)
        return COMPLETED

    attempt(work)
    wanted = {"artifacts": {"flow_run_id": {"any_": [attempt.notes[0].flow_run_id]}}}
    found = {a["key"]: (a["type"], a["data"]) for a in prefect_server.post("/artifacts/filter", wanted)}
    assert found == {
        "plan-of-copy": ("markdown", "# Plan"),
        "plan-of-copy-table": ("table", '[{"table": "flight", "rows": "7"}]'),
    }


def test_no_secret_reaches_the_server(attempt: Attempt, prefect_server: PrefectServer) -> None:
    """Through every door there is; the plain word shows that the search would find it."""
    canary, plain = Secret("kanarienvogel-7f3a").reveal(), "sparrow-7f3a"

    def leak(observer: Observer) -> Outcome:
        observer.log(f"{canary} {plain}")
        logging.getLogger("cutover.x").info("%s", canary)
        observer.artifact(f"leak-{attempt.run}", markdown=canary, table=[{"a": canary}], description=canary)
        return Outcome(fate=Fate.FAILED, detail=f"cannot log in as {canary}", hint=canary)

    def explode() -> Outcome:
        raise StepFailed(f"postgresql://ana:{canary}@db/x refused")

    def work(observer: Observer) -> RunResult:
        observer.step("leak", moment="run", attempt=1, work=lambda: leak(observer))
        observer.step("explode", moment="run", attempt=1, work=explode)
        return COMPLETED

    with pytest.raises(StepFailed):
        attempt(work)
    for _ in range(50):
        kept = _everything_in(server.home_of(prefect_server.state))
        if plain.encode() in kept:
            break
        _wait()
    assert plain.encode() in kept
    assert canary.encode() not in kept


def test_what_the_work_raises_comes_out_and_is_shown(attempt: Attempt, prefect_server: PrefectServer) -> None:
    refusal = StepFailed("no such table")

    def work(observer: Observer) -> RunResult:
        raise refusal

    with pytest.raises(StepFailed) as caught:
        attempt(work)
    assert caught.value is refusal
    (shown,) = prefect_server.flow_runs(attempt.run)
    assert (shown["state_name"], shown["state"]["message"]) == ("Refused", "CUT-300 no such table")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_reaches_the_work_as_keyboard_interrupt(
    attempt: Attempt, prefect_server: PrefectServer, number: signal.Signals
) -> None:
    """The engine pauses the run then; Prefect's own cancelling must not come in between."""
    paused = result(RunStatus.INTERRUPTED, ExitStatus.STEP_FAILED, "interrupted in step copy")

    def work(observer: Observer) -> RunResult:
        with pytest.raises(KeyboardInterrupt):
            observer.step("copy", moment="run", attempt=1, work=lambda: os.kill(os.getpid(), number) or DONE)  # type: ignore[func-returns-value]
        return paused

    assert attempt(work) == paused
    (shown,) = prefect_server.flow_runs(attempt.run)
    assert (shown["state_type"], shown["state_name"]) == ("CANCELLED", "Interrupted")
    assert prefect_server.task_runs(shown["id"])["copy #1"][1] == "Interrupted"


def test_a_killed_attempt_is_shown_as_crashed_by_the_next(attempt: Attempt, prefect_server: PrefectServer) -> None:
    killed = _in_process(attempt, "os.kill(os.getpid(), signal.SIGKILL)")
    assert killed.returncode == -signal.SIGKILL
    assert [shown["state_type"] for shown in prefect_server.flow_runs(attempt.run)] == ["RUNNING"]
    resumed = Attempt(attempt.state, attempt.port, run=attempt.run, number=2)
    resumed(steps(DONE))
    shown = {run["name"]: run["state_type"] for run in prefect_server.flow_runs(attempt.run)}
    assert shown == {"Shop · dev · rehearsal #1": "CRASHED", "Shop · dev · rehearsal #2": "COMPLETED"}


def test_an_attempt_that_never_begins_a_step_leaves_the_living_alone(
    attempt: Attempt, prefect_server: PrefectServer
) -> None:
    """A second process is refused at the lease: it must not bury the first one's flow run."""
    seen: list[str] = []

    def work(observer: Observer) -> RunResult:
        Attempt(attempt.state, attempt.port, run=attempt.run, number=2)(lambda _: COMPLETED)
        seen.extend(run["state_type"] for run in prefect_server.flow_runs(attempt.run) if run["name"].endswith("#1"))
        return COMPLETED

    attempt(work)
    assert seen == ["RUNNING"]


def test_a_server_killed_in_between_changes_nothing_but_the_record(prefect_states: Callable[[], Path]) -> None:
    """Every step is carried out once; leaving does not take seven seconds per unsent event, as with Prefect alone."""
    attempt = Attempt(prefect_states(), 0)
    server.ensure_server(attempt.state, 0)
    kill = "os.kill(int((server.home_of(attempt.state) / 'server.pid').read_text()), signal.SIGKILL)"
    left = _in_process(attempt, kill, steps=40, timeout=60)
    assert (left.returncode, left.stderr) == (7, "")
    told = json.loads(left.stdout)
    assert told["done"] == list(range(40))
    assert told["complete"] is False
    assert "the server was not there to be asked for 40 task runs" in told["says"]


def test_without_a_server_best_effort_runs_unshown_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "prefect").write_text("a file where the server's folder should be")
    attempt = Attempt(tmp_path, 0)
    assert attempt(steps(DONE, DONE), PrefectUse.BEST_EFFORT) == COMPLETED
    (note,) = attempt.notes
    assert not note.complete
    assert note.flow_run_id == ""
    assert note.says.startswith("no prefect record: ")


def test_without_a_server_required_refuses_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "prefect").write_text("a file where the server's folder should be")
    attempt, called = Attempt(tmp_path, 0), []
    with pytest.raises(server.PrefectUnavailable, match="requires prefect") as caught:
        attempt(lambda _: called.append(1) or COMPLETED)
    assert called == []
    assert attempt.notes == []
    assert caught.value.exit_status == ExitStatus.WRONG_INPUT
    assert "best-effort" in caught.value.hint


def test_a_server_that_cannot_start_says_why(
    prefect_states: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "nonsense://nowhere")
    with pytest.raises(server.PrefectUnavailable, match=r"ended while it started: .*nonsense") as caught:
        server.ensure_server(prefect_states(), 0)
    assert "server.log" in caught.value.hint


def test_off_runs_without_asking_for_a_server(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path, 0)
    assert attempt(steps(DONE), PrefectUse.OFF) == COMPLETED
    assert attempt.notes == []
    assert list(tmp_path.iterdir()) == []


def test_prefect_serves_the_projects_flows_with_typed_parameters() -> None:
    from prefect.flows import load_flow_from_entrypoint

    flow = load_flow_from_entrypoint(str(REPOSITORY / "flows" / "rehearse.py") + ":rehearse")
    asked = {name: field.get("type") for name, field in flow.parameters.properties.items()}
    assert flow.parameters.required == ["runbook", "environment"]
    assert (asked["runbook"], asked["environment"], asked["drill"]) == ("string", "string", "boolean")
    assert flow.retries == 0


def test_a_deployments_flow_run_gets_the_same_name_and_tags(attempt: Attempt, prefect_server: PrefectServer) -> None:
    """A deployment has made the flow run already; the attempt goes into it instead of making another."""
    from prefect import flow
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from cutover.flow.shown import run_inside

    title = AttemptTitle(runbook="Shop", environment="dev", mode=Mode.LIVE, attempt=3, run=attempt.run)

    @flow(name="go-live")
    def go_live() -> Any:
        return run_inside(title, steps(DONE, FAILED, then=COMPLETED), note=attempt.notes.append)

    with temporary_settings({PREFECT_API_URL: prefect_server.url}):
        go_live()
    (shown,) = prefect_server.flow_runs(attempt.run)
    assert (shown["name"], shown["state_name"]) == ("Shop · dev · live #3", "Completed")
    assert attempt.notes[-1].says == "the server has 2 of 2 task runs"


def _wait() -> None:
    time.sleep(0.1)


def _everything_in(home: Path) -> bytes:
    """Every byte the server keeps: database with its write-ahead log, and log file."""
    with sqlite3.connect(home / "prefect.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    connection.close()
    return b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())


def _in_process(attempt: Attempt, act: str, *, steps: int = 3, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """The same attempt in a process of its own, which carries out `act` in its second step."""
    program = f"""
        import json, os, signal
        from pathlib import Path
        from cutover.flow import server
        from cutover.flow.leaving import bounded_exit
        from tests.integration.test_flow import Attempt, COMPLETED, DONE

        attempt = Attempt(Path({str(attempt.state)!r}), {attempt.port}, run={attempt.run!r})

        done = []

        def act(number):
            done.append(number)
            if number == 1:
                {act}
            return DONE

        def work(observer):
            for number in range({steps}):
                observer.step(f"step-{{number}}", moment="run", attempt=1, work=lambda: act(number))
                observer.artifact("plan", markdown="# Plan")
                observer.log("still here")
            return COMPLETED

        attempt(work)
        print(json.dumps({{"done": done, "complete": attempt.notes[-1].complete, "says": attempt.notes[-1].says}}))
        bounded_exit(7, grace=2)
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
