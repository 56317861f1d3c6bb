"""A runbook as plain data: snippets, phases and waves are already unrolled into one list of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cutover.model.project import Environment, Mode, People, Requirement
from cutover.model.window import HardStop, Window


class Strategy(StrEnum):
    """How the new system goes live."""

    ONE_SHOT = "one-shot"
    PHASED = "phased"
    PARALLEL = "parallel"


class OnFailure(StrEnum):
    """What the run does when a step fails before the point of no return."""

    ROLL_BACK = "roll back"
    STOP = "stop"  # the run goes to attention and asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """One part of a phased go-live: the rows whose `wave_by` column has this value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """How often and how patiently a step is tried again when it says that waiting may heal it."""

    tries: int = 3
    wait_seconds: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """Where a step is carried out: everything that is named must hold, and of each any one of the values is enough."""

    environments: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = ()
    strategies: tuple[Strategy, ...] = ()
    variables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def why_not(self, *, environment: str, mode: Mode, strategy: Strategy, variables: Mapping[str, str]) -> str:
        """Why the step is left out, as a sentence without a full stop; empty when it is carried out."""
        there = {"environment": environment, "mode": mode, "strategy": strategy}
        there |= {f"variable {name}": value for name, value in variables.items()}
        for what, wanted in self._asked():
            if there.get(what, "") not in wanted:
                return f"only when {_is_one_of(what, wanted)}, and it is {str(there.get(what, ''))!r}"
        return ""

    def says(self) -> str:
        """`environment is 'test' or 'dev' and variable site is 'berlin'`."""
        return " and ".join(_is_one_of(what, wanted) for what, wanted in self._asked())

    def _asked(self) -> list[tuple[str, Sequence[str]]]:
        asked: list[tuple[str, Sequence[str]]] = [
            ("environment", self.environments),
            ("mode", self.modes),
            ("strategy", self.strategies),
            *((f"variable {name}", wanted) for name, wanted in self.variables.items()),
        ]
        return [(what, wanted) for what, wanted in asked if wanted]


def _is_one_of(what: str, wanted: Sequence[str]) -> str:
    return f"{what} is {' or '.join(repr(str(one)) for one in wanted)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One value that is another one in this environment than the text says; both as written."""

    step: str  # or `environment`
    key: str  # `retry.tries`, `approve.needs`
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a runbook asks of an environment beyond what `cutover.yaml` says of it."""

    people: People | None = None  # None: as the environment says
    requires: tuple[Requirement, ...] = ()  # beside those of the environment
    window: Window | None = None  # None: as the environment says

    def on(self, environment: Environment) -> Environment:
        """The environment as runs of the runbook find it."""
        return replace(
            environment,
            people=self.people or environment.people,
            requires=(*environment.requires, *self.requires),
            window=self.window or environment.window,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec:
    """One step as written: what is common to all kinds, and the fields of its own kind."""

    id: str  # unique in the runbook; of a wave's step `copy-flight-ewr`
    kind: str
    fields: Mapping[str, Any]  # validated plain values; `kinds.build` turns them into the step
    after: tuple[str, ...] = ()
    phase: str = ""
    wave: Wave | None = None
    waves_before: tuple[Wave, ...] = ()  # waves already moved when this step runs (its own not among them)
    by: str = ""  # role
    expect_seconds: float | None = None
    retry: RetryRule = field(default_factory=RetryRule)
    on_failure: OnFailure = OnFailure.ROLL_BACK
    point_of_no_return: bool = False  # once this step has begun, only fixing forward is offered
    when: When | None = None  # None: always
    window: Window | None = None  # a live run begins the step only inside
    digest: str = ""  # of the step as written: without the environment's variables and overrides
    file: str = ""  # where it stands: the runbook, or the snippet it was included from
    line: int = 0  # in that file
    included: tuple[str, ...] = ()  # file:line of each include on the way, the nearest first

    def opens_later(self, *, mode: Mode, moment: datetime) -> datetime | None:
        """
        When the step may begin, in UTC; None when it may at `moment`.

        Windows are for the night that counts: a rehearsal never waits for one.
        """
        if self.window is None or mode is not Mode.LIVE or self.window.is_open(moment):
            return None
        return self.window.opens(moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """A runbook ready to run: every reference resolved, steps in an order that respects `after`."""

    name: str
    path: Path  # absolute
    strategy: Strategy
    steps: tuple[StepSpec, ...]
    waves: tuple[Wave, ...] = ()
    owner: str = ""
    parallel: int = 1  # steps at work side by side, where `after` lets them
    hard_stop: HardStop | None = None
    variables: Mapping[str, str] = field(default_factory=dict)  # name -> value that was put in
    overrides: tuple[Override, ...] = ()  # what the environment's overrides changed
    demands: Demands = field(default_factory=Demands)
    snippets: tuple[Path, ...] = ()  # included files; absolute

    def why_skipped(self, step: StepSpec, *, environment: str, mode: Mode) -> str:
        """Why a run there leaves the step out; empty when it carries it out. The same in every attempt of a run."""
        if step.when is None:
            return ""
        return step.when.why_not(environment=environment, mode=mode, strategy=self.strategy, variables=self.variables)

    def step(self, step_id: str) -> StepSpec:
        """The step of that id; KeyError when there is none."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)
