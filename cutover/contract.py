"""
What the engine and a step say to each other.

The engine knows only this: it calls the five moments in order and never looks inside a
step. A step sees the world only through its `Context`. Steps never import each other or
the engine; both import this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from cutover.clock import Clock
from cutover.errors import ExitStatus
from cutover.journal.quarantine import QuarantineStore
from cutover.model.event import Event
from cutover.model.migration import Migration
from cutover.model.outcome import Action, Facts, Finding, Outcome, Progress
from cutover.model.people import Vote
from cutover.model.project import Environment, Mode, Project
from cutover.model.runbook import StepSpec
from cutover.model.status import RunStatus
from cutover.voting.asking import Asking

if TYPE_CHECKING:
    from cutover.dataplane.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """What a step's fields name, so that lint can look it up and the digest can cover it."""

    databases: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()  # those of `databases` that are changed; the targets of `tables` are known without
    tables: tuple[str, ...] = ()  # target tables that must be in a migration
    files: tuple[str, ...] = ()  # project files, relative to the project folder
    steps: tuple[str, ...] = ()  # other steps (a restore check names its backup)


class Context(Protocol):
    """The world as a step may see it. One per attempt."""

    project: Project
    environment: Environment
    mode: Mode
    run: str
    mark: str  # the run as bookkeeping in a target names it: its id, and a lot that no other run of anybody has drawn
    spec: StepSpec
    attempt: int
    clock: Clock
    workdir: Path  # of this run; survives a crash
    quarantine: QuarantineStore

    def database(self, name: str) -> Database:
        """The database of that name in this environment, opened; StepFailed when there is none."""

    def migration_of(self, table: str) -> Migration:
        """The migration that fills that target table; StepFailed when there is none."""

    def facts(self, step_id: str) -> Facts:
        """What an earlier step of this run returned; empty when it has not ended."""

    def remember(self, name: str, value: Any) -> Any:
        """
        Write `value` durably to the journal before an effect, and return what counts.

        When an earlier attempt of this step remembered `name` already, the earlier value is
        returned and kept: after a crash the world may have changed since.
        """

    def remembered(self, name: str) -> Any | None:
        """What this step remembered under `name` in any attempt; None when nothing."""

    def votes(self) -> Sequence[Vote]:
        """The votes cast on this step so far."""

    def events(self) -> Sequence[Event]:
        """The run's own record so far, read anew: what gates and clocks are worked out from."""

    def rollback_fits(self) -> str:
        """Why a rollback from here would not end before the hard stop; empty when it would, or there is none."""

    def decide(self, decision: str, votes: Sequence[Vote]) -> None:
        """Record a decision: `go`, `no-go`; of a manual step `done`, `not done`; `simulated` where nobody is asked."""

    def safe_point(self) -> None:
        """
        Say that the work may stop here: everything so far is durable, and `run` called again goes on behind it.

        Raises Halted when the run was asked to pause or stop, or another step has failed; the step lets it through.
        Raises what `confirm` of the lease raises when this process is no longer the one that carries the run.
        """

    def tell(self, progress: Progress) -> None:
        """Report progress. Cheap; may be called a few times a second."""

    def log(self, line: str) -> None:
        """One event, one line, for the people who read the flow run."""

    def find(self, finding: Finding) -> None:
        """Record a finding."""


@runtime_checkable
class Step(Protocol):
    """One kind of work in a runbook. The engine calls the methods in this order."""

    kind: ClassVar[str]
    effects: ClassVar[bool]  # False: reads only, needs no undo

    def says(self) -> str:
        """The step as a sentence without a full stop, for `cutover read`."""

    def references(self) -> References:
        """What the fields name."""

    def undoable(self) -> bool:
        """Whether `undo` can put back what `run` changes (a `sql` step only with an undo file, for example)."""

    def check(self, ctx: Context) -> None:
        """Raise when the step could not possibly succeed. Reads only."""

    def plan(self, ctx: Context) -> Iterator[Action]:
        """Say what `run` would do now. Reads only; the same code feeds `run`."""

    def run(self, ctx: Context) -> Facts:
        """Do it, and return facts for the evidence. Safe to call again after a crash at any point."""

    def verify(self, ctx: Context) -> None:
        """Prove it from the outside on a fresh connection, not from what `run` remembers."""

    def undo(self, ctx: Context) -> Facts:
        """Put back what `run` changed; works on a half-finished `run`, may be repeated, proves its own work."""


@runtime_checkable
class AsksPeople(Protocol):
    """The rare trait of a step that needs a person's word."""

    def asks(self) -> tuple[str, ...]:
        """The roles whose people may vote."""

    def asking(self) -> Asking:
        """What is asked and how long it may take, for the run's first event."""

    def needs_evidence(self) -> bool:
        """Whether a go counts only with evidence; such a vote without any is refused, because votes never change."""


@runtime_checkable
class SaysUndo(Protocol):
    """The rare trait of a step that can say what its undo would do, from what it has done; for `rollback --plan`."""

    def says_undo(self, facts: Facts) -> str:
        """A sentence without a full stop. `facts` are empty when the step has not come to its end."""


class Fields(BaseModel):
    """Base of every step kind: its YAML fields, typed and frozen; the five moments are methods beside them."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


StepKinds = Mapping[str, type[Fields]]
"""Name of the kind -> the class that is both its fields and its five moments."""


class Observer(Protocol):
    """
    Who watches a run: Prefect, or nobody.

    An observer executes and shows; it never decides. Whatever it raises is its own
    trouble: the engine's result stands, and the record is marked incomplete.
    """

    def step(self, step_id: str, *, moment: str, attempt: int, work: Callable[[], Outcome]) -> Outcome:
        """Carry out `work` exactly once as one visible task, and return what it returned. `moment`: `run` or `undo`."""

    def already_done(self, step_id: str) -> None:
        """Show, on resume, a step that an earlier attempt has done. Never raises."""

    def artifact(
        self, key: str, *, markdown: str = "", table: Sequence[Mapping[str, str]] = (), description: str = ""
    ) -> None:
        """Show a document or a table beside the run. Best effort, never raises. Keys: lower case, digits, dashes."""

    def log(self, line: str) -> None:
        """Show one line under the step that is running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What an attempt of a run came to, for the command line and the flows."""

    run: str
    status: RunStatus
    exit_status: ExitStatus
    says: str  # one sentence
    next: tuple[str, ...] = ()  # commands a person can type now
