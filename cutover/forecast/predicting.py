"""
When a run will have worked through its steps: Monte-Carlo over the graph of what is still to come.

Pure: the time is handed in, the seed is fixed, so the same rehearsals give the same forecast. Called by `app` for
plans, for new runs and, with how far a run has come, for its live forecast.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from cutover.forecast.drawing import draw, what_is_left
from cutover.forecast.expecting import JITTER_MS, median_ms
from cutover.forecast.graph import Graph
from cutover.forecast.scheduling import Schedule, Times, longest_paths, schedule
from cutover.model.forecast import Expectation, Expectations, Forecast, StepForecast
from cutover.model.rehearsal import PlanSource

#: Draws for runbooks of usual size; of long ones fewer, so that `cutover status` stays quick.
DRAWS: Final = 4_000
_LEAST_DRAWS: Final = 1_000
_CELLS: Final = 200_000  # draws × steps
SEED: Final = 20_261_124

#: So many steps' worth of "as rehearsed" stand against what this run has shown of its pace.
PACE_WEIGHT: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run has come."""

    done: Mapping[str, int] = field(default_factory=dict)  # step -> ms of work, measured
    passed: frozenset[str] = frozenset()  # steps that are behind the run and say nothing of its pace: left out, settled
    going: Mapping[str, int] = field(default_factory=dict)  # step at work, or begun before -> ms of work so far


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """How the draws are made."""

    draws: int | None = None  # None: as many as the length of the runbook allows
    seed: int = SEED

    def enough(self, steps: int) -> int:
        """The number of draws for a graph of so many steps."""
        return self.draws or min(DRAWS, max(_LEAST_DRAWS, _CELLS // max(steps, 1)))


NOTHING_YET: Final = Progress()
USUAL: Final = Chances()


def predict(
    graph: Graph,
    known: Expectations,
    *,
    now: datetime,
    hard_stop: datetime | None = None,
    progress: Progress = NOTHING_YET,
    chances: Chances = USUAL,
) -> Forecast:
    """What is known of the steps that are not done, and when the last of them will be; `now` is where it begins."""
    left = _left(graph, progress)
    expected = [known.steps[step] for step in left.ids]
    speed = pace(known.steps, progress.done)
    generator = np.random.default_rng(chances.seed)
    draws = chances.enough(len(expected))
    drawn = draw(expected, known.pool, generator, draws) * speed
    whole = drawn.copy()
    for place, step in enumerate(left.ids):
        if step in progress.going and expected[place].source in (PlanSource.REHEARSED, PlanSource.EXPECTED):
            drawn[:, place] = what_is_left(whole[:, place], progress.going[step], generator)
    plan = schedule(drawn, left.before(), parallel=left.parallel)
    ends = plan.ends.max(axis=1, initial=0.0)
    middle, late = (now + timedelta(milliseconds=round(float(np.quantile(ends, q)))) for q in (0.5, 0.9))
    unknown = tuple(s for s, one in zip(left.ids, expected, strict=True) if one.source is PlanSource.UNKNOWN)
    return Forecast(
        now=now,
        p50_end=middle,
        p90_end=late,
        steps=_steps(left.ids, expected, whole, plan),
        chance=None if unknown or hard_stop is None else _share(ends, hard_stop - now),
        hard_stop=hard_stop,
        not_rehearsed=tuple(s for s, one in zip(left.ids, expected, strict=True) if one.source is PlanSource.EXPECTED),
        unknown=unknown,
        pace=speed,
        draws=draws,
        seed=chances.seed,
    )


def pace(expected: Mapping[str, Expectation], done: Mapping[str, int]) -> float:
    """
    How this run goes compared with the rehearsals: exp(Σ ln(took / expected) / (m + λ)) over its m rehearsed steps.

    λ keeps one slow step from condemning a whole night. 1 while nothing rehearsed is done.
    """
    logs = [
        math.log(took + JITTER_MS) - math.log(median_ms(expected[step]) + JITTER_MS)
        for step, took in done.items()
        if step in expected and expected[step].source is PlanSource.REHEARSED
    ]
    return math.exp(math.fsum(logs) / (len(logs) + PACE_WEIGHT))


def _left(graph: Graph, progress: Progress) -> Graph:
    """The steps that are not done; those at work first, because they have their places already."""
    left = [task for task in graph.tasks if task.id not in progress.done and task.id not in progress.passed]
    going = [task for task in left if task.id in progress.going]
    return replace(graph, tasks=(*going, *(task for task in left if task.id not in progress.going)))


def _share(ends: Times, room: timedelta) -> float:
    return float(np.mean(ends <= room / timedelta(milliseconds=1)))


def _steps(
    ids: Sequence[str], expected: Sequence[Expectation], whole: Times, plan: Schedule
) -> tuple[StepForecast, ...]:
    if not ids:
        return ()
    p50, p90 = np.quantile(whole, [0.5, 0.9], axis=0)
    starts = np.median(plan.starts, axis=0)
    ends, late = np.quantile(plan.ends, [0.5, 0.9], axis=0)
    critical = longest_paths(plan).mean(axis=0)
    return tuple(
        StepForecast(
            step=step,
            source=expected[i].source,
            n=expected[i].n,
            p50_ms=round(float(p50[i])),
            p90_ms=round(float(p90[i])),
            start_ms=round(float(starts[i])),
            end_ms=round(float(ends[i])),
            end_p90_ms=round(float(late[i])),
            criticality=float(critical[i]),
        )
        for i, step in enumerate(ids)
    )
