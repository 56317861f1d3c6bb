"""
What the engine costs a step: 200 steps that do nothing, with a journal on the disk, beside Prefect's own share.

    python -m benchmarks.engine

Prints milliseconds a step: of the engine with its journal and nobody watching, of the same run shown in Prefect, and of
200 tasks of Prefect alone. What the engine adds beyond Prefect is the first figure.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.results import record
from cutover.clock import SystemClock
from cutover.contract import Context, Fields, Observer, References, RunResult
from cutover.engine import Assignment, Engine, Ports
from cutover.engine.observers import NullObserver
from cutover.errors import ExitStatus, StepFailed
from cutover.flow.execute import execute_attempt
from cutover.flow.record import AttemptTitle
from cutover.flow.server import ensure_server, stop_server
from cutover.journal.store import SqlJournal
from cutover.model.outcome import Action, Facts, Fate, Outcome
from cutover.model.project import Environment, Mode, PrefectUse, Project
from cutover.model.runbook import Runbook, StepSpec, Strategy
from cutover.model.status import RunStatus

STEPS = 200
ROUNDS = 3
ALLOWED = 5  # milliseconds a step beyond Prefect's own


class Nothing(Fields):
    """A step that does nothing."""

    kind: ClassVar[str] = "nothing"
    effects: ClassVar[bool] = False

    def says(self) -> str:
        return "do nothing"

    def references(self) -> References:
        return References()

    def undoable(self) -> bool:
        return True

    def check(self, ctx: Context) -> None:
        """Nothing to look at."""

    def plan(self, ctx: Context) -> Iterator[Action]:
        yield Action(says="nothing")

    def run(self, ctx: Context) -> Facts:
        return {}

    def verify(self, ctx: Context) -> None:
        """Nothing to prove."""

    def undo(self, ctx: Context) -> Facts:
        return {}


def _none(name: str) -> Any:
    raise StepFailed(f"there is no {name!r} here")


def _engine(folder: Path, observer: Observer) -> Engine:
    specs = []
    for number in range(STEPS):
        before = (f"step-{number - 1}",) if number else ()
        specs.append(StepSpec(id=f"step-{number}", kind="nothing", fields={}, after=before))
    runbook = Runbook(name="Nothing", path=folder / "n.yaml", strategy=Strategy.ONE_SHOT, steps=tuple(specs))
    clock = SystemClock()
    journal = SqlJournal(folder / "journal.db", clock=clock)
    heads = [{"id": spec.id, "kind": spec.kind, "after": list(spec.after)} for spec in specs]
    first = {"environment": "dev", "lot": "0", "mode": str(Mode.REHEARSAL), "runbook": "Nothing", "steps": heads}
    run = journal.create_run("dev", first)
    assignment = Assignment(
        run=run,
        project=Project(name="n", root=folder, environments={}, journal=folder / "journal.db", state=folder),
        environment=Environment(name="dev", databases={}),
        runbook=runbook,
        steps=tuple((spec, Nothing()) for spec in specs),  # type: ignore[misc]
        workdir=folder,
    )
    ports = Ports(
        journal=journal,
        quarantine=None,  # type: ignore[arg-type]
        clock=clock,
        by={"user": "bench", "host": "here", "pid": "1"},
        database=_none,
        migration_of=_none,
        prove=dict,
        tell=lambda _: None,
    )
    return Engine(assignment, ports, observer, token=1)


def _a_step(work: Callable[[Observer], RunResult], observer: Observer) -> float:
    begun = time.perf_counter()
    result = work(observer)
    assert result.status is RunStatus.COMPLETED, result.says
    return (time.perf_counter() - begun) * 1000 / STEPS


def alone(folder: Path) -> float:
    """Milliseconds a step of the engine and its journal."""
    return _a_step(lambda observer: _engine(folder, observer).attempt(), NullObserver())


def _tasks(observer: Observer) -> RunResult:
    def work() -> Outcome:
        observer.log("will nothing")  # as a step of ours does: what that costs is Prefect's share
        return Outcome(fate=Fate.DONE)

    for number in range(STEPS):
        observer.step(f"step-{number}", moment="run", attempt=1, work=work)
    return RunResult(run="dev-1", status=RunStatus.COMPLETED, exit_status=ExitStatus.DONE, says="done")


def _shown(state: Path, work: Callable[[Observer], RunResult], number: int) -> float:
    took: list[float] = []

    def timed(observer: Observer) -> RunResult:
        begun = time.perf_counter()
        result = work(observer)
        took.append((time.perf_counter() - begun) * 1000 / STEPS)
        return result

    title = AttemptTitle(run="dev-1", runbook="Nothing", environment="dev", mode=Mode.REHEARSAL, attempt=number)
    execute_attempt(title, timed, state=state, port=0, use=PrefectUse.REQUIRED, note=lambda _: None)
    return took[0]


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """The best of several rounds of each, in milliseconds a step."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)

        def fresh(name: str) -> Path:
            folder = root / name
            folder.mkdir()
            return folder

        state = fresh("prefect-state")
        ensure_server(state, 0)
        try:
            engine = min(alone(fresh(f"alone-{n}")) for n in range(rounds))
            tasks = min(_shown(state, _tasks, n) for n in range(1, rounds + 1))
            both = min(
                _shown(state, lambda observer, n=n: _engine(fresh(f"both-{n}"), observer).attempt(), 10 + n)
                for n in range(rounds)
            )
        finally:
            stop_server(state)
    return {"engine_ms_a_step": engine, "prefect_ms_a_step": tasks, "both_ms_a_step": both}


def main() -> int:
    """Print the figures and record them; 1 when the engine takes more than it may."""
    found = measure()
    beyond = found["both_ms_a_step"] - found["prefect_ms_a_step"]
    print(f"engine and journal alone: {found['engine_ms_a_step']:.2f} ms a step ({STEPS} steps)")
    print(f"Prefect alone:            {found['prefect_ms_a_step']:.2f} ms a task")
    print(f"both:                     {found['both_ms_a_step']:.2f} ms")
    print(f"the engine beyond Prefect {beyond:.2f} ms a step; {ALLOWED} are allowed")
    figures = {"beyond_prefect_ms_a_step": beyond, **found}
    record("engine.overhead", "python -m benchmarks.engine", {name: round(ms, 2) for name, ms in figures.items()})
    return int(beyond > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
