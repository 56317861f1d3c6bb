"""What the caller may watch while a run goes on: journal events as they become durable, and progress."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from cutover.journal.store import Journal
from cutover.model.event import Event
from cutover.model.outcome import Progress
from cutover.model.status import EventKind
from cutover.redact import redact

_LOG = logging.getLogger("cutover.run")


class Watcher(Protocol):
    """Draws; never decides. The command line's screen is one."""

    def event(self, event: Event) -> None:
        """An event that is already in the journal."""

    def progress(self, progress: Progress) -> None:
        """Where a long piece of work stands."""


class Unwatched:
    """Nobody is looking."""

    def event(self, event: Event) -> None:
        """Nothing."""

    def progress(self, progress: Progress) -> None:
        """Nothing."""


def guarded(watcher: Watcher) -> Callable[[Progress], None]:
    """Its `progress`, which changes nothing when it cannot draw."""

    def tell(progress: Progress) -> None:
        try:
            watcher.progress(progress)
        except Exception as exc:  # noqa: BLE001 — a bar that cannot be drawn is no reason to stop a copy
            _LOG.warning("progress is not shown: %s: %s", type(exc).__name__, redact(str(exc)))

    return tell


class WatchedJournal:
    """A journal that tells a watcher what it has written; everything else is the journal's own."""

    def __init__(self, journal: Journal, watcher: Watcher) -> None:
        self._journal = journal
        self._watcher = watcher

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def append(
        self,
        run: str,
        kind: EventKind,
        *,
        step: str = "",
        attempt: int = 0,
        data: Mapping[str, Any] | None = None,
        after: int | None = None,
    ) -> Event:
        """Append, then tell: what is shown is what is durable. A watcher that cannot draw changes nothing."""
        event = self._journal.append(run, kind, step=step, attempt=attempt, data=data or {}, after=after)
        try:
            self._watcher.event(event)
        except Exception as exc:  # noqa: BLE001 — the event stands; whoever wrote it must learn that, not this
            _LOG.warning("an event is not shown: %s: %s", type(exc).__name__, redact(str(exc)))
        return event
