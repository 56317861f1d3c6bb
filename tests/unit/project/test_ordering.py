"""The order of steps: after what they wait for, else as in the file."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.project.ordering import cycle, running_order

graphs = st.integers(1, 12).flatmap(
    lambda size: st.fixed_dictionaries(
        {f"s{n}": st.lists(st.sampled_from([f"s{m}" for m in range(size)]), max_size=3) for n in range(size)}
    )
)


def test_the_order_of_the_file_stays_where_nothing_speaks_against_it() -> None:
    assert running_order({"a": [], "b": ["a"], "c": ["a"], "d": ["b"]}) == ["a", "b", "c", "d"]


def test_a_step_moves_behind_what_it_waits_for() -> None:
    assert running_order({"a": ["c"], "b": [], "c": ["b"], "d": ["b"]}) == ["b", "c", "a", "d"]


def test_a_cycle_is_named_in_the_order_of_waiting() -> None:
    assert cycle({"a": [], "b": ["a", "d"], "c": ["b"], "d": ["c"]}) == ["b", "d", "c"]


def test_what_waits_behind_a_cycle_is_not_on_it() -> None:
    assert cycle({"a": ["b"], "b": ["b"], "c": ["a"]}) == ["b"]


@settings(deadline=None)
@given(graphs)
def test_every_step_runs_after_what_it_waits_for(after: dict[str, list[str]]) -> None:
    order = running_order(after)

    assert all(order.index(name) < order.index(step) for step in order for name in after[step])


@settings(deadline=None)
@given(graphs)
def test_either_all_steps_run_or_a_cycle_is_found(after: dict[str, list[str]]) -> None:
    circle = cycle(after)

    assert bool(circle) == (len(running_order(after)) < len(after))
    assert all(following in after[step] for step, following in zip(circle, [*circle[1:], *circle[:1]], strict=True))


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1))
def test_steps_that_wait_for_nothing_stay_in_file_order(steps: list[str]) -> None:
    assert running_order({step: [] for step in steps}) == steps
