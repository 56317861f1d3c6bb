"""
What the statistics say of the time to come: plain values between the forecast, the journal, the report and the screen.

Times are whole milliseconds, except in `Expectation`, whose numbers are natural logarithms of them. What is written
into the journal (`plain`) holds whole numbers only: logarithms as millionths, shares as per mille.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cutover.model.rehearsal import PlanSource

_MILLIONTH = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """The next duration of one step: a log-normal one, of which only as much is known as was measured."""

    source: PlanSource
    n: int = 0  # rehearsals it was measured in
    log_ms: float = 0.0  # mean of ln(ms + jitter), scaled to the volume to come
    spread: float = 0.0  # log-spread of its own, beside the pooled one: declared, or of a volume far from the rehearsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The spread within steps, measured over all of them: standard deviation of the logarithms, degrees of freedom."""

    spread: float
    degrees: int
    run_spread: float = 0.0  # of the factor that all steps of one run share


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """All that is known before a run of how long its steps take, and of how long taking them back takes."""

    steps: Mapping[str, Expectation]
    pool: Pool
    undo: Mapping[str, Expectation]  # only steps whose undo was rehearsed and proved
    undo_pool: Pool
    proof: Expectation | None = None  # proving that the old world is back, after the last undo
    runs: tuple[str, ...] = ()  # the rehearsals that count

    def plain(self) -> dict[str, Any]:
        """For the run's first event."""
        return {
            "steps": {step: _plain(one) for step, one in self.steps.items()},
            "pool": _plain_pool(self.pool),
            "undo": {step: _plain(one) for step, one in self.undo.items()},
            "undo_pool": _plain_pool(self.undo_pool),
            "proof": _plain(self.proof) if self.proof else None,
            "runs": list(self.runs),
        }


def expectations_of(plain: Mapping[str, Any]) -> Expectations:
    """What `Expectations.plain` wrote; KeyError or ValueError when it is something else."""
    proof = plain["proof"]
    return Expectations(
        steps={str(step): _expectation(one) for step, one in plain["steps"].items()},
        pool=_pool(plain["pool"]),
        undo={str(step): _expectation(one) for step, one in plain["undo"].items()},
        undo_pool=_pool(plain["undo_pool"]),
        proof=_expectation(proof) if proof else None,
        runs=tuple(str(run) for run in plain["runs"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepForecast:
    """One step still to come, or at work. Offsets are milliseconds after the forecast's `now`."""

    step: str
    source: PlanSource
    n: int
    p50_ms: int
    p90_ms: int
    start_ms: int  # P50
    end_ms: int  # P50
    end_p90_ms: int
    criticality: float  # share of the draws in which it lies on the longest path, 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """When a run will have worked through its steps. Waiting for people is not part of it."""

    now: datetime
    p50_end: datetime
    p90_end: datetime
    steps: tuple[StepForecast, ...]
    chance: float | None = None  # of ending before the hard stop, 0 to 1; None: no hard stop, or a step is unknown
    hard_stop: datetime | None = None
    not_rehearsed: tuple[str, ...] = ()  # steps that only the runbook's `expect` speaks for
    unknown: tuple[str, ...] = ()  # steps that nobody speaks for; they take no time here, so the ends are lower bounds
    pace: float = 1.0  # how this run goes compared with the rehearsals; more than 1 is slower
    draws: int = 0
    seed: int = 0

    @property
    def criticality(self) -> Mapping[str, float]:
        """Step -> share of the draws in which it lies on the longest path."""
        return {one.step: one.criticality for one in self.steps}

    def step(self, step: str) -> StepForecast | None:
        """What is said of that step; None when it is behind the run."""
        return next((one for one in self.steps if one.step == step), None)

    @property
    def p50_ms(self) -> int:
        """From `now` to the P50 end."""
        return _ms(self.now, self.p50_end)

    @property
    def p90_ms(self) -> int:
        """From `now` to the P90 end."""
        return _ms(self.now, self.p90_end)

    def plain(self) -> dict[str, Any]:
        """For the run's first event and for `--json`: whole numbers only."""
        return {
            "p50_end_ms": self.p50_ms,
            "p90_end_ms": self.p90_ms,
            "chance_permille": None if self.chance is None else round(self.chance * 1000),
            "not_rehearsed": list(self.not_rehearsed),
            "unknown": list(self.unknown),
            "pace_permille": round(self.pace * 1000),
            "draws": self.draws,
            "seed": self.seed,
            "steps": {one.step: _plain_step(one) for one in self.steps},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """When everything must stand again, and how much of that time is kept back."""

    hard_stop: datetime  # aware
    floor_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fits:
    """Whether something still fits before the hard stop."""

    fits: bool
    says: str  # why, in one sentence; also when it fits
    minutes_left: int | None = None  # whole minutes until it no longer does, negative afterwards; None: nobody knows
    rollback_p90_ms: int | None = None  # None: not rehearsed, or there is no way back


@dataclass(frozen=True, slots=True, kw_only=True)
class LastStart:
    """The last moment at which one step may begin."""

    step: str
    at: datetime | None  # None: cannot be said, and `says` tells why
    says: str = ""
    rollback_p90_ms: int | None = None  # of everything up to and with this step
    missing: tuple[str, ...] = field(default=())  # steps whose undo was never rehearsed


def _ms(begin: datetime, end: datetime) -> int:
    return round((end - begin).total_seconds() * 1000)


def _plain(one: Expectation) -> dict[str, Any]:
    return {
        "source": str(one.source),
        "n": one.n,
        "log_ms_millionths": round(one.log_ms * _MILLIONTH),
        "spread_millionths": round(one.spread * _MILLIONTH),
    }


def _expectation(plain: Mapping[str, Any]) -> Expectation:
    return Expectation(
        source=PlanSource(plain["source"]),
        n=int(plain["n"]),
        log_ms=int(plain["log_ms_millionths"]) / _MILLIONTH,
        spread=int(plain["spread_millionths"]) / _MILLIONTH,
    )


def _plain_pool(pool: Pool) -> dict[str, int]:
    return {
        "spread_millionths": round(pool.spread * _MILLIONTH),
        "degrees": pool.degrees,
        "run_spread_millionths": round(pool.run_spread * _MILLIONTH),
    }


def _pool(plain: Mapping[str, Any]) -> Pool:
    return Pool(
        spread=int(plain["spread_millionths"]) / _MILLIONTH,
        degrees=int(plain["degrees"]),
        run_spread=int(plain["run_spread_millionths"]) / _MILLIONTH,
    )


def _plain_step(one: StepForecast) -> dict[str, Any]:
    return {
        "source": str(one.source),
        "n": one.n,
        "p50_ms": one.p50_ms,
        "p90_ms": one.p90_ms,
        "start_ms": one.start_ms,
        "end_ms": one.end_ms,
        "end_p90_ms": one.end_p90_ms,
        "critical_permille": round(one.criticality * 1000),
    }
