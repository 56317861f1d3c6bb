"""
What a rehearsal left behind, and what it lets us expect: plain values between journal, forecast and report.

A rehearsal is read from the journal by `evidence.ledger`; `forecast.planned` turns several of
them into expected durations. Both sit side by side in the house and meet only here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cutover.model.status import RunStatus


class PlanSource(StrEnum):
    """Where a planned duration comes from."""

    REHEARSED = "rehearsed"  # the median of what rehearsals took
    EXPECTED = "expected"  # the runbook's `expect`
    UNKNOWN = "unknown"  # nobody has said and nobody has measured


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """How long one step should take, in whole milliseconds, and when it should begin and end after the run's start."""

    ms: int | None  # None: unknown
    source: PlanSource
    n: int = 0  # rehearsals the median was taken over
    start_ms: int = 0
    end_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One rehearsal that has ended. Durations are whole milliseconds of work, without waiting for people."""

    run: str
    runbook: str
    environment: str
    started: datetime
    ended: datetime
    status: RunStatus  # one of `status.ENDED`
    semantic: str
    raw: str
    files: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # path -> (raw, semantic)
    steps: Mapping[str, str] = field(default_factory=dict)  # step id -> digest of the step as it was planned
    durations: Mapping[str, int] = field(default_factory=dict)  # steps that were done -> ms
    drill: bool = False  # meant to go up to the point of no return and to come back
    complete: bool = False  # came to the end it was meant for: all steps done, or a drill that came all the way back
    rollback_rehearsed: bool = False  # came all the way back, and the world was proved equal to before
    restore_proved: bool = False  # a backup was restored elsewhere and its fingerprints were equal
    findings: int = 0
    simulated: tuple[str, ...] = ()  # steps that nobody was asked about
    rows_copied: int = 0
