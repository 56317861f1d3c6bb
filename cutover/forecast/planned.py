"""
The planned duration of every step: rehearsed, else expected, else unknown.

Called by `app` for plans, for the status of a run and for its report. Knows neither the journal
nor the engine: a rehearsal is a value, and only the durations in it count here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median

from cutover.model.rehearsal import PlannedStep, PlanSource, Rehearsal
from cutover.model.runbook import Runbook, StepSpec


def planned(runbook: Runbook, rehearsals: Iterable[Rehearsal]) -> Mapping[str, PlannedStep]:
    """
    Step id -> how long it should take and when, in whole milliseconds after the run's start.

    The median over the rehearsals that finished a step of the same id; one slow night does not
    move it. A step nobody can speak for has `ms=None` and takes no room in the offsets, so the
    end of the last step is a lower bound as long as any step is unknown.
    """
    known = tuple(rehearsals)
    plan: dict[str, PlannedStep] = {}
    for spec in runbook.steps:
        ms, source, n = _duration(spec, [past.durations[spec.id] for past in known if spec.id in past.durations])
        # Steps run one after the other, in file order, which respects `after`; a step can still
        # never begin before the last of those it names.
        start = max((step.end_ms for step in plan.values()), default=0)
        plan[spec.id] = PlannedStep(ms=ms, source=source, n=n, start_ms=start, end_ms=start + (ms or 0))
    return plan


def total_ms(plan: Mapping[str, PlannedStep]) -> int | None:
    """The planned length of the whole run in ms; None when any step is unknown: a sum with a hole says too little."""
    if not plan or any(step.ms is None for step in plan.values()):
        return None
    return max(step.end_ms for step in plan.values())


def unknown_steps(plan: Mapping[str, PlannedStep]) -> tuple[str, ...]:
    """Ids of the steps that were neither rehearsed nor given an `expect`."""
    return tuple(step for step, value in plan.items() if value.source is PlanSource.UNKNOWN)


def _duration(spec: StepSpec, seen_ms: list[int]) -> tuple[int | None, PlanSource, int]:
    if seen_ms:
        return round(median(seen_ms)), PlanSource.REHEARSED, len(seen_ms)
    if spec.expect_seconds is not None:
        return round(spec.expect_seconds * 1000), PlanSource.EXPECTED, 0
    return None, PlanSource.UNKNOWN, 0
