"""
One step, tried until it is done or will not be: what a worker's thread does.

It writes everything that is about the step; what the run makes of it is decided by the thread that started it.
"""

from __future__ import annotations

from dataclasses import replace

from cutover import points
from cutover.engine import moments, showing
from cutover.engine.attempt import Attempt
from cutover.engine.halting import Halt
from cutover.engine.injecting import Disturbance
from cutover.model.outcome import Fate, Outcome
from cutover.model.runbook import StepSpec
from cutover.model.status import EventKind, StepStatus
from cutover.retry import RetryPolicy

_AGAIN = "again: what it did is kept, what it did not do follows"


class Trying:
    """Carries out steps of one attempt of one run. May be used by several threads, for different steps."""

    def __init__(self, attempt: Attempt, *, halt: Halt) -> None:
        self._assignment = attempt.assignment
        self._ports = attempt.ports
        self._observer = attempt.observer
        self._recorder = attempt.recorder
        self._context = attempt.context
        self._halt = halt

    def carry_out(self, spec: StepSpec) -> Outcome:
        """Try until the outcome is final. Its event is written, whatever it is."""
        policy, begun = RetryPolicy.of(spec.retry), self._ports.clock.tick()
        tries, asked_at_the_end = 0, False
        while True:
            tries += 1
            outcome = self._try(spec)
            if outcome.fate in (Fate.DONE, Fate.WAITING, Fate.HALTED):
                return outcome
            wait = policy.next_wait(tries, self._ports.clock.tick() - begun)
            if outcome.fate is Fate.UNKNOWN and wait is None and not asked_at_the_end:
                wait, asked_at_the_end = 0.0, True  # whatever the rule for tries, a lost answer is asked for once
            if wait is None:
                return self._failed(spec, outcome)
            if outcome.fate is Fate.TRY_AGAIN:
                self._say_next_try(spec, outcome, wait)
            elif outcome.fate is not Fate.UNKNOWN or not self._settled(spec, outcome):
                return self._failed(spec, outcome)
            if not self._halt.sleep(self._ports.clock, wait):
                return replace(outcome, fate=Fate.HALTED)

    def _try(self, spec: StepSpec) -> Outcome:
        step = self._assignment.step(spec.id)
        self._ports.confirm()
        status = self._recorder.state.step(spec.id).status
        if status is not StepStatus.READY:
            self._recorder.say(EventKind.STEP_READY, spec.id, detail="" if status is StepStatus.WAITING else _AGAIN)
        attempt = self._recorder.say(EventKind.STEP_STARTED, spec.id).attempt
        points.reach("step.intent")

        def work() -> Outcome:
            disturbing = Disturbance(self._recorder, self._ports, spec.id)
            outcome = moments.forward(
                step, self._context(spec), lambda: self._context(spec), self._recorder, disturbing=disturbing
            )
            if outcome.fate is Fate.DONE:
                showing.show_facts(self._observer, spec.id, outcome.facts)
            return outcome

        outcome = self._observer.step(spec.id, moment="run", attempt=attempt, work=work)
        self._say_end(spec, outcome)
        return outcome

    def _say_end(self, spec: StepSpec, outcome: Outcome) -> None:
        if outcome.fate is Fate.DONE:
            self._recorder.say(EventKind.STEP_DONE, spec.id, facts=dict(outcome.facts))
            points.reach("step.done")
        elif outcome.fate is Fate.WAITING:
            self._recorder.say(EventKind.STEP_WAITING, spec.id, detail=outcome.detail, hint=outcome.hint)
        elif outcome.fate is Fate.HALTED:
            self._recorder.say(EventKind.STEP_HALTED, spec.id, detail=outcome.detail)

    def _say_next_try(self, spec: StepSpec, outcome: Outcome, wait: float) -> None:
        said = moments.said(outcome)
        self._recorder.say(EventKind.STEP_RETRYING, spec.id, **said, wait_ms=round(wait * 1000))
        self._observer.log(f"{spec.id}: {outcome.detail}; next try in {wait:.1f} s")

    def _settled(self, spec: StepSpec, outcome: Outcome) -> bool:
        """Ask the world about a lost answer. True: it could be asked, and the step, safe to repeat, goes again."""
        self._recorder.say(EventKind.STEP_UNKNOWN, spec.id, **moments.said(outcome))
        found = moments.probe(self._assignment.step(spec.id), self._context(spec))
        if found is None:
            return False
        self._recorder.say(EventKind.STEP_READY, spec.id, detail=f"{outcome.detail}; asked: {found}")
        return True

    def _failed(self, spec: StepSpec, outcome: Outcome) -> Outcome:
        if self._recorder.state.step(spec.id).status is not StepStatus.UNKNOWN:
            kind = EventKind.STEP_UNKNOWN if outcome.fate is Fate.UNKNOWN else EventKind.STEP_FAILED
            self._recorder.say(kind, spec.id, **moments.said(outcome), inconclusive=outcome.inconclusive)
        return outcome
