"""
A run's state and its journal, kept together: nothing changes the state but an event that is durable.

Every move of the engine goes through `say`; the state tables are asked before the event is written,
so a move that is not possible leaves no trace.
"""

from __future__ import annotations

from typing import Any

from cutover.errors import TryAgain
from cutover.journal.chain import Overtaken
from cutover.journal.store import Journal
from cutover.model.event import Event
from cutover.model.run import RunState, after, fold, may_follow
from cutover.model.status import EventKind


class Recorder:
    """Writes events of one run and knows what they add up to."""

    def __init__(self, journal: Journal, run: str) -> None:
        self._journal = journal
        self.run = run
        self.state: RunState = fold(journal.events(run))

    def say(self, kind: EventKind, step: str = "", /, **data: Any) -> Event:
        """Write one event, durably, and move the state. NotPossible, and nothing written, when the tables forbid it."""
        may_follow(self.state, kind, step)
        attempt = self.state.steps[step].attempts if step else 0
        if kind is EventKind.STEP_STARTED:
            attempt += 1
        event = self._journal.append(self.run, kind, step=step, attempt=attempt, data=data)
        self.state = after(self.state, event)
        return event

    def decide(self, step: str, seen: int, **data: Any) -> None:
        """Write a gate's decision if nothing was written since event `seen`, when votes were read; else TryAgain."""
        may_follow(self.state, EventKind.DECIDED, step)
        attempt = self.state.step(step).attempts
        try:
            event = self._journal.append(self.run, EventKind.DECIDED, step=step, attempt=attempt, data=data, after=seen)
        except Overtaken as exc:
            raise TryAgain(f"gate {step!r}: somebody voted while the votes were counted") from exc
        self.state = after(self.state, event)

    def refresh(self) -> RunState:
        """The state with what others have written meanwhile: votes."""
        self.state = fold(self._journal.events(self.run))
        return self.state
