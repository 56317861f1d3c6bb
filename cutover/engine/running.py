"""
A run carried on from where its journal says it stands: forward step by step, and back when it must.

One `Engine` is one attempt: one process, one lease. It reads the journal, decides, writes an intent
before every effect and an outcome after it. Whoever watches (`Observer`) executes and shows; it is
never asked. Killed at any line, the next attempt comes to the same end.
"""

from __future__ import annotations

from functools import partial

from cutover import points
from cutover.contract import Observer, RunResult
from cutover.engine import deciding, moments, results, scheduling, showing
from cutover.engine.attempt import Attempt
from cutover.engine.context import RunContext
from cutover.engine.halting import Halt, Request, Wish
from cutover.engine.ports import Assignment, Ports
from cutover.engine.recorder import Recorder
from cutover.engine.trying import Trying
from cutover.engine.undoing import Undoing
from cutover.engine.working import Workers
from cutover.errors import ExitStatus
from cutover.model.outcome import Fate, Outcome
from cutover.model.runbook import StepSpec
from cutover.model.status import EventKind, RunStatus, StepStatus
from cutover.model.window import why_closed

Ends = dict[str, Outcome]
"""Steps that were tried in this attempt and are not passed, in the order in which they ended."""


class Engine:
    """Carries out one attempt of one run. The caller holds the lease for as long as it lives."""

    def __init__(self, assignment: Assignment, ports: Ports, observer: Observer, *, token: int) -> None:
        self._assignment = assignment
        self._ports = ports
        self._observer = observer
        self._token = token
        self._recorder = Recorder(ports.journal, assignment.run)
        self._workers: Workers[Outcome] = Workers()
        self.halt = Halt()
        self._too_late = ""  # why a step was not begun any more
        self._heard = 0  # number of the last request that was taken up
        self._attempt = Attempt(
            assignment=assignment, ports=ports, observer=observer, recorder=self._recorder, context=self._context
        )

    def signalled(self) -> bool:
        """
        A signal has come: the first asks for a pause, and True says so; later ones are left to the caller.

        A handler may call this at any moment: nothing but an attribute is set.
        """
        return self.halt.signalled()

    @property
    def at_work(self) -> frozenset[str]:
        """Steps whose threads still run: not empty only after somebody has left for good."""
        return self._workers.running

    def attempt(self) -> RunResult:
        """Go on: forward from the steps that are not done, or back once a rollback has begun."""
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
            self._recorder.leave_to_this_thread()  # steps at work beside it lost the record, or the lease, too
            raise
        except Exception as exc:
            self._recorder.leave_to_this_thread()
            self._surprised(exc)
            raise
        finally:
            self._workers.dismiss()
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
        """Somebody leaves for good: what is at work is cut off, as by a kill, and may write no more."""
        self._recorder.leave_to_this_thread()
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
        return self._concluded(self._carry_out_all())

    def _begin(self) -> None:
        """Before the first effect: what the world looks like, so that coming back can be proved."""
        if self._recorder.state.proof_before is None:
            self._recorder.say(EventKind.PROOF, moment="before", world=dict(self._ports.prove()))
            points.reach("run.proof_kept")
            showing.show_plan(self._observer, self._assignment, self._recorder.state.created.get("planned", {}))
        for spec, _ in self._assignment.steps:
            if self._recorder.state.step(spec.id).status in scheduling.PASSED:
                self._observer.already_done(spec.id)

    def _carry_out_all(self) -> Ends:
        """Steps side by side, as far as the runbook lets them, until none is left that may begin."""
        trying = Trying(self._attempt, halt=self.halt)
        ends: Ends = {}
        surprise: Exception | None = None
        while True:
            self._heed()
            while not self.halt.asked and self._begin_what_may(trying, ends):
                pass  # a step that is left out may let others begin
            if not self._workers.running:
                break
            step, ended = self._workers.next_end() or ("", None)
            if isinstance(ended, moments.OF_THE_RECORD):
                raise ended
            if isinstance(ended, Exception):
                surprise = surprise or ended
                self.halt.because(f"step {step!r} ended in a surprise")
            elif isinstance(ended, BaseException):
                raise ended
            elif ended is not None and ended.fate is not Fate.DONE:
                ends[step] = ended
                if ended.fate not in (Fate.WAITING, Fate.HALTED):
                    self.halt.because(f"step {step!r} has failed")
        if surprise is not None:
            raise surprise
        return ends

    def _begin_what_may(self, trying: Trying, ends: Ends) -> bool:
        """Begin the steps whose turn it is; whether one of them was left out, so that it must be looked again."""
        left_out = False
        for spec in self._startable(ends):
            if why := self._why_skipped(spec):
                self._recorder.say(EventKind.STEP_SKIPPED, spec.id, reason=why)
                left_out = True
            elif closed := self._why_closed(spec):
                ends[spec.id] = Outcome(fate=Fate.WAITING, detail=f"step {spec.id!r} waits: {closed}")
            elif late := self._why_too_late(spec):
                self._too_late = f"step {spec.id!r} was not begun: {late}"
                self.halt.because(self._too_late)
                return False
            else:
                self._workers.start(spec.id, partial(trying.carry_out, spec))
        return left_out

    def _why_skipped(self, spec: StepSpec) -> str:
        environment, mode = self._assignment.environment.name, self._recorder.state.mode
        return self._assignment.runbook.why_skipped(spec, environment=environment, mode=mode)

    def _why_closed(self, spec: StepSpec) -> str:
        now = self._ports.clock.now()
        opens = spec.opens_later(mode=self._recorder.state.mode, moment=now)
        return why_closed(spec.window, now) if opens else ""

    def _why_too_late(self, spec: StepSpec) -> str:
        """The rule of the rollback deadline, until the point of no return or a person's word makes it void."""
        state = self._recorder.state
        return "" if state.past_point_of_no_return or state.deadline_waived else self._ports.may_begin(spec.id)

    def _startable(self, ends: Ends) -> tuple[StepSpec, ...]:
        return scheduling.startable(
            self._assignment.runbook.steps,
            self._recorder.state,
            running=self._workers.running,
            ended=ends,
            limit=self._assignment.runbook.parallel,
        )

    def _heed(self) -> None:
        """Take up what people ask of this attempt: by a signal, or by a request from another process."""
        if self.halt.signals and self.halt.request is None:
            said = {"what": str(Wish.PAUSE), "reason": "a signal came to its process", "signal": True}
            self._recorder.say(EventKind.REQUESTED, **said, by=dict(self._ports.by))
        asked = self._recorder.hear().asked
        if asked and asked["seq"] > self._heard:
            self._heard = int(asked["seq"])
            self.halt.ask(Request(wish=Wish(asked["what"]), reason=str(asked["reason"])))

    def _concluded(self, ends: Ends) -> RunResult:
        """What the run makes of the way its steps have ended. What a person asked for wins."""
        wish = self.halt.request.wish if self.halt.request else None
        failed = {step: outcome for step, outcome in ends.items() if outcome.fate not in (Fate.WAITING, Fate.HALTED)}
        if wish is Wish.STOP:
            return self._stopped()
        if wish is Wish.ROLLBACK and self._may_go_back():
            return self._undo(reason=self._request.reason, automatic=False)
        if failed:
            return self._failed(failed)
        if self._too_late and wish is None:
            self._recorder.say(EventKind.RUN_NEEDS_ATTENTION, reason=self._too_late)
            return results.too_late(self._recorder.state, self._too_late)
        waiting = [outcome for outcome in ends.values() if outcome.fate is Fate.WAITING]
        if waiting:
            self._recorder.say(EventKind.RUN_PAUSED, reason="; ".join(outcome.detail for outcome in waiting))
            return results.waiting(self._recorder.state, waiting)
        if self._left():
            self._recorder.say(EventKind.RUN_PAUSED, reason=self.halt.why)
            return results.paused(self._recorder.state, self.halt.why)
        if self._recorder.state.drill:
            return self._undo(reason="rollback drill: the way back is rehearsed", automatic=False)
        points.reach("run.before_completed")
        self._recorder.say(EventKind.RUN_COMPLETED)
        return results.completed(self._recorder.state)

    def _left(self) -> bool:
        """Whether there is a step that this run was to carry out and that is not passed."""
        state = self._recorder.state
        for spec, _ in self._assignment.steps:
            if spec.point_of_no_return and state.drill:
                return False
            if state.step(spec.id).status not in scheduling.PASSED:
                return True
        return False

    @property
    def _request(self) -> Request:
        assert self.halt.request is not None
        return self.halt.request

    def _may_go_back(self) -> bool:
        why_not = deciding.why_no_rollback(self._recorder.state)
        if why_not:
            self._recorder.say(EventKind.NOTED, says=f"the rollback that was asked for is refused: {why_not}")
        return not why_not

    def _stopped(self) -> RunResult:
        in_place = [step.id for step in deciding.to_undo(self._recorder.state) if self._has_effects(step.id)]
        self._recorder.say(EventKind.RUN_STOPPED, reason=self._request.reason, steps=in_place)
        return results.stopped(self._recorder.state, in_place)

    def _has_effects(self, step: str) -> bool:
        return self._assignment.step(step).effects

    def _failed(self, failed: Ends) -> RunResult:
        """The most careful of the decisions counts: one step that asks for a person keeps the run from going back."""
        state, runbook = self._recorder.state, self._assignment.runbook
        decisions = {
            step: deciding.after_failure(state, runbook.step(step), outcome) for step, outcome in failed.items()
        }
        asks = [step for step, decision in decisions.items() if decision.move is deciding.Move.ASK]
        first = asks[0] if asks else next(iter(decisions))
        decision = decisions[first]
        if decision.move is deciding.Move.ROLL_BACK:
            paused = self.halt.request.says if self.halt.request else ""
            decision = deciding.unless(decision, paused or self._ports.rollback_fits())
        if decision.move is deciding.Move.ROLL_BACK:
            return self._undo(reason=decision.reason, automatic=True)
        self._recorder.say(EventKind.RUN_NEEDS_ATTENTION, reason=decision.reason)
        return results.attention(self._recorder.state, decision.reason, decision.exit_status, hint=failed[first].hint)

    # -- back ----------------------------------------------------------------------------------------------

    def _undo(self, *, reason: str = "", automatic: bool = False, accepted: str = "") -> RunResult:
        self.halt = Halt()  # what kept the way forward from going on is no reason to stop on the way back
        undoing = Undoing(self._attempt, halt=self.halt, workers=self._workers)
        obstacles = undoing.go(reason=reason, automatic=automatic, heed=self._heed_back)
        wish = self.halt.request.wish if self.halt.request else None
        if wish is Wish.STOP:
            return self._stopped()
        if wish is not None and undoing.left(obstacles):
            self._recorder.say(EventKind.RUN_PAUSED, reason=self._request.reason)
            return results.paused(self._recorder.state, self.halt.why)
        return undoing.conclude(obstacles, accepted)

    def _heed_back(self) -> bool:
        """Take up what people ask on the way back; whether the next undo may begin."""
        self._heed()
        return not self.halt.asked

    def _context(self, spec: StepSpec) -> RunContext:
        return RunContext(
            spec,
            assignment=self._assignment,
            ports=self._ports,
            recorder=self._recorder,
            observer=self._observer,
            halt=self.halt,
        )
