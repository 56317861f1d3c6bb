"""Graphs and rehearsals made up in a line, for the tests of the forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from cutover.forecast.graph import Graph, Task
from cutover.model.rehearsal import Rehearsal
from cutover.model.status import RunStatus

NOW = datetime(2026, 11, 28, 22, 0, tzinfo=UTC)


def chain(*steps: str, **of_all: Any) -> Graph:
    """Steps one after the other."""
    return graph({step: steps[max(0, i - 1) : i] for i, step in enumerate(steps)}, **of_all)


def graph(after: Mapping[str, Sequence[str]], *, parallel: int = 1, **changes: Mapping[str, Any]) -> Graph:
    """Steps with what they come after; `changes` are fields of single tasks."""
    return Graph(
        tasks=tuple(Task(id=step, after=tuple(befores), **changes.get(step, {})) for step, befores in after.items()),
        parallel=parallel,
    )


def rehearsal(run: str = "dev-1", **changes: Any) -> Rehearsal:
    """An ended rehearsal; the steps in `durations` and `undone` have no digest, as those of `chain` and `graph`."""
    usual: dict[str, Any] = {
        "runbook": "go",
        "environment": "dev",
        "started": NOW,
        "ended": NOW,
        "status": RunStatus.COMPLETED,
        "semantic": "s",
        "raw": "r",
        "rollback_rehearsed": "undone" in changes,
        "steps": {step: "" for name in ("durations", "undone") for step in changes.get(name, ())},
    }
    return Rehearsal(run=run, **{**usual, **changes})


def rehearsed(**durations: Sequence[int]) -> list[Rehearsal]:
    """As many rehearsals as each step has durations in ms."""
    nights = zip(*durations.values(), strict=True)
    return [
        rehearsal(f"dev-{number}", durations=dict(zip(durations, night, strict=True)))
        for number, night in enumerate(nights, start=1)
    ]


def streams(count: int, steps: int, tail: int) -> Graph:
    """That many streams side by side, and a tail that waits for all of them."""
    after: dict[str, tuple[str, ...]] = {}
    for stream in range(count):
        for number in range(steps):
            after[f"s{stream}-{number}"] = (f"s{stream}-{number - 1}",) if number else ()
    lasts = tuple(f"s{stream}-{steps - 1}" for stream in range(count))
    for number in range(tail):
        after[f"t{number}"] = (f"t{number - 1}",) if number else lasts
    return graph(after, parallel=count)


class Nights:
    """
    A world in which steps really are log-normal and a busy host slows all steps of a night.

    Nothing of that is known to the forecast but what it sees in rehearsals.
    """

    def __init__(self, seed: int, steps: int, *, busy: float) -> None:
        self._generator = np.random.default_rng(seed)
        self._busy = busy
        self._middle = self._generator.normal(np.log(60_000), 1.0, steps)
        self._spread = 0.2 * np.exp(self._generator.normal(0, 0.5, steps))

    def durations(self, nights: int) -> npt.NDArray[np.float64]:
        """Milliseconds, nights × steps."""
        wobble = self._spread * self._generator.standard_normal((nights, len(self._middle)))
        return np.exp(self._middle + wobble + self._busy * self._generator.standard_normal((nights, 1)))
