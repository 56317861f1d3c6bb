"""
Faults that a rehearsal is put through on purpose (`cutover rehearse --inject`).

Each strikes once in a run, and the journal says so before it does: a process that is killed is not killed again by the
resume that it rehearses.
"""

from __future__ import annotations

import os
import signal

from cutover.engine.ports import Ports
from cutover.engine.recorder import Recorder
from cutover.errors import GateClosed, OutcomeUnknown, StepFailed, TryAgain
from cutover.model.injection import Fault, Injection
from cutover.model.project import Mode
from cutover.model.run import RunState
from cutover.model.status import EventKind

_ON_PURPOSE = "injected on purpose"


def due(state: RunState, step: str) -> Injection | None:
    """The fault that this step has still to go through; None in a live run, whatever its first event says."""
    if state.mode is Mode.LIVE:
        return None
    for data in state.created.get("injections", ()):
        fault = Injection.of(data)
        if fault.step == step and step not in state.injected:
            return fault
    return None


class Disturbance:
    """One attempt at one step, with or without a fault; made when the attempt begins."""

    def __init__(self, recorder: Recorder, ports: Ports, step: str) -> None:
        self._recorder = recorder
        self._ports = ports
        self._step = step
        self._fault = due(recorder.state, step)
        self._began = ports.clock.tick()

    def before(self) -> None:
        """When the step begins: a lock is in the way, or somebody says no."""
        if self._is(Fault.LOCK):
            raise TryAgain(f"a lock is in the way ({_ON_PURPOSE})", hint="waiting heals it")
        if self._is(Fault.DENY):
            raise GateClosed(f"somebody said no-go ({_ON_PURPOSE})", hint="roll back, as on the night")

    def behind(self) -> None:
        """When the step's effects are there and nobody has written it down."""
        if self._is(Fault.KILL):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._is(Fault.FAIL):
            raise StepFailed(f"the step fails behind its effects ({_ON_PURPOSE})")
        if self._is(Fault.LOSE):
            raise OutcomeUnknown(f"the answer was lost ({_ON_PURPOSE})")
        if self._fault is not None and self._is(Fault.SLOW):
            self._ports.clock.sleep((self._ports.clock.tick() - self._began) * (self._fault.factor - 1))

    def _is(self, fault: Fault) -> bool:
        if self._fault is None or self._fault.fault is not fault:
            return False
        self._recorder.say(EventKind.INJECTED, self._step, **self._fault.plain())
        return True
