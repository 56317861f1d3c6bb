"""The geometry of the chart: everything inside the drawing, in order, and long waits cut short."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.evidence.gantt import WIDTH, Axis, chart
from cutover.evidence.timeline import Span, SpanEnd, SpanKind
from cutover.model.rehearsal import PlannedStep, PlanSource

HOUR = 3_600_000


def span(step: str, start: int, end: int, kind: SpanKind = SpanKind.WORK) -> Span:
    """A span that ended well."""
    return Span(step=step, kind=kind, attempt=1, start_ms=start, end_ms=end, end=SpanEnd.DONE)


def plan(start: int, end: int) -> PlannedStep:
    """A rehearsed step at those offsets."""
    return PlannedStep(ms=end - start, source=PlanSource.REHEARSED, n=1, start_ms=start, end_ms=end)


def test_every_step_has_a_row_even_one_that_never_began() -> None:
    drawn = chart(["a", "b"], [span("a", 0, 1_000)], {})

    assert [(row.step, len(row.bars)) for row in drawn.rows] == [("a", 1), ("b", 0)]


def test_bars_stand_in_proportion() -> None:
    drawn = chart(["a", "b"], [span("a", 0, 1_000), span("b", 1_000, 4_000)], {})

    assert [(row.bars[0].x, row.bars[0].width) for row in drawn.rows] == [(0, 250), (250, 750)]


def test_a_bar_of_no_length_can_still_be_seen_at_the_very_end() -> None:
    (row,) = chart(["a"], [span("z", 0, 10_000), span("a", 10_000, 10_000)], {}).rows

    assert row.bars[0].width > 0
    assert row.bars[0].x + row.bars[0].width <= WIDTH


def test_the_plan_begins_with_the_first_work_and_makes_room_for_what_is_still_to_come() -> None:
    drawn = chart(["a", "b"], [span("a", 2_000, 4_000)], {"a": plan(0, 1_000), "b": plan(1_000, 8_000)})

    assert drawn.until_ms == 10_000
    assert drawn.rows[0].planned == (200, 100)
    assert drawn.rows[1].planned == (300, 700)


def test_a_night_of_waiting_is_cut_and_the_work_around_it_stays_visible() -> None:
    spans = [
        span("a", 0, 60_000),
        span("a", 60_000, 10 * HOUR, SpanKind.WAITING),
        span("b", 10 * HOUR, 10 * HOUR + 60_000),
    ]

    drawn = chart(["a", "b"], spans, {})

    assert [cut.ms for cut in drawn.cuts] == [10 * HOUR - 60_000]
    assert drawn.rows[1].bars[0].width > WIDTH / 3


def test_the_plans_clock_stands_still_while_the_run_waits() -> None:
    spans = [span("a", 0, 1_000), span("b", 5_000, 6_000)]

    drawn = chart(["a", "b"], spans, {"a": plan(0, 1_000), "b": plan(1_000, 2_000)})

    assert drawn.rows[0].planned == (drawn.rows[0].bars[0].x, drawn.rows[0].bars[0].width)
    assert drawn.rows[1].planned == (drawn.rows[1].bars[0].x, drawn.rows[1].bars[0].width)


def test_a_plan_that_a_night_interrupts_is_drawn_on_both_sides_of_it() -> None:
    spans = [span("a", 0, 1_000), span("a", 1_000, 9_000, SpanKind.WAITING), span("a", 9_000, 10_000)]

    (row,) = chart(["a"], spans, {"a": plan(0, 2_000)}).rows

    assert row.planned == (0, 1_000)
    assert row.pieces == ((0, 100), (900, 100))


def promised(start: int, end: int, late: int) -> PlannedStep:
    """A step with a forecast band."""
    return replace(plan(start, end), end_p90_ms=late)


def test_the_band_goes_from_the_planned_end_to_the_one_that_nine_of_ten_keep() -> None:
    drawn = chart(["a"], [span("a", 0, 1_000)], {"a": promised(0, 1_000, 2_000)})

    assert drawn.until_ms == 2_000  # the axis makes room for it
    assert drawn.rows[0].band == ((500, 500),)


def test_the_bands_clock_stands_still_as_well() -> None:
    spans = [span("a", 0, 1_000), span("a", 1_000, 9_000, SpanKind.WAITING), span("a", 9_000, 10_000)]

    (row,) = chart(["a"], spans, {"a": promised(0, 500, 2_000)}).rows

    assert row.band == ((50, 50), (900, 100))


def test_a_plan_without_a_band_has_none() -> None:
    assert chart(["a"], [span("a", 0, 1_000)], {"a": plan(0, 1_000)}).rows[0].band == ()


@pytest.mark.parametrize("source", [PlanSource.PEOPLE, PlanSource.NOTHING])
def test_what_is_not_timed_has_no_planned_bar(source: PlanSource) -> None:
    (row,) = chart(["a"], [span("a", 0, 1_000)], {"a": replace(promised(0, 1_000, 2_000), source=source)}).rows

    assert row.planned is None and row.band == ()


def test_a_run_without_any_work_is_an_empty_chart() -> None:
    drawn = chart(["a"], [], {})

    assert (drawn.until_ms, drawn.cuts, len(drawn.rows)) == (0, (), 1)


@given(st.integers(min_value=1, max_value=40 * 86_400_000))
def test_ticks_are_few_in_order_and_inside(until: int) -> None:
    ticks = chart(["a"], [span("a", 0, until)], {}).ticks

    assert 1 <= len(ticks) <= 12
    assert [x for x, _ in ticks] == sorted(x for x, _ in ticks)
    assert all(0 <= x <= WIDTH and 0 <= ms <= until for x, ms in ticks)


@given(st.lists(st.integers(min_value=0, max_value=10**7), min_size=4, max_size=4, unique=True), st.data())
def test_the_axis_never_runs_backwards(edges: list[int], data: st.DataObject) -> None:
    a, b, c, until = sorted(edges)
    axis = Axis(until, [(a, b)] if a < b else [])
    first = data.draw(st.integers(min_value=0, max_value=until))
    second = data.draw(st.integers(min_value=first, max_value=until))

    assert 0 <= axis.x(first) <= axis.x(second) <= WIDTH + 1e-6
    assert c <= until
