"""Who watches a run changes nothing of it."""

from __future__ import annotations

from cutover.app.watch import Unwatched, WatchedJournal
from cutover.journal.memory import MemoryJournal
from cutover.model.event import Event
from cutover.model.status import EventKind
from tests.fixtures.clock import FakeClock


class Blind(Unwatched):
    """Cannot draw what it is told."""

    def event(self, event: Event) -> None:
        raise UnicodeEncodeError("ascii", "✓", 0, 1, "not drawable")


def test_an_event_that_cannot_be_drawn_is_an_event() -> None:
    journal = MemoryJournal(clock=FakeClock())
    run = journal.create_run("dev", {"environment": "dev"})
    event = WatchedJournal(journal, Blind()).append(run, EventKind.RUN_ARMED)
    assert journal.events(run)[-1] == event
