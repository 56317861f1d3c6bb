"""
From rehearsals to expectations: the mean of each step's log-duration, and the spread within steps, pooled over all.

Pure. The method with its formulas and its limits: docs/forecast.md. Every constant here is a declared assumption.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cutover.forecast.graph import Graph, Task
from cutover.model.forecast import Expectation, Expectations, Pool
from cutover.model.rehearsal import PlanSource, Rehearsal

#: Added to every duration before its logarithm: whether a step takes 2 ms or 6 is the machine's whim, not the step's.
JITTER_MS: Final = 50.0
#: Log-spread of a step that only the runbook's `expect` speaks for: two thirds lie within a factor of 1.6.
DECLARED_SPREAD: Final = 0.5
#: Log-spread that stands in for what was not measured, …
ASSUMED_SPREAD: Final = 0.25
#: … as long as there are fewer degrees of freedom than these.
LEAST_DEGREES: Final = 4
#: Log-spread of the factor that all steps of one night share (a busy host); more when the rehearsals differed by more.
RUN_SPREAD: Final = 0.08
#: Rehearsals within this factor of the volume to come are near; others count only where no near one exists, …
NEAR: Final = 2.0
#: … and add this much log-spread for each factor of e between their volume and the one to come.
FAR_SPREAD: Final = 0.15

_NOTHING: Final = Expectation(source=PlanSource.NOTHING)


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured duration, and the volume to come divided by the volume it was measured at (1: driven by none)."""

    ms: int
    ratio: float = 1.0
    run: str = ""


def expect(graph: Graph, rehearsals: Iterable[Rehearsal], volumes: Mapping[str, int] | None = None) -> Expectations:
    """
    What the rehearsals let us expect of the steps of `graph`.

    A step's duration counts when the step had the same semantic digest, no fault was injected into it, and somebody
    really did it. `volumes`: target table -> rows in its source where the run will take place; a step driven by
    volume is scaled to it, row for row. Only undos of rollbacks that were proved count; what people have to put back by
    hand is no more part of the statistics than what they have to do.
    """
    known, to_come = tuple(rehearsals), volumes or {}
    run = {task.id: _run_samples(task, known, to_come) for task in graph.tasks if not task.asks_people}
    back = [past for past in known if past.rollback_rehearsed]
    undo = {
        task.id: _undo_samples(task, back, to_come) for task in graph.tasks if task.effects and not task.asks_people
    }
    fitted, pool = fit({**run, **{task.id: [] for task in graph.tasks if task.skipped}})
    undone, undo_pool = fit(undo | {"": _proof_samples(back, to_come)})
    free = {task.id: _NOTHING for task in graph.tasks if not task.effects}
    by_hand = {task.id: _unmeasured(task) for task in graph.tasks if task.effects and task.asks_people}
    return Expectations(
        steps={task.id: fitted.get(task.id) or _unmeasured(task) for task in graph.tasks},
        pool=pool,
        undo={step: one for step, one in {**undone, **free, **by_hand}.items() if step},
        undo_pool=undo_pool,
        proof=undone.get(""),
        runs=tuple(past.run for past in known if any(_counts(task, past) for task in graph.tasks)),
    )


def fit(samples: Mapping[str, Sequence[Sample]]) -> tuple[dict[str, Expectation], Pool]:
    """Step -> its expectation, for the steps that have samples, and the spread within steps pooled over all of them."""
    found: dict[str, Expectation] = {}
    off: list[list[tuple[str, float]]] = []  # step by step: rehearsal, and how far it was off the step's mean
    for step, all_of_it in samples.items():
        near = _near(all_of_it)
        if not near:
            continue
        if not any(sample.ms for sample in near):
            found[step] = _NOTHING
            continue
        logs = [math.log(sample.ms * sample.ratio + JITTER_MS) for sample in near]
        mean = math.fsum(logs) / len(logs)
        off.append([(sample.run, log - mean) for sample, log in zip(near, logs, strict=True)])
        far = FAR_SPREAD * math.fsum(abs(math.log(sample.ratio)) for sample in near) / len(near)
        found[step] = Expectation(source=PlanSource.REHEARSED, n=len(near), log_ms=mean, spread=far)
    return found, _pooled(off)


def median_ms(one: Expectation) -> int:
    """The duration that half of the runs exceed, in ms; 0 where nothing is expected."""
    measured = one.source in (PlanSource.REHEARSED, PlanSource.EXPECTED)
    return max(0, round(math.exp(one.log_ms) - JITTER_MS)) if measured else 0


