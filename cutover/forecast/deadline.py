"""
Whether the way back still fits before the hard stop, and until when each step may begin.

Pure: the time is handed in. A step may begin while now + P90(step) <= hard stop − floor − P90(way back after it). Only
ways back that were rehearsed and proved are counted: one that was not might take for ever.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from cutover.forecast.drawing import draw
from cutover.forecast.graph import Graph
from cutover.forecast.predicting import USUAL, Chances, Progress, predict
from cutover.forecast.scheduling import schedule
from cutover.model.forecast import Deadline, Expectations, Fits, Forecast, LastStart, StepForecast
from cutover.model.rehearsal import PlanSource
from cutover.words import counted, duration

#: Steps named in one sentence; more are counted.
NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Where a run stands, as far as its deadline is concerned."""

    now: datetime
    begun: frozenset[str] = frozenset()  # steps that have begun and are not taken back
    past_point_of_no_return: bool = False


def rollback_fits(
    graph: Graph, known: Expectations, *, situation: Situation, deadline: Deadline | None, chances: Chances = USUAL
) -> Fits:
    """Whether taking back everything that has begun, from now on, ends before the hard stop in nine of ten cases."""
    if situation.past_point_of_no_return:
        return Fits(fits=False, says="past the point of no return: there is no way back any more")
    took_ms = way_back_p90_ms(graph, known, situation.begun, chances)
    if deadline is None:
        return Fits(fits=True, says="no hard stop is set", rollback_p90_ms=took_ms)
    if took_ms is None:
        return Fits(fits=False, says=_never_rehearsed(missing(known, situation.begun)))
    left = _last(deadline, took_ms) - situation.now
    steps = f"taking back {counted(len(situation.begun), 'step')}{_by_hand(known, situation.begun)} takes"
    return _fits(f"{steps} {duration(took_ms)} (P90) and", left, deadline, took_ms)


def may_begin(
    graph: Graph,
    known: Expectations,
    step: str,
    *,
    situation: Situation,
    deadline: Deadline | None,
    p90_ms: int,
) -> Fits:
    """
    Whether `step` may begin now, so that it can still be taken back should it fail at its end; `p90_ms` is its own P90.

    The point of no return may begin while the rest of the run fits; behind it everything may, only forward is left.
    """
    if deadline is None:
        return Fits(fits=True, says="no hard stop is set")
    if situation.past_point_of_no_return:
        return Fits(fits=True, says="past the point of no return: only forward is left")
    if graph.task(step).point_of_no_return:
        return _point_of_no_return(graph, known, step, situation, deadline)
    begun = situation.begun | {step}
    took_ms = way_back_p90_ms(graph, known, begun)
    if took_ms is None:
        return Fits(fits=False, says=_never_rehearsed(missing(known, begun)))
    left = _last(deadline, took_ms + p90_ms) - situation.now
    says = f"step {step!r} ({duration(p90_ms)}) and taking it all back ({duration(took_ms)}, both P90)"
    return _fits(says, left, deadline, took_ms)


def last_starts(
    graph: Graph, known: Expectations, plan: Forecast, *, deadline: Deadline, begun: Collection[str] = ()
) -> tuple[LastStart, ...]:
    """
    For each step that `plan` still has before it, the last moment at which it may begin, in the graph's order.

    By then everything has begun that `begun` names and that begins before it in the plan.
    """
    found: list[LastStart] = []
    starts = {one.step: one.start_ms for one in plan.steps}
    behind = False
    for place, task in enumerate(graph.tasks):
        one = plan.step(task.id)
        if one is None:
            behind = behind or task.point_of_no_return
            continue
        if behind:
            found.append(LastStart(step=task.id, at=None, says="behind the point of no return"))
        elif task.point_of_no_return:
            behind = True
            rest = _rest_p90_ms(graph, known, task.id)
            says = "the last moment at which the rest still fits"
            found.append(LastStart(step=task.id, at=_last(deadline, rest), says=says))
        else:
            order = {step: (start, graph.ids.index(step)) for step, start in starts.items()}
            earlier = {step for step, at in order.items() if at <= (one.start_ms, place)}
            found.append(_last_start(graph, known, one, frozenset({*begun, *earlier}), deadline))
    return tuple(found)


