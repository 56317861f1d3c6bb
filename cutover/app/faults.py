"""The faults that a rehearsal is asked to go through, checked against the runbook it rehearses."""

from __future__ import annotations

from collections.abc import Sequence

from cutover.contract import AsksPeople, Step
from cutover.errors import WrongInput
from cutover.model import injection
from cutover.model.injection import Injection
from cutover.model.project import Mode
from cutover.model.runbook import StepSpec


def faults(steps: Sequence[tuple[StepSpec, Step]], mode: Mode, words: Sequence[str]) -> tuple[Injection, ...]:
    """What `--inject` says. WrongInput in a live run, and as `injection.read`."""
    if words and mode is Mode.LIVE:
        raise WrongInput("a live run is never disturbed on purpose", hint="inject faults into a rehearsal")
    gates = [spec.id for spec, step in steps if isinstance(step, AsksPeople)]
    return injection.read(words, {spec.id: spec.kind for spec, _ in steps}, gates=gates)
