"""A world that is a dictionary, steps that write into it as they are told, and an engine over both."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from cutover.contract import Context, Fields, References, RunResult
from cutover.engine import Assignment, Engine, Ports
from cutover.engine.observers import NullObserver
from cutover.errors import LeaseHeld, StepFailed
from cutover.journal.memory import MemoryJournal
from cutover.model.outcome import Action, Facts, Outcome
from cutover.model.project import Environment, Mode, Project
from cutover.model.run import RunState, fold
from cutover.model.runbook import RetryRule, Runbook, StepSpec, Strategy
from cutover.model.status import EventKind
from tests.fixtures.clock import FakeClock

#: What a toy does at a moment: nothing, raise this error, or call that.
Act = Exception | Callable[[], None] | None


class Toy(Fields):
    """Puts its own name into the world. `acts` says what happens at a moment, one entry per time it comes."""

    kind: ClassVar[str] = "toy"
    name: str
    effects: bool = True
    can_undo: bool = True
    patient: bool = False  # works on and on, from safe point to safe point, until it is halted

    def says(self) -> str:
        return f"put {self.name}"

    def references(self) -> References:
        return References()

    def undoable(self) -> bool:
        return self.can_undo

    def check(self, ctx: Context) -> None:
        _table(ctx).act(self.name, "check")

    def plan(self, ctx: Context) -> Iterator[Action]:
        yield Action(says=f"put {self.name}", undo=f"take {self.name} away")

    def run(self, ctx: Context) -> Facts:
        table = _table(ctx)
        table.act(self.name, "run")
        if self.effects:
            table.world[self.name] = "here"
        table.began[self.name].set()
        while self.patient and not table.enough.is_set():
            ctx.safe_point()
            time.sleep(0.002)
        table.act(self.name, "ran")
        return {"put": self.name}

    def verify(self, ctx: Context) -> None:
        table = _table(ctx)
        table.act(self.name, "verify")
        if self.effects and self.name not in table.world:
            raise StepFailed(f"{self.name} is not there")

    def undo(self, ctx: Context) -> Facts:
        table = _table(ctx)
        table.act(self.name, "undo")
        table.undone.append(self.name)
        return {"taken": table.world.pop(self.name, "nothing")}


@dataclass
class Table:
    """The world, what shall happen, and what has happened."""

    names: Sequence[str]
    root: Path
    mode: Mode = Mode.REHEARSAL
    drill: bool = False
    specs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    world: dict[str, str] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)
    acts: dict[str, list[Act]] = field(default_factory=dict)
    clock: FakeClock = field(default_factory=FakeClock)
    litter: str = ""  # something that a rollback does not take away
    parallel: int = 1
    created: Mapping[str, Any] = field(default_factory=dict)  # more of the run's first event
    enough: threading.Event = field(default_factory=threading.Event)  # patient toys come to their end
    lost: bool = False  # the lease
    late: Mapping[str, str] = field(default_factory=dict)  # step -> why it would leave no time for a rollback
    fits: str = ""  # why a rollback would not end in time

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(clock=self.clock)
        self.began = {name: threading.Event() for name in self.names}
        self.runbook = Runbook(
            name="Toys",
            path=self.root / "toys.yaml",
            strategy=Strategy.ONE_SHOT,
            steps=tuple(self._specs()),
            parallel=self.parallel,
        )
        self.run = self.journal.create_run(
            "dev",
            {
                "environment": "dev",
                "lot": "0",
                "mode": str(self.mode),
                "drill": self.drill,
                "runbook": "Toys",
                "steps": [{"id": name} for name in self.names],
                **self.created,
            },
        )

    def act(self, name: str, moment: str) -> None:
        """What the next visit to a moment of a step brings."""
        self.moments.append(f"{moment} {name}")
        waiting = self.acts.get(f"{moment} {name}") or [None]
        what = waiting.pop(0)
        if isinstance(what, Exception):
            raise what
        if what is not None:
            what()

    def engine(self, observer: NullObserver | None = None) -> Engine:
        """A new attempt, as a new process would make it."""
        TABLES[str(self.root)] = self
        steps = tuple(
            (spec, Toy.model_validate({"name": spec.id, **self.steps.get(spec.id, {})})) for spec in self.runbook.steps
        )
        environment = Environment(name="dev", databases={})
        project = Project(
            name="toys", root=self.root, environments={}, journal=self.root / "journal.db", state=self.root
        )
        assignment = Assignment(
            run=self.run,
            project=project,
            environment=environment,
            runbook=self.runbook,
            steps=steps,  # type: ignore[arg-type]
            workdir=self.root,
        )
        return Engine(assignment, self._ports(), observer or NullObserver(), token=1)

    def attempt(self) -> RunResult:
        return self.engine().attempt()

    def state(self) -> RunState:
        return fold(self.journal.events(self.run))

    def kinds(self) -> list[str]:
        """The kinds of all events so far, with their step."""
        return [f"{event.kind} {event.step}".strip() for event in self.journal.events(self.run)]

    def data(self, kind: EventKind) -> Mapping[str, Any]:
        """The data of the last event of that kind."""
        return [event.data for event in self.journal.events(self.run) if event.kind is kind][-1]

    def _specs(self) -> Iterator[StepSpec]:
        before: tuple[str, ...] = ()
        for name in self.names:
            usual: dict[str, Any] = {"after": before, "retry": RetryRule(tries=3, wait_seconds=2.0)}
            yield StepSpec(id=name, kind="toy", fields={}, **{**usual, **self.specs.get(name, {})})
            before = (name,)

    def _ports(self) -> Ports:
        return Ports(
            journal=self.journal,
            quarantine=None,  # type: ignore[arg-type]
            clock=self.clock,
            by={"user": "ana", "host": "here", "pid": "1"},
            database=_none,
            migration_of=_none,
            prove=lambda: {name: "here" for name in (*self.world, self.litter) if name} | {"always": "same"},
            tell=lambda progress: None,
            confirm=self._confirm,
            rollback_fits=lambda: self.fits,
            may_begin=lambda step: self.late.get(step, ""),
        )

    def _confirm(self) -> None:
        if self.lost:
            raise LeaseHeld("another process has taken over")


TABLES: dict[str, Table] = {}


def _table(ctx: Context) -> Table:
    return TABLES[str(ctx.project.root)]


def _none(name: str) -> Any:
    raise StepFailed(f"toys have no {name!r}")


class Watching(NullObserver):
    """Keeps what was shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def step(self, step_id: str, *, moment: str, attempt: int, work: Callable[[], Outcome]) -> Outcome:
        self.shown.append(f"{moment} {step_id} #{attempt}")
        return work()

    def already_done(self, step_id: str) -> None:
        self.shown.append(f"already {step_id}")

    def artifact(
        self, key: str, *, markdown: str = "", table: Sequence[Mapping[str, str]] = (), description: str = ""
    ) -> None:
        self.shown.append(f"artifact {key}")
