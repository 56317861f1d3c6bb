"""A runbook as plain data: phases and waves are already unrolled into one list of steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


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
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """A runbook ready to run: every reference resolved, steps in an order that respects `after`."""

    name: str
    path: Path  # absolute
    strategy: Strategy
    steps: tuple[StepSpec, ...]
    waves: tuple[Wave, ...] = ()
    owner: str = ""

    def step(self, step_id: str) -> StepSpec:
        """The step of that id; KeyError when there is none."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)
