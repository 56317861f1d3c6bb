"""What comes before what: as the runbook says it, with the point of no return as a wall, and on the way back."""

from __future__ import annotations

import pytest

from cutover.forecast.graph import graph_of
from tests.unit.forecast.worlds import chain, graph


def test_it_is_made_of_what_the_journal_says_of_the_steps() -> None:
    made = graph_of(
        [
            {"id": "a", "digest": "d", "expect_ms": 1_500, "effects": False},
            {"id": "b", "after": ["a"], "asks": ["dba"], "point_of_no_return": True, "skipped": "only when …"},
        ],
        parallel=3,
    )

    first, second = made.tasks
    assert (first.digest, first.expect_ms, first.effects, first.asks_people) == ("d", 1_500, False, False)
    assert (second.after, second.asks_people, second.point_of_no_return) == (("a",), True, True)
    assert (made.parallel, made.ids, first.skipped, second.skipped) == (3, ("a", "b"), False, True)


def test_a_run_of_an_older_version_says_less_and_is_read_all_the_same() -> None:
    (task,) = graph_of([{"id": "a"}]).tasks

    assert (task.after, task.expect_ms, task.effects) == ((), None, True)


def test_the_point_of_no_return_is_a_wall() -> None:
    made = graph({"a": [], "b": [], "turn": ["a"], "c": [], "d": ["c"]}, turn={"point_of_no_return": True})

    assert made.before() == ((), (), (0, 1), (2,), (2, 3))


def test_what_is_not_in_the_graph_is_not_waited_for() -> None:
    assert graph({"b": ["a"]}).before() == ((),)


def test_the_way_back_waits_for_everything_that_came_after() -> None:
    back = graph({"a": [], "b": ["a"], "c": ["a"], "d": ["b"]}, parallel=2).backwards({"a", "b", "c"})

    assert back.ids == ("c", "b", "a") and back.parallel == 2
    assert back.before() == ((), (), (0, 1))


def test_the_way_back_goes_through_steps_that_never_began() -> None:
    back = chain("a", "b", "c").backwards({"a", "c"})

    assert back.before() == ((), (0,))


def test_a_step_is_found_by_its_id() -> None:
    assert chain("a", "b").task("b").after == ("a",)
    with pytest.raises(KeyError):
        chain("a").task("b")
