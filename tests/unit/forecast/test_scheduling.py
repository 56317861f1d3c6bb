"""When steps begin and end: against a scheduler that does one draw at a time and is easy to believe."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.forecast.scheduling import longest_paths, schedule


def believed(durations: Sequence[float], before: Sequence[Sequence[int]], parallel: int) -> list[float]:
    """The ends, by a clock that jumps from end to end and begins the first step that may."""
    ends: list[float | None] = [None] * len(durations)
    begun: set[int] = set()
    going: list[tuple[float, int]] = []
    now = 0.0
    while len(begun) < len(durations) or going:
        for step in range(len(durations)):
            done = all(ends[one] is not None for one in before[step])
            if step not in begun and done and len(going) < parallel:
                begun.add(step)
                heapq.heappush(going, (now + durations[step], step))
        now, step = heapq.heappop(going)
        ends[step] = now
        while going and going[0][0] == now:
            ends[heapq.heappop(going)[1]] = now
    return [end for end in ends if end is not None]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[list[float]], list[list[int]], int]:
    """A few draws of durations, what comes before what, and the limit."""
    steps = draw(st.integers(1, 8))
    before = [
        draw(st.lists(st.integers(0, step - 1), unique=True, max_size=3)) if step else [] for step in range(steps)
    ]
    length = st.integers(1, 9).map(float)
    durations = draw(st.lists(st.lists(length, min_size=steps, max_size=steps), min_size=1, max_size=3))
    return durations, before, draw(st.integers(1, 4))


@given(worlds())
def test_it_ends_when_one_draw_at_a_time_would(world: tuple[list[list[float]], list[list[int]], int]) -> None:
    durations, before, parallel = world
    if parallel == 1:
        before = [[step - 1] if step else [] for step in range(len(before))]  # the file's order

    plan = schedule(np.array(durations), before, parallel=parallel)

    for row, lengths in enumerate(durations):
        assert plan.ends[row].tolist() == believed(lengths, before, parallel)


@given(worlds())
def test_the_longest_path_has_no_hole(world: tuple[list[list[float]], list[list[int]], int]) -> None:
    """Its steps follow each other without a gap from the beginning to the very end."""
    durations, before, parallel = world

    plan = schedule(np.array(durations), before, parallel=parallel)

    for row, path in enumerate(longest_paths(plan)):
        on = sorted((plan.starts[row, step], plan.ends[row, step]) for step in np.flatnonzero(path))
        assert on[0][0] == 0 and on[-1][1] == plan.ends[row].max()
        assert all(first[1] == second[0] for first, second in pairwise(on))


def test_with_one_place_steps_follow_each_other() -> None:
    plan = schedule(np.array([[3.0, 1.0, 2.0]]), [(), (), ()], parallel=1)

    assert plan.starts.tolist() == [[0, 3, 4]]
    assert longest_paths(plan).all()


def test_a_short_stream_beside_a_long_one_is_not_critical() -> None:
    plan = schedule(np.array([[10.0, 1.0, 1.0]]), [(), (), (0, 1)], parallel=2)

    assert longest_paths(plan).tolist() == [[True, False, True]]


def test_a_place_that_is_taken_makes_its_step_critical() -> None:
    plan = schedule(np.array([[5.0, 2.0, 9.0]]), [(), (), ()], parallel=2)

    assert plan.starts.tolist() == [[0, 0, 2]]
    assert longest_paths(plan).tolist() == [[False, True, True]]


@pytest.mark.parametrize("parallel", [1, 2])
def test_nothing_to_do_is_done_at_once(parallel: int) -> None:
    plan = schedule(np.zeros((4, 0)), (), parallel=parallel)

    assert plan.ends.shape == (4, 0) and longest_paths(plan).shape == (4, 0)