def way_back_p90_ms(graph: Graph, known: Expectations, begun: Collection[str], chances: Chances = USUAL) -> int | None:
    """P90 of undoing those steps and proving it, in ms; None when the undo of one of them was never rehearsed."""
    if missing(known, begun):
        return None
    back = graph.backwards(begun)
    if not back.tasks:
        return 0
    generator = np.random.default_rng(chances.seed)
    draws = chances.enough(len(back.tasks))
    expected = [known.undo[step] for step in back.ids]
    drawn = draw([*expected, *([known.proof] if known.proof else [])], known.undo_pool, generator, draws)
    plan = schedule(drawn[:, : len(expected)], back.before(), parallel=back.parallel)
    ends = plan.ends.max(axis=1) + drawn[:, len(expected) :].sum(axis=1)
    return round(float(np.quantile(ends, 0.9)))


def missing(known: Expectations, begun: Collection[str]) -> tuple[str, ...]:
    """Those of the steps whose undo was never rehearsed and proved."""
    return tuple(sorted(step for step in begun if step not in known.undo))


def _last_start(
    graph: Graph, known: Expectations, one: StepForecast, begun: frozenset[str], deadline: Deadline
) -> LastStart:
    took_ms = way_back_p90_ms(graph, known, begun)
    if took_ms is None:
        gaps = missing(known, begun)
        return LastStart(step=one.step, at=None, says="the way back was never rehearsed and proved", missing=gaps)
    return LastStart(step=one.step, at=_last(deadline, took_ms + one.p90_ms), rollback_p90_ms=took_ms)


def _point_of_no_return(graph: Graph, known: Expectations, step: str, situation: Situation, deadline: Deadline) -> Fits:
    rest = _rest_p90_ms(graph, known, step)
    says = f"the rest of the run from {step!r} on ({duration(rest)}, P90)"
    return _fits(says, _last(deadline, rest) - situation.now, deadline, None)


def _rest_p90_ms(graph: Graph, known: Expectations, step: str) -> int:
    """P90 of everything from the point of no return on: it begins when all before it is done."""
    place = graph.ids.index(step)
    before = Progress(passed=frozenset(graph.ids[:place]))
    return predict(graph, known, now=datetime(2000, 1, 1, tzinfo=UTC), progress=before).p90_ms


def _last(deadline: Deadline, needed_ms: int) -> datetime:
    return deadline.hard_stop - timedelta(milliseconds=deadline.floor_ms + needed_ms)


def _fits(what: str, left: timedelta, deadline: Deadline, took_ms: int | None) -> Fits:
    stop = f"{deadline.hard_stop.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    kept = f" with {duration(deadline.floor_ms)} kept back" if deadline.floor_ms else ""
    fits = left >= timedelta(0)
    ms = round(abs(left) / timedelta(milliseconds=1))
    says = f"fits before the hard stop {stop}{kept} for another {duration(ms)}"
    late = f"no longer fits before the hard stop {stop}{kept}: {duration(ms)} too late"
    return Fits(
        fits=fits,
        says=f"{what} {says if fits else late}",
        minutes_left=left // timedelta(minutes=1),
        rollback_p90_ms=took_ms,
    )


def _by_hand(known: Expectations, begun: Collection[str]) -> str:
    """What nobody can measure is at least named."""
    people = sorted(step for step in begun if step in known.undo and known.undo[step].source is PlanSource.PEOPLE)
    return f", without the time that people need for {', '.join(map(repr, people[:NAMED]))}," if people else ""


def _never_rehearsed(steps: Collection[str]) -> str:
    named = ", ".join(repr(step) for step in sorted(steps)[:NAMED])
    more = f" and {len(steps) - NAMED} more" if len(steps) > NAMED else ""
    return f"the way back of {named}{more} was never rehearsed and proved, so nobody knows whether it fits"
