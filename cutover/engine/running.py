"""
A run carried on from where its journal says it stands: forward step by step, and back when it must.

One `Engine` is one attempt: one process, one lease. It reads the journal, decides, writes an intent
before every effect and an outcome after it. Whoever watches (`Observer`) executes and shows; it is
never asked. Killed at any line, the next attempt comes to the same end.
"""

from __future__ import annotations

from cutover import points
from cutover.contract import Observer, RunResult
from cutover.engine import deciding, moments, results, showing
from cutover.engine.context import RunContext
from cutover.engine.ports import Assignment, Ports
from cutover.engine.recorder import Recorder
from cutover.engine.undoing import Undoing
from cutover.errors import ExitStatus
from cutover.model.outcome import Fate, Outcome
from cutover.model.runbook import StepSpec
from cutover.model.status import EventKind, RunStatus, StepStatus
from cutover.retry import RetryPolicy

_PASSED = frozenset({StepStatus.DONE, StepStatus.SKIPPED})


class Engine:
    """Carries out one attempt of one run. The caller holds the lease for as long as it lives."""

    def __init__(self, assignment: Assignment, ports: Ports, observer: Observer, *, token: int) -> None:
        self._assignment = assignment
        self._ports = ports
        self._observer = observer
        self._token = token
        self._recorder = Recorder(ports.journal, assignment.run)

    def attempt(self) -> RunResult:
        """Go on: forward from the first step that is not done, or back once a rollback has begun."""
        state = self._recorder.state
        deciding.refuse_ended(state)
        return self._guarded(lambda: self._undo() if deciding.goes_back(state) else self._forward())

    def roll_back(self, reason: str, *, accept: bool = False) -> RunResult:
        """
        Go back because a person asked for it. WrongInput where nobody may.

        With `accept` the person answers for a world that is not as before: somebody may have worked in it meanwhile.
        """
        deciding.refuse_rollback(self._recorder.state)
        accepted = reason if accept else ""
        return self._guarded(lambda: self._undo(reason=reason, automatic=False, accepted=accepted))

    # -- around an attempt -----------------------------------------------------------------------------

    def _guarded(self, work: results.Work) -> RunResult:
        try:
            self._take_over()
            result = work()
        except KeyboardInterrupt:
            result = self._interrupted()
        except moments.OF_THE_RECORD:
            raise
        except Exception as exc:
            self._surprised(exc)
            raise
        self._say_ended(result)
        return result

    def _take_over(self) -> None:
        """Say that this process carries the run now, and settle what a dead one left in doubt."""
        state = self._recorder.state
        if state.status is RunStatus.DRAFT:
            self._recorder.say(EventKind.RUN_ARMED)
        if state.status is RunStatus.RUNNING:
            self._recorder.say(EventKind.RUN_INTERRUPTED, reason="the process that carried it is gone")
        self._settle_in_doubt("its process died while it was under way")
        number = self._recorder.state.attempts + 1
        self._recorder.say(EventKind.ATTEMPT_STARTED, number=number, by=dict(self._ports.by), token=self._token)
        points.reach("run.attempt_started")

    def _settle_in_doubt(self, why: str) -> None:
        self._recorder.refresh()  # an interruption may have come between an event and our knowing of it
        for step in self._recorder.state.begun():
            if step.status in (StepStatus.RUNNING, StepStatus.VERIFYING):
                self._recorder.say(EventKind.STEP_UNKNOWN, step.id, detail=why, code="", hint="")

    def _interrupted(self) -> RunResult:
        self._settle_in_doubt("interrupted while it was under way")
        if self._recorder.state.status is RunStatus.RUNNING:
            self._recorder.say(EventKind.RUN_INTERRUPTED, reason="somebody interrupted it")
        return results.interrupted(self._recorder.state)

    def _surprised(self, exc: Exception) -> None:
        """A defect or a surprise: the step's outcome is unknown, and a person looks before anything else happens."""
        what = moments.told(exc)
        self._settle_in_doubt(what)
        if self._recorder.state.status is RunStatus.RUNNING:
            self._recorder.say(EventKind.RUN_NEEDS_ATTENTION, reason=what)
        self._say_ended(results.attention(self._recorder.state, what, ExitStatus.DEFECT))

    def _say_ended(self, result: RunResult) -> None:
        self._recorder.say(
            EventKind.ATTEMPT_ENDED,
            status=str(result.status),
            exit_status=int(result.exit_status),
            says=result.says,
        )

    # -- forward -----------------------------------------------------------------------------------------

    def _forward(self) -> RunResult:
        self._begin()
        for spec, _ in self._assignment.steps:
            status = self._recorder.state.step(spec.id).status
            if status in _PASSED:
                self._observer.already_done(spec.id)
                continue
            if self._recorder.state.drill and spec.point_of_no_return:
                break
            stopped = self._carry_out(spec)
            if stopped is not None:
                return stopped
        if self._recorder.state.drill:
            return self._undo(reason="rollback drill: the way back is rehearsed", automatic=False)
        points.reach("run.before_completed")
        self._recorder.say(EventKind.RUN_COMPLETED)
        return results.completed(self._recorder.state)

    def _begin(self) -> None:
        """Before the first effect: what the world looks like, so that coming back can be proved."""
        if self._recorder.state.proof_before is None:
            self._recorder.say(EventKind.PROOF, moment="before", world=dict(self._ports.prove()))
            points.reach("run.proof_kept")
            showing.show_plan(self._observer, self._assignment, self._recorder.state.created.get("planned", {}))

    def _carry_out(self, spec: StepSpec) -> RunResult | None:
        """Try one step until it is done or will not be; None when it is done."""
        policy, begun = RetryPolicy.of(spec.retry), self._ports.clock.tick()
        tries = 0
        while True:
            tries += 1
            outcome = self._try(spec)
            if outcome.fate is Fate.DONE:
                return None
            if outcome.fate is Fate.WAITING:
                return self._wait_for_person(spec, outcome)
            wait = policy.next_wait(tries, self._ports.clock.tick() - begun)
            if outcome.fate is Fate.TRY_AGAIN and wait is not None:
                self._pause_between(spec, outcome, wait)
            elif outcome.fate is Fate.UNKNOWN and wait is not None and self._settled(spec, outcome):
                self._ports.clock.sleep(wait)
            else:
                return self._fail(spec, outcome)

    def _try(self, spec: StepSpec) -> Outcome:
        step = self._assignment.step(spec.id)
        state = self._recorder.state.step(spec.id)
        if state.status is not StepStatus.READY:
            again = (
                "" if state.status is StepStatus.WAITING else "again: what it did is kept, what it did not do follows"
            )
            self._recorder.say(EventKind.STEP_READY, spec.id, detail=again)
        self._recorder.say(EventKind.STEP_STARTED, spec.id)
        points.reach("step.intent")

        def work() -> Outcome:
            outcome = moments.forward(step, self._context(spec), lambda: self._context(spec), self._recorder)
            if outcome.fate is Fate.DONE:
                showing.show_facts(self._observer, spec.id, outcome.facts)
            return outcome

        attempt = self._recorder.state.step(spec.id).attempts
        outcome = self._observer.step(spec.id, moment="run", attempt=attempt, work=work)
        if outcome.fate is Fate.DONE:
            self._recorder.say(EventKind.STEP_DONE, spec.id, facts=dict(outcome.facts))
            points.reach("step.done")
        return outcome

    def _pause_between(self, spec: StepSpec, outcome: Outcome, wait: float) -> None:
        said = moments.said(outcome)
        self._recorder.say(EventKind.STEP_RETRYING, spec.id, **said, wait_ms=round(wait * 1000))
        self._observer.log(f"{spec.id}: {outcome.detail}; next try in {wait:.1f} s")
        self._ports.clock.sleep(wait)

    def _settled(self, spec: StepSpec, outcome: Outcome) -> bool:
        """Ask the world about a lost answer. True: it could be asked, and the step, safe to repeat, goes again."""
        self._recorder.say(EventKind.STEP_UNKNOWN, spec.id, **moments.said(outcome))
        found = moments.probe(self._assignment.step(spec.id), self._context(spec))
        if found is None:
            return False
        self._recorder.say(EventKind.STEP_READY, spec.id, detail=f"{outcome.detail}; asked: {found}")
        return True

    def _wait_for_person(self, spec: StepSpec, outcome: Outcome) -> RunResult:
        self._recorder.say(EventKind.STEP_WAITING, spec.id, detail=outcome.detail, hint=outcome.hint)
        self._recorder.say(EventKind.RUN_PAUSED, reason=outcome.detail)
        return results.waiting(self._recorder.state, outcome)

    def _fail(self, spec: StepSpec, outcome: Outcome) -> RunResult:
        if self._recorder.state.step(spec.id).status is not StepStatus.UNKNOWN:
            kind = EventKind.STEP_UNKNOWN if outcome.fate is Fate.UNKNOWN else EventKind.STEP_FAILED
            self._recorder.say(kind, spec.id, **moments.said(outcome), inconclusive=outcome.inconclusive)
        decision = deciding.after_failure(self._recorder.state, spec, outcome)
        if decision.move is deciding.Move.ROLL_BACK:
            return self._undo(reason=decision.reason, automatic=True)
        self._recorder.say(EventKind.RUN_NEEDS_ATTENTION, reason=decision.reason)
        return results.attention(self._recorder.state, decision.reason, decision.exit_status, hint=outcome.hint)

    # -- back ----------------------------------------------------------------------------------------------

    def _undo(self, *, reason: str = "", automatic: bool = False, accepted: str = "") -> RunResult:
        return Undoing(
            self._assignment, self._ports, self._observer, self._recorder, context=self._context
        ).go(reason=reason, automatic=automatic, accepted=accepted)  # fmt: skip

    def _context(self, spec: StepSpec) -> RunContext:
        return RunContext(
            spec,
            assignment=self._assignment,
            ports=self._ports,
            recorder=self._recorder,
            observer=self._observer,
        )
