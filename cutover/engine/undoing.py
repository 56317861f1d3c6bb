"""
The way back: every step that has begun is undone, last begun first, and the old world is proved to be back.

A step that cannot be undone keeps in place whatever it was built on, and the run is stuck with the
list; the next attempt goes on from there. Success is said only when the fingerprints of the world
are those from before the first effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from cutover import points
from cutover.contract import RunResult
from cutover.engine import deciding, moments, results, scheduling
from cutover.engine.attempt import Attempt
from cutover.engine.halting import Halt
from cutover.engine.working import Workers
from cutover.errors import CutoverError
from cutover.model.outcome import Fate, Outcome
from cutover.model.run import StepState
from cutover.model.runbook import StepSpec
from cutover.model.status import EventKind, StepStatus
from cutover.redact import redact
from cutover.retry import RetryPolicy


@dataclass(slots=True)
class Obstacles:
    """What is in the way, and what that keeps in place."""

    failed: dict[str, Outcome] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()


class Undoing:
    """The way back of one run, in one attempt."""

    def __init__(self, attempt: Attempt, *, halt: Halt, workers: Workers[Outcome]) -> None:
        self._assignment = attempt.assignment
        self._ports = attempt.ports
        self._observer = attempt.observer
        self._recorder = attempt.recorder
        self._context = attempt.context
        self._halt = halt
        self._workers = workers
        self._after = {spec.id: spec.after for spec, _ in attempt.assignment.steps}

    def go(self, *, reason: str, automatic: bool, heed: Callable[[], bool]) -> Obstacles:
        """
        Begin the way back, or go on with one that has begun (its first reason stands), as far as it goes.

        `heed` says, again and again, whether the next undo may begin; those that are at work come to their end.
        """
        self._begin(reason, automatic=automatic)
        obstacles = Obstacles()
        surprise: Exception | None = None
        while True:
            if heed() and surprise is None:
                self._start(obstacles)
            if not self._workers.running:
                break
            step, ended = self._workers.next_end() or ("", None)
            if isinstance(ended, moments.OF_THE_RECORD):
                raise ended
            if isinstance(ended, Exception):
                surprise = surprise or ended
            elif isinstance(ended, BaseException):
                raise ended
            elif ended is not None and ended.fate not in (Fate.DONE, Fate.HALTED):
                obstacles.failed[step] = ended
                obstacles.kept = deciding.kept_by(obstacles.failed, self._after)
        if surprise is not None:
            raise surprise
        return obstacles

    def left(self, obstacles: Obstacles) -> bool:
        """Whether there is something to undo that nothing is in the way of."""
        return bool(self._waiting(obstacles))

    def conclude(self, obstacles: Obstacles, accepted: str) -> RunResult:
        """
        Prove that the old world is back and end, or say what is in the way.

        `accepted`: why a person answers for a world that is not as before; empty: nobody does.
        """
        return self._stuck(obstacles) if obstacles.failed else self._prove(accepted)

    def _start(self, obstacles: Obstacles) -> None:
        waiting = self._waiting(obstacles)
        limit = self._assignment.runbook.parallel
        for step in scheduling.undoable_now(waiting, self._after, running=self._workers.running, limit=limit):
            self._workers.start(step, partial(self._undo, self._recorder.state.step(step)))

    def _waiting(self, obstacles: Obstacles) -> tuple[str, ...]:
        out = {*obstacles.failed, *obstacles.kept, *self._workers.running}
        return tuple(step.id for step in deciding.to_undo(self._recorder.state) if step.id not in out)

    def _begin(self, reason: str, *, automatic: bool) -> None:
        state = self._recorder.state
        first = state.rollback or {
            "reason": redact(reason),
            "automatic": automatic,
            "drill": state.drill and not automatic,
            "by": dict(self._ports.by),
        }
        self._recorder.say(EventKind.ROLLBACK_STARTED, **dict(first))
        points.reach("rollback.started")

    def _undo(self, state: StepState) -> Outcome:
        spec, step = self._assignment.spec(state.id), self._assignment.step(state.id)
        if not step.effects:
            self._recorder.say(EventKind.UNDO_SKIPPED, state.id, reason="it changed nothing that must be put back")
            return Outcome(fate=Fate.DONE)
        outcome = self._tried(spec, lambda: moments.back(step, self._context(spec)))
        if outcome.fate is Fate.DONE:
            self._recorder.say(EventKind.UNDO_DONE, spec.id, facts=dict(outcome.facts))
            points.reach("rollback.undone")
        elif outcome.fate is not Fate.HALTED:  # between two tries: the next attempt makes the next one
            self._recorder.say(EventKind.UNDO_FAILED, spec.id, **moments.said(outcome))
        return outcome

    def _tried(self, spec: StepSpec, work: Callable[[], Outcome]) -> Outcome:
        """Undo once, and again while the step says that waiting may heal it and its rule allows."""
        policy, begun, tries = RetryPolicy.of(spec.retry), self._ports.clock.tick(), 0
        while True:
            tries += 1
            self._ports.confirm()
            self._recorder.say(EventKind.UNDO_STARTED, spec.id)
            points.reach("rollback.undo_intent")
            outcome = self._observer.step(spec.id, moment="undo", attempt=tries, work=work)
            wait = policy.next_wait(tries, self._ports.clock.tick() - begun)
            # A lost answer is no danger here: undo may be repeated, and proves its own work.
            if outcome.fate not in (Fate.TRY_AGAIN, Fate.UNKNOWN) or wait is None:
                return outcome
            self._observer.log(f"undo {spec.id}: {outcome.detail}; next try in {wait:.1f} s")
            if not self._halt.sleep(self._ports.clock, wait):
                return replace(outcome, fate=Fate.HALTED)

    def _stuck(self, obstacles: Obstacles) -> RunResult:
        said = "; ".join(f"step {step!r}: {outcome.detail}" for step, outcome in obstacles.failed.items())
        kept = sorted(step.id for step in deciding.to_undo(self._recorder.state) if step.id in obstacles.kept)
        reason = f"not undone: {said}" + (f"; left in place because of that: {', '.join(kept)}" if kept else "")
        return self._end_stuck(reason, obstacles.failed, steps=[*obstacles.failed, *kept])

    def _prove(self, accepted: str) -> RunResult:
        """Compare the world with what it was, and end."""
        before = self._recorder.state.proof_before
        proved = 0
        different: tuple[str, ...] = ()
        if before is not None:
            try:
                now = dict(self._ports.prove())
            except CutoverError as exc:
                return self._end_stuck(f"everything is undone, but that cannot be proved: {redact(str(exc))}", {})
            self._recorder.say(EventKind.PROOF, moment="after", world=now)
            points.reach("rollback.proved")
            different = deciding.differences(before, now)
            if different and not accepted:
                reason = f"everything is undone, but the world is not as before: {', '.join(different)} differ"
                return self._end_stuck(reason, {}, differences=different)
            proved = len(now)
        points.reach("rollback.before_end")
        self._recorder.say(EventKind.ROLLED_BACK, **self._answered_for(different, accepted))
        undone = sum(step.status is StepStatus.UNDONE for step in self._recorder.state.steps.values())
        if different:
            return results.accepted(self._recorder.state, undone=undone, differences=different, reason=accepted)
        return results.rolled_back(self._recorder.state, undone=undone, proved=proved)

    def _answered_for(self, different: tuple[str, ...], reason: str) -> dict[str, Any]:
        if not different:
            return {}
        return {"differences": list(different), "accepted": redact(reason), "by": dict(self._ports.by)}

    def _end_stuck(
        self,
        reason: str,
        failed: Mapping[str, Outcome],
        *,
        steps: list[str] | None = None,
        differences: tuple[str, ...] = (),
    ) -> RunResult:
        self._recorder.say(
            EventKind.ROLLBACK_STUCK, reason=reason, steps=list(steps or failed), differences=list(differences)
        )
        return results.stuck(
            self._recorder.state,
            reason,
            hints=[outcome.hint for outcome in failed.values() if outcome.hint],
            differs=bool(differences),
            waiting_for_person=bool(failed) and all(one.fate is Fate.WAITING for one in failed.values()),
        )
