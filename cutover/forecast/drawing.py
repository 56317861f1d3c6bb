"""
Draws of durations: what the expectations say, as thousands of possible runs.

The durations of one draw share the draw of the pooled spread (nobody knows it exactly) and a factor of the whole run
(a busy host slows every step). The generator is handed in, so the same seed gives the same draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from cutover.forecast.expecting import JITTER_MS
from cutover.forecast.scheduling import Times
from cutover.model.forecast import Expectation, Pool
from cutover.model.rehearsal import PlanSource

#: No draw is further from its median than this factor: the tails of few rehearsals know no bound.
FURTHEST: Final = 50.0

#: Fewer draws than these that lie above the time already spent say too little about what is left.
_ENOUGH: Final = 50


def draw(expectations: Sequence[Expectation], pool: Pool, generator: np.random.Generator, draws: int) -> Times:
    """
    Durations in ms, draws × expectations.

    A measured step is X = m + s·√(1 + 1/n)·t with the pool's degrees of freedom: the Student-t prediction of one more
    observation, on the logarithm.
    """
    logs = np.array([one.log_ms for one in expectations])
    pooled, own = spreads(expectations, pool)
    shared = np.sqrt(pool.degrees / generator.chisquare(pool.degrees, size=(draws, 1)))
    wobble = pooled * shared * generator.standard_normal((draws, len(logs)))
    wobble += own * generator.standard_normal((draws, len(logs)))
    wobble += pool.run_spread * generator.standard_normal((draws, 1))
    np.clip(wobble, -math.log(FURTHEST), math.log(FURTHEST), out=wobble)
    there = np.array([one.source in (PlanSource.REHEARSED, PlanSource.EXPECTED) for one in expectations], dtype=bool)
    return np.where(there, np.maximum(np.exp(logs + wobble) - JITTER_MS, 0.0), 0.0)


def spreads(expectations: Sequence[Expectation], pool: Pool) -> tuple[Times, Times]:
    """Log-spreads, one per expectation: the part that is drawn from Student's t, and the part that is declared."""
    measured = [math.sqrt(1 + 1 / one.n) if one.n else 0.0 for one in expectations]
    return pool.spread * np.array(measured), np.array([one.spread for one in expectations])


def what_is_left(durations: Times, spent_ms: float, generator: np.random.Generator) -> Times:
    """
    What is left of a step that has been at work for `spent_ms`, one value per draw of its whole duration.

    The draws that are longer than that, minus that. A step that has outlived nearly all of them is drawn anew from
    where it stands: as far beyond, in proportion, as the draws lie from their middle.
    """
    longer = durations[durations > spent_ms]
    if len(longer) >= _ENOUGH:
        return generator.choice(longer, size=len(durations)) - spent_ms
    middle = max(float(np.median(durations)), 1.0)
    beyond = np.exp(np.abs(np.log(np.maximum(durations, 1.0) / middle)))
    return np.asarray(spent_ms * (beyond - 1.0))
