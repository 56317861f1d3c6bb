"""
When each step worked, waited and was undone: spans of time read from a run's events.

Pure. Called by the report, the ledger and the terminal summary. Knows only kinds and times of
events, nothing of what steps do. Times are whole milliseconds after the run's first event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from cutover.model.event import Event
from cutover.model.status import EventKind


class SpanKind(StrEnum):
    """What a step was doing."""

    WORK = "work"
    WAITING = "waiting"  # for a person
    PAUSE = "pause"  # before the next try
    UNDO = "undo"


class SpanEnd(StrEnum):
    """How a span ended."""

    DONE = "done"
    FAILED = "failed"
    RETRIED = "retried"
    UNKNOWN = "unknown"
    WAITING = "waiting"
    SKIPPED = "skipped"
    HALTED = "halted"  # at a safe point, because somebody asked for it
    INTERRUPTED = "interrupted"  # the process died; when exactly, nobody saw
    OPEN = "open"  # still going on at the last event


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stretch of one step."""

    step: str
    kind: SpanKind
    attempt: int
    start_ms: int
    end_ms: int
    end: SpanEnd

    @property
    def ms(self) -> int:
        """Its length."""
        return self.end_ms - self.start_ms


#: Event that ends a span of work or undo -> how it ended.
_ENDS = {
    EventKind.STEP_DONE: SpanEnd.DONE,
    EventKind.STEP_FAILED: SpanEnd.FAILED,
    EventKind.STEP_RETRYING: SpanEnd.RETRIED,
    EventKind.STEP_UNKNOWN: SpanEnd.UNKNOWN,
    EventKind.STEP_WAITING: SpanEnd.WAITING,
    EventKind.STEP_HALTED: SpanEnd.HALTED,
    EventKind.UNDO_DONE: SpanEnd.DONE,
    EventKind.UNDO_FAILED: SpanEnd.FAILED,
    EventKind.UNDO_SKIPPED: SpanEnd.SKIPPED,
    # settled by a person: whatever it was doing, it does it no longer
    EventKind.SETTLED_DONE: SpanEnd.SKIPPED,
    EventKind.SETTLED_READY: SpanEnd.SKIPPED,
    EventKind.SETTLED_SKIPPED: SpanEnd.SKIPPED,
    EventKind.SETTLED_UNDONE: SpanEnd.SKIPPED,
}
#: Event that begins a span.
_BEGINS = {EventKind.STEP_STARTED: SpanKind.WORK, EventKind.UNDO_STARTED: SpanKind.UNDO}
#: Event after which the step is idle until its next start, and what that idling is.
_IDLES = {EventKind.STEP_WAITING: SpanKind.WAITING, EventKind.STEP_RETRYING: SpanKind.PAUSE}
#: A new process has taken over, or an old one was found dead: nothing of before is still going on.
_TAKES_OVER = frozenset({EventKind.ATTEMPT_STARTED, EventKind.RUN_INTERRUPTED})
#: What ends every waiting of the run.
_RUN_ENDS = frozenset({EventKind.RUN_COMPLETED, EventKind.RUN_STOPPED, EventKind.ROLLBACK_STARTED})


def offset_ms(events: Sequence[Event], at: datetime) -> int:
    """`at` as whole milliseconds after the first event."""
    return round((at - events[0].at).total_seconds() * 1000)


def spans(events: Sequence[Event]) -> tuple[Span, ...]:
    """
    Every stretch of every step, in order of beginning.

    A stretch whose process died ends at the last event before the next process began, because
    nobody saw more. A stretch that no event has ended yet ends at the last event and is OPEN.
    """
    found: list[Span] = []
    going: dict[str, Span] = {}
    previous_ms = 0
    for event in events:
        now = offset_ms(events, event.at)
        if event.kind in _TAKES_OVER:
            found += _close_work(going, at_ms=previous_ms)
        elif event.kind in _RUN_ENDS:
            found += [replace(going.pop(step), end_ms=now) for step in tuple(going)]
        elif event.kind in _BEGINS or event.kind in _ENDS:
            found += _close_one(going, event, at_ms=now)
            opened = _BEGINS.get(event.kind) or _IDLES.get(event.kind)
            if opened is not None:
                going[event.step] = _opened(event, opened, at_ms=now)
        previous_ms = now
    found += [replace(span, end_ms=previous_ms) for span in going.values()]
    return tuple(sorted(found, key=lambda span: (span.start_ms, span.end_ms)))


def durations_ms(events: Sequence[Event]) -> dict[str, int]:
    """Step -> milliseconds of work of the steps that were done, failed tries and pauses before new ones included."""
    total = {event.step: 0 for event in events if event.kind is EventKind.STEP_DONE}
    for span in spans(events):
        if span.step in total and span.kind in (SpanKind.WORK, SpanKind.PAUSE):
            total[span.step] += span.ms
    return total


def idle(all_spans: Iterable[Span], *, until_ms: int) -> tuple[tuple[int, int], ...]:
    """The stretches (start_ms, end_ms) from 0 to `until_ms` in which no step worked and none was being undone."""
    busy = sorted((span.start_ms, span.end_ms) for span in all_spans if span.kind is not SpanKind.WAITING)
    gaps: list[tuple[int, int]] = []
    free_from = 0
    for start, end in busy:
        if start > free_from:
            gaps.append((free_from, start))
        free_from = max(free_from, end)
    if until_ms > free_from:
        gaps.append((free_from, until_ms))
    return tuple(gaps)


def _opened(event: Event, kind: SpanKind, *, at_ms: int) -> Span:
    return Span(step=event.step, kind=kind, attempt=event.attempt, start_ms=at_ms, end_ms=at_ms, end=SpanEnd.OPEN)


def _close_one(going: dict[str, Span], event: Event, *, at_ms: int) -> list[Span]:
    span = going.pop(event.step, None)
    if span is None:
        return []
    if span.kind in (SpanKind.WAITING, SpanKind.PAUSE):
        return [replace(span, end_ms=at_ms, end=SpanEnd.DONE)]
    return [replace(span, end_ms=at_ms, end=_ENDS.get(event.kind, SpanEnd.INTERRUPTED))]


def _close_work(going: dict[str, Span], *, at_ms: int) -> list[Span]:
    """Close what a dead process was doing; waiting for a person goes on without any process."""
    ended = [step for step, span in going.items() if span.kind is not SpanKind.WAITING]
    return [
        replace(span, end_ms=max(at_ms, span.start_ms), end=SpanEnd.INTERRUPTED)
        for span in (going.pop(step) for step in ended)
    ]
