"""
A run's state and its journal, kept together: nothing changes the state but an event that is durable.

Every move of the engine goes through `say`; the state tables are asked before the event is written,
so a move that is not possible leaves no trace. Several threads may write; each event is written by one of them.
"""

from __future__ import annotations

import threading
from typing import Any

from cutover.errors import TryAgain
from cutover.journal.chain import Overtaken
from cutover.journal.store import Journal
from cutover.model.event import Event
from cutover.model.run import TELLING, NotPossible, RunState, after, fold, may_follow
from cutover.model.status import EventKind


class Left(BaseException):
    """The attempt has ended without this thread: what it still does is nobody's, and it must not be written."""


class Recorder:
    """Writes events of one run and knows what they add up to."""

    def __init__(self, journal: Journal, run: str) -> None:
        self._journal = journal
        self._lock = threading.RLock()
        self._only: int | None = None
        self.run = run
        self.state: RunState = fold(journal.events(run, kinds=TELLING, last=True))

    def say(self, kind: EventKind, step: str = "", /, **data: Any) -> Event:
        """Write one event, durably, and move the state. NotPossible, and nothing written, when the tables forbid it."""
        with self._lock:
            self._refuse_left()
            may_follow(self.state, kind, step)
            attempt = self.state.steps[step].attempts if step else 0
            if kind is EventKind.STEP_STARTED:
                attempt += 1
            event = self._journal.append(self.run, kind, step=step, attempt=attempt, data=data)
            self._know(event)
            return event

    def decide(self, step: str, seen: int, **data: Any) -> None:
        """
        Write a gate's decision if nobody has voted there since event `seen`, when votes were read; else TryAgain.

        Other steps at work may write in between: that voids no count.
        """
        with self._lock:
            self._refuse_left()
            may_follow(self.state, EventKind.DECIDED, step)
            attempt = self.state.step(step).attempts
            while True:
                try:
                    event = self._journal.append(
                        self.run, EventKind.DECIDED, step=step, attempt=attempt, data=data, after=seen
                    )
                except Overtaken as exc:
                    seen = self._seen_since(step, seen, exc)
                else:
                    self._know(event)
                    return

    def refresh(self) -> RunState:
        """The state with what others have written meanwhile: votes and requests."""
        with self._lock:
            self.state = fold(self._journal.events(self.run, kinds=TELLING, last=True))
            return self.state

    def hear(self) -> RunState:
        """`refresh` when somebody else has written, as the run's last event tells without reading any other."""
        with self._lock:
            last = next((head.seq for head in self._journal.heads() if head.run == self.run), 0)
            return self.state if last == self.state.seq else self.refresh()

    def leave_to_this_thread(self) -> None:
        """From now on only the calling thread may write; the others get Left."""
        with self._lock:
            self._only = threading.get_ident()

    def _refuse_left(self) -> None:
        if self._only is not None and self._only != threading.get_ident():
            raise Left

    def _know(self, event: Event) -> None:
        """What is added to the state is what follows it; when somebody else has written in between, all is read."""
        if event.seq == self.state.seq + 1:
            self.state = after(self.state, event)
        else:
            self.refresh()

    def _seen_since(self, step: str, seen: int, exc: Overtaken) -> int:
        events = self._journal.events(self.run)
        if any(one.seq > seen and one.step == step and one.kind is EventKind.VOTED for one in events):
            raise TryAgain(f"gate {step!r}: somebody voted while the votes were counted") from exc
        if events[-1].seq <= seen:
            raise NotPossible(f"run {self.run!r}: the journal says that event {seen} was overtaken, and none is newer")
        return events[-1].seq
