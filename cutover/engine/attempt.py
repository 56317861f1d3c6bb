"""What everything that works in one attempt of one run shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cutover.contract import Observer
from cutover.engine.context import RunContext
from cutover.engine.ports import Assignment, Ports
from cutover.engine.recorder import Recorder
from cutover.model.runbook import StepSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The run, the ways out, who watches, the record; and a fresh view of the world for one moment of a step."""

    assignment: Assignment
    ports: Ports
    observer: Observer
    recorder: Recorder
    context: Callable[[StepSpec], RunContext]
