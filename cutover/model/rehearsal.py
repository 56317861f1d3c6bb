"""
What a rehearsal left behind, and what it lets us expect: plain values between journal, forecast and report.

A rehearsal is read from the journal by `evidence.ledger`; `forecast.planned` turns several of
them into expected durations. Both sit side by side in the house and meet only here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cutover.model.status import RunStatus


class PlanSource(StrEnum):
    """Where a planned duration comes from."""

    REHEARSED = "rehearsed"  # what rehearsals took, with half of the runs above and half below
    EXPECTED = "expected"  # the runbook's `expect`
    UNKNOWN = "unknown"  # nobody has said and nobody has measured
    PEOPLE = "people"  # a gate or a manual step: waiting for people is not part of the statistics
    NOTHING = "nothing"  # there is nothing to do: a step that is left out, or one without effects on the way back


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """How long one step should take, in whole milliseconds, and when it should begin and end after the run's start."""

    ms: int | None  # None: unknown
    source: PlanSource
    n: int = 0  # rehearsals it was measured in
    start_ms: int = 0
    end_ms: int = 0
    p90_ms: int | None = None  # nine of ten runs of the step are shorter; None: unknown
    end_p90_ms: int | None = None  # … and have ended by then
    critical_permille: int = 0  # share of the draws in which it lies on the longest path


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
    durations: Mapping[str, int] = field(default_factory=dict)  # steps that were done -> ms, the sum of its tries
    tries: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # the same, without the waits between tries
    drill: bool = False  # meant to go up to the point of no return and to come back
    complete: bool = False  # came to the end it was meant for: all steps done, or a drill that came all the way back
    rollback_rehearsed: bool = False  # came all the way back, and the world was proved equal to before
    restore_proved: bool = False  # a backup was restored elsewhere and its fingerprints were equal
    findings: int = 0
    simulated: tuple[str, ...] = ()  # steps that nobody was asked about
    broken_glass: tuple[str, ...] = ()  # gates that one person opened alone
    skipped: tuple[str, ...] = ()  # steps that `when` left out there
    variables: Mapping[str, str] = field(default_factory=dict)  # their values in that environment
    rows_copied: int = 0
    undone: Mapping[str, int] = field(default_factory=dict)  # steps that were taken back -> ms; 0: it had no effects
    proof_ms: int | None = None  # proving, after the last undo, that the old world is back
    rows: Mapping[str, int] = field(default_factory=dict)  # steps driven by volume -> rows they moved or looked at
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # those steps -> the target tables they name
    volumes: Mapping[str, int] = field(default_factory=dict)  # target table -> rows in its source; empty: not all known
    coverage: tuple[int, int] | None = None  # columns of the copied tables that were judged, of how many; None: unknown
    disturbed: tuple[str, ...] = ()  # steps that a fault was injected into: their durations say nothing

    def volume_ratio(self, there: Mapping[str, int], tables: Collection[str] = ()) -> float | None:
        """
        Rows in the sources here, divided by those `there`, over the tables that both know (of `tables`, when given).

        None when they have no table in common, or nothing is there to compare with.
        """
        both = [table for table in self.volumes if table in there and (not tables or table in tables)]
        rows = sum(there[table] for table in both)
        return sum(self.volumes[table] for table in both) / rows if rows else None
