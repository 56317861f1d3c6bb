"""
Since when something waits for people, and what is due: reminders, escalations, expiry, clocks of an SLA.

Worked out from events and a time that is handed in; whoever looks, comes to the same. What was sent already stands in
the journal, so that it is sent once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.errors import WaitingForPerson
from cutover.model.event import Event
from cutover.model.status import EventKind
from cutover.voting.asking import Asking

#: After this long a message that was promised in the journal, and of which nothing more stands there, is sent again.
LOST_AFTER = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One message that is due now."""

    what: str  # reminder, escalation, overdue
    number: int  # of reminders: how many intervals have passed
    to: str = ""  # a role beside those asked
    says: str = ""


def waits_since(events: Sequence[Event], step: str) -> datetime | None:
    """When that step began to wait for a person, on the way it is on; None when it has not."""
    back = next((event.seq for event in events if event.kind is EventKind.ROLLBACK_STARTED), 0)
    for event in events:
        if event.step != step or event.seq < back:
            continue
        asked_back = event.kind is EventKind.UNDO_FAILED and event.data.get("code") == WaitingForPerson.code
        if event.kind is EventKind.STEP_WAITING or asked_back:
            return event.at
    return None


def expires_at(asking: Asking, since: datetime | None) -> datetime | None:
    """When a gate that has waited since then closes by itself; None when it never does."""
    if since is None or asking.expires_ms is None:
        return None
    return since + timedelta(milliseconds=asking.expires_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something that waits for people: which run's events, which step (empty: the run itself), since when."""

    events: Sequence[Event]
    step: str
    since: datetime
    asking: Asking
    sla_s: float | None = None  # seconds after which it is overdue


def due(waiting: Waiting, now: datetime) -> tuple[Due, ...]:
    """What must be sent now: each once; of reminders that were missed only the last."""
    asking, waited = waiting.asking, now - waiting.since
    found = []
    if asking.remind_ms:
        number = int(waited / timedelta(milliseconds=asking.remind_ms))
        if number > _sent(waiting, "reminder", now):
            found.append(Due(what="reminder", number=number, says="still waits"))
    escalates = asking.escalate_ms is not None and waited >= timedelta(milliseconds=asking.escalate_ms)
    if escalates and not _sent(waiting, "escalation", now):
        found.append(Due(what="escalation", number=1, to=asking.escalate_to, says="nobody has answered"))
    overdue = waiting.sla_s is not None and waited >= timedelta(seconds=waiting.sla_s)
    if overdue and not _sent(waiting, "overdue", now):
        found.append(Due(what="overdue", number=1, says="the clock of the SLA has run out"))
    return tuple(found)


def _sent(waiting: Waiting, what: str, now: datetime) -> int:
    """The highest number of that kind that was promised since it waits, and not lost on its way."""
    told = {event.data.get("about") for event in waiting.events if event.kind is EventKind.NOTIFIED}
    numbers = [
        int(event.data["number"])
        for event in waiting.events
        if event.kind is EventKind.REMINDED
        and event.step == waiting.step
        and event.at >= waiting.since
        and event.data.get("what") == what
        and (event.seq in told or now - event.at < LOST_AFTER)
    ]
    return max(numbers, default=0)
