"""
The plan of a run: what its forecast promises of each step, as the journal, the status and the report keep it.

Called by `app` for plans and new runs. One truth: the planned duration is the P50 of the forecast, the planned moments
are the P50 moments, and what is late is measured against them.
"""

from __future__ import annotations

from collections.abc import Mapping

from cutover.model.forecast import Forecast
from cutover.model.rehearsal import PlannedStep, PlanSource


def planned(forecast: Forecast) -> Mapping[str, PlannedStep]:
    """
    Step id -> how long it should take and when, in whole milliseconds after the forecast's `now`.

    A step nobody can speak for has `ms=None` and takes no room in the offsets, so the end of the last step is a lower
    bound as long as any step is unknown.
    """
    return {
        one.step: PlannedStep(
            ms=None if one.source is PlanSource.UNKNOWN else one.p50_ms,
            source=one.source,
            n=one.n,
            start_ms=one.start_ms,
            end_ms=one.end_ms,
            p90_ms=None if one.source is PlanSource.UNKNOWN else one.p90_ms,
            end_p90_ms=one.end_p90_ms,
            critical_permille=round(one.criticality * 1000),
        )
        for one in forecast.steps
    }


def total_ms(plan: Mapping[str, PlannedStep]) -> int | None:
    """The planned length of the whole run in ms; None when any step is unknown: a sum with a hole says too little."""
    if not plan or any(step.ms is None for step in plan.values()):
        return None
    return max(step.end_ms for step in plan.values())


def unknown_steps(plan: Mapping[str, PlannedStep]) -> tuple[str, ...]:
    """Ids of the steps that were neither rehearsed nor given an `expect`."""
    return tuple(step for step, value in plan.items() if value.source is PlanSource.UNKNOWN)
