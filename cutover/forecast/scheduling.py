"""
When steps begin and end, for many draws of their durations at once, and what each of them had to wait for.

The same rule as the engine's: whenever one more step may be at work, the first in the file's order that may begin does.
Arrays are draws × steps; times are milliseconds after now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Times: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Schedule:
    """`held_by`: the position of the step whose end let this one begin; -1: it began at once."""

    starts: Times
    ends: Times
    held_by: Places


def schedule(durations: Times, before: Sequence[Sequence[int]], *, parallel: int) -> Schedule:
    """
    Lay out the steps of every draw; `before[i]` are the positions of those that come before step i, all less than i.

    Steps that are already at work must stand first and have nothing before them.
    """
    if parallel == 1:
        return _one_by_one(durations)
    plan = _unlimited(durations, before)
    # Where the limit is never reached, that is the answer; only the other draws need the slow road.
    crowded = _most_at_once(plan) > parallel
    if crowded.any():
        layout = _Layout(durations[crowded], before, parallel)
        for _ in before:
            layout.begin_next()
        plan.starts[crowded], plan.ends[crowded], plan.held_by[crowded] = layout.starts, layout.ends, layout.held_by
    return plan


def longest_paths(plan: Schedule) -> npt.NDArray[np.bool_]:
    """Which steps lie on the longest path of their draw: back from the last end, through what held each step."""
    draws, steps = plan.ends.shape
    found = np.zeros((draws, steps), dtype=np.bool_)
    if not steps:
        return found
    row = np.arange(draws)
    # The last in order among equal ends: it is the one that waited for the others.
    at = steps - 1 - np.argmax(plan.ends[:, ::-1], axis=1)
    for _ in range(steps):
        found[row, at] = True
        back = plan.held_by[row, at]
        going_on = back >= 0
        if not going_on.any():
            break
        row, at = row[going_on], back[going_on]
    return found


def _one_by_one(durations: Times) -> Schedule:
    ends = np.cumsum(durations, axis=1)
    held_by = np.broadcast_to(np.arange(-1, durations.shape[1] - 1, dtype=np.intp), durations.shape)
    return Schedule(ends - durations, ends, held_by)


def _unlimited(durations: Times, before: Sequence[Sequence[int]]) -> Schedule:
    """Every step begins when the last of those before it ends."""
    starts, ends = np.zeros_like(durations), np.zeros_like(durations)
    held_by = np.full(durations.shape, -1, dtype=np.intp)
    for step, befores in enumerate(before):
        if befores:
            last = np.argmax(ends[:, list(befores)], axis=1)
            held_by[:, step] = np.asarray(befores, dtype=np.intp)[last]
            starts[:, step] = ends[np.arange(len(ends)), held_by[:, step]]
        ends[:, step] = starts[:, step] + durations[:, step]
    return Schedule(starts, ends, held_by)


def _most_at_once(plan: Schedule) -> Places:
    """How many steps are at work at the busiest moment of each draw; one that ends makes room for one that begins."""
    moments = np.concatenate([plan.ends, plan.starts], axis=1)
    changes = np.where(np.argsort(moments, axis=1, kind="stable") < plan.ends.shape[1], -1, 1)
    return np.asarray(changes.cumsum(axis=1).max(axis=1, initial=0))


class _Layout:
    """Steps begun one at a time, in each draw the one whose turn it is."""

    def __init__(self, durations: Times, before: Sequence[Sequence[int]], parallel: int) -> None:
        shape = durations.shape
        self._durations = durations
        self._row = np.arange(shape[0])
        self._follows = np.zeros((shape[1], shape[1]), dtype=np.bool_)  # [a, b]: b comes after a
        for step, befores in enumerate(before):
            self._follows[list(befores), step] = True
        self._open = np.tile(self._follows.sum(axis=0), (shape[0], 1))  # how many of those before it have not begun
        self._ready = np.zeros(shape)  # when the last of those before it ends
        self._ready_by = np.full(shape, -1, dtype=np.intp)
        self._begun = np.zeros(shape, dtype=np.bool_)
        self._slots = np.zeros((shape[0], min(parallel, max(shape[1], 1))))  # when each place is free again
        self._slot_by = np.full(self._slots.shape, -1, dtype=np.intp)
        self.starts = np.zeros(shape)
        self.ends = np.zeros(shape)
        self.held_by: Places = np.full(shape, -1, dtype=np.intp)

    def begin_next(self) -> None:
        """In each draw, begin the step that may begin first; of several, the first in order."""
        row = self._row
        slot = np.argmin(self._slots, axis=1)
        free = self._slots[row, slot]
        may = ~self._begun & (self._open == 0)
        step = np.argmin(np.where(may, np.maximum(self._ready, free[:, None]), np.inf), axis=1)
        ready = self._ready[row, step]
        start = np.maximum(ready, free)
        end = start + self._durations[row, step]
        self.starts[row, step], self.ends[row, step] = start, end
        by_step = (ready >= free) & (self._ready_by[row, step] >= 0)
        self.held_by[row, step] = np.where(by_step, self._ready_by[row, step], self._slot_by[row, slot])
        self._begun[row, step] = True
        self._slots[row, slot], self._slot_by[row, slot] = end, step
        self._let_go(step, end)

    def _let_go(self, step: Places, end: Times) -> None:
        """Tell what comes after `step` when that ends."""
        follows = self._follows[step]
        later = follows & ((end[:, None] > self._ready) | (self._ready_by < 0))
        self._open -= follows
        self._ready_by = np.where(later, step[:, None], self._ready_by)
        self._ready = np.where(later, end[:, None], self._ready)