def _pooled(off: Sequence[Sequence[tuple[str, float]]]) -> Pool:
    """What is missing to the least degrees of freedom is filled up with the assumed spread."""
    squares = math.fsum(one**2 for step in off for _, one in step)
    degrees = sum(len(step) - 1 for step in off)
    missing = max(0, LEAST_DEGREES - degrees)
    variance = (squares + missing * ASSUMED_SPREAD**2) / (degrees + missing)
    return Pool(spread=math.sqrt(variance), degrees=degrees + missing, run_spread=_run_spread(off, variance))


def _run_spread(off: Sequence[Sequence[tuple[str, float]]], variance: float) -> float:
    """
    The spread of a whole night: how far the rehearsals lay apart beyond what their single steps explain.

    Never less than the declared one, because two or three nights alike are no proof that all are. The rehearsals' own
    nights are in the means, so one more night lies √(1 + 1/n) further from them.
    """
    nights: dict[str, list[float]] = {}
    for step in off:
        for run, one in step:
            nights.setdefault(run, []).append(one)
    apart = 0.0
    if len(nights) > 1:
        squares = math.fsum((math.fsum(night) / len(night)) ** 2 for night in nights.values())
        chance = variance * math.fsum(1 / len(night) for night in nights.values()) / len(nights)
        apart = squares / (len(nights) - 1) - chance
    return math.sqrt(max(RUN_SPREAD**2, apart) * (1 + 1 / max(1, len(nights))))


def _near(samples: Sequence[Sample]) -> Sequence[Sample]:
    near = [sample for sample in samples if 1 / NEAR <= sample.ratio <= NEAR]
    return near or samples


def _unmeasured(task: Task) -> Expectation:
    if task.skipped:
        return _NOTHING
    if task.expect_ms is not None:
        log_ms = math.log(task.expect_ms + JITTER_MS)
        return Expectation(source=PlanSource.EXPECTED, log_ms=log_ms, spread=DECLARED_SPREAD)
    return Expectation(source=PlanSource.PEOPLE if task.asks_people else PlanSource.UNKNOWN)


def _counts(task: Task, past: Rehearsal) -> bool:
    """Whether that rehearsal can speak for that step."""
    return past.steps.get(task.id) == task.digest and task.id not in past.disturbed and task.id not in past.simulated


def _run_samples(task: Task, rehearsals: Sequence[Rehearsal], to_come: Mapping[str, int]) -> list[Sample]:
    mine = [past for past in rehearsals if _counts(task, past) and task.id in past.durations]
    return _scaled(task.id, mine, [past.durations[task.id] for past in mine], to_come)


def _undo_samples(task: Task, rehearsals: Sequence[Rehearsal], to_come: Mapping[str, int]) -> list[Sample]:
    mine = [past for past in rehearsals if _counts(task, past) and task.id in past.undone]
    return _scaled(task.id, mine, [past.undone[task.id] for past in mine], to_come)


def _proof_samples(rehearsals: Sequence[Rehearsal], to_come: Mapping[str, int]) -> list[Sample]:
    """Proving reads everything, so it is driven by the whole volume."""
    found = [(past.proof_ms, past.volume_ratio(to_come), past.run) for past in rehearsals]
    return [Sample(ms, 1 / ratio if ratio else 1.0, run) for ms, ratio, run in found if ms is not None]


def _scaled(step: str, rehearsals: Sequence[Rehearsal], ms: Sequence[int], to_come: Mapping[str, int]) -> list[Sample]:
    """Those durations with the ratio of volumes; one whose volume is unknown counts only where none is known."""
    ratios = [_ratio(step, past, to_come) for past in rehearsals]
    all_of_it = zip(ms, ratios, rehearsals, strict=True)
    known = [Sample(one, ratio, past.run) for one, ratio, past in all_of_it if ratio is not None]
    return known or [Sample(one, run=past.run) for one, past in zip(ms, rehearsals, strict=True)]


def _ratio(step: str, past: Rehearsal, to_come: Mapping[str, int]) -> float | None:
    """Volume to come divided by the volume then; 1 for a step driven by no volume, None where it is not known."""
    if not past.rows.get(step):
        return 1.0
    # A backup names the old system's tables, not ours: then the whole volume has to do.
    ratio = past.volume_ratio(to_come, past.tables.get(step, ())) or past.volume_ratio(to_come)
    return 1 / ratio if ratio else None
