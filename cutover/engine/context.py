"""The world as one attempt at a step sees it: `contract.Context` over the journal and the ports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cutover.contract import Context, Observer
from cutover.engine.halting import Halt
from cutover.engine.ports import Assignment, Ports
from cutover.engine.recorder import Recorder
from cutover.errors import Halted, StepFailed
from cutover.model.event import Event
from cutover.model.migration import Migration
from cutover.model.outcome import Facts, Finding, Progress
from cutover.model.people import Vote, vote_of
from cutover.model.runbook import StepSpec
from cutover.model.status import EventKind
from cutover.redact import redact

if TYPE_CHECKING:
    from cutover.dataplane.database import Database


#: Seconds between two looks at the lease while a step is at work.
CONFIRM_EVERY = 1.0


class SecretInMemory(StepFailed):
    """A step wanted to remember something that the journal would not keep as it is."""

    code = "CUT-305"


class RunContext(Context):
    """One attempt of one step, forward or back."""

    def __init__(
        self,
        spec: StepSpec,
        *,
        assignment: Assignment,
        ports: Ports,
        recorder: Recorder,
        observer: Observer,
        halt: Halt,
    ) -> None:
        self.project = assignment.project
        self.environment = assignment.environment
        self.mode = recorder.state.mode
        self.run = assignment.run
        self.mark = f"{assignment.run} {recorder.state.created['lot']}"
        self.spec = spec
        self.attempt = recorder.state.step(spec.id).attempts
        self.clock = ports.clock
        self.workdir = assignment.workdir
        self.quarantine = ports.quarantine
        self._seen: int | None = None  # the run's last event when the votes were read
        self._ports = ports
        self._recorder = recorder
        self._observer = observer
        self._halt = halt
        self._confirmed = ports.clock.tick()

    def database(self, name: str) -> Database:
        """See `contract.Context`."""
        return self._ports.database(name)

    def migration_of(self, table: str) -> Migration:
        """See `contract.Context`."""
        return self._ports.migration_of(table)

    def facts(self, step_id: str) -> Facts:
        """See `contract.Context`; also empty for a step that this run does not have."""
        state = self._recorder.state.steps.get(step_id)
        return {} if state is None else state.facts

    def remember(self, name: str, value: Any) -> Any:
        """See `contract.Context`; SecretInMemory when a secret stands in `value`, which the journal would mask."""
        there = self._remembered()
        if name not in there:
            _refuse_secrets(self.spec.id, name, value)
            self._recorder.say(EventKind.REMEMBERED, self.spec.id, name=name, value=value)
        return self._remembered()[name]

    def remembered(self, name: str) -> Any | None:
        """See `contract.Context`."""
        return self._remembered().get(name)

    def votes(self) -> Sequence[Vote]:
        """See `contract.Context`; on the way back only those cast since the rollback began."""
        state = self._recorder.refresh()
        self._seen = state.seq
        step = state.step(self.spec.id)
        return [vote_of(data) for data in (step.votes_back if state.rollback else step.votes)]

    def events(self) -> Sequence[Event]:
        """See `contract.Context`."""
        return self._ports.journal.events(self.run)

    def rollback_fits(self) -> str:
        """See `contract.Context`."""
        return self._ports.rollback_fits()

    def decide(self, decision: str, votes: Sequence[Vote]) -> None:
        """See `contract.Context`; the same decision again, after a crash, is not written twice."""
        if self._recorder.state.step(self.spec.id).decision == decision:
            return
        cast = [vote.brief() for vote in votes]
        if self._seen is None:
            self._recorder.say(EventKind.DECIDED, self.spec.id, decision=decision, votes=cast)
        else:
            self._recorder.decide(self.spec.id, self._seen, decision=decision, votes=cast)
        rows = [{name: str(value) for name, value in vote.items()} for vote in cast]
        description = f"decision at {self.spec.id}"
        self._observer.artifact(
            f"gate-{self.spec.id}", markdown=f"**{decision}** at `{self.spec.id}`", table=rows, description=description
        )

    def safe_point(self) -> None:
        """See `contract.Context`; the lease is looked at once a second at most."""
        if self._halt.asked:
            raise Halted(f"halted at a safe point: {self._halt.why}", hint=f"cutover resume {self.run}")
        if self.clock.tick() - self._confirmed >= CONFIRM_EVERY:
            self._ports.confirm()
            self._confirmed = self.clock.tick()

    def tell(self, progress: Progress) -> None:
        """See `contract.Context`."""
        self._ports.tell(progress)

    def log(self, line: str) -> None:
        """See `contract.Context`."""
        self._observer.log(line)

    def find(self, finding: Finding) -> None:
        """See `contract.Context`."""
        self._recorder.say(EventKind.FOUND, self.spec.id, **asdict(finding))
        self._observer.log(f"found: {finding.check}: {finding.says}")

    def _remembered(self) -> dict[str, Any]:
        return dict(self._recorder.state.step(self.spec.id).remembered)


def _refuse_secrets(step: str, name: str, value: Any) -> None:
    """What comes back from the journal must be what went in: a masked value would be put back into the world."""
    for text in _texts(value):
        if redact(text) != text:
            raise SecretInMemory(
                f"step {step!r} wants to remember {name!r}, which holds something that looks like a secret",
                hint="keep it in a file of the run's folder and remember its digest",
            )


def _texts(value: Any) -> Sequence[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, one in value.items() for text in (*_texts(key), *_texts(one))]
    if isinstance(value, (list, tuple)):
        return [text for one in value for text in _texts(one)]
    return []
