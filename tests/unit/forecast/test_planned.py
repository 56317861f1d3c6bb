"""Planned durations: rehearsed before expected before unknown, laid out one after the other."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cutover.forecast.planned import planned, total_ms, unknown_steps
from cutover.model.rehearsal import PlanSource, Rehearsal
from cutover.model.runbook import Runbook, StepSpec, Strategy
from cutover.model.status import RunStatus


def runbook(**expect: float | None) -> Runbook:
    """Steps in the order given, each with its `expect` in seconds."""
    steps: list[StepSpec] = []
    for name, seconds in expect.items():
        after = (steps[-1].id,) if steps else ()
        steps.append(StepSpec(id=name, kind="check", fields={}, after=after, expect_seconds=seconds))
    return Runbook(name="go", path=Path("go.yaml"), strategy=Strategy.ONE_SHOT, steps=tuple(steps))


def rehearsal(**durations: int) -> Rehearsal:
    """An ended rehearsal that took that many milliseconds per step."""
    at = datetime(2026, 11, 20, tzinfo=UTC)
    return Rehearsal(
        run="dev-1",
        runbook="go",
        environment="dev",
        started=at,
        ended=at,
        status=RunStatus.COMPLETED,
        semantic="s",
        raw="r",
        durations=durations,
    )


def test_a_rehearsed_step_takes_the_median_and_not_what_was_expected() -> None:
    plan = planned(runbook(copy=60.0), [rehearsal(copy=n) for n in (900, 1_000, 50_000)])

    assert (plan["copy"].ms, plan["copy"].source, plan["copy"].n) == (1_000, PlanSource.REHEARSED, 3)


def test_without_rehearsal_the_runbooks_own_estimate_counts() -> None:
    plan = planned(runbook(copy=1.5), [rehearsal(other=1)])

    assert (plan["copy"].ms, plan["copy"].source, plan["copy"].n) == (1_500, PlanSource.EXPECTED, 0)


def test_a_step_nobody_speaks_for_is_unknown_and_spoils_the_total() -> None:
    plan = planned(runbook(copy=2.0, open=None), [])

    assert plan["open"].ms is None
    assert unknown_steps(plan) == ("open",)
    assert total_ms(plan) is None


def test_steps_are_laid_out_one_after_the_other() -> None:
    plan = planned(runbook(a=1.0, b=2.0, c=3.0), [rehearsal(b=500)])

    assert [(step.start_ms, step.end_ms) for step in plan.values()] == [(0, 1_000), (1_000, 1_500), (1_500, 4_500)]
    assert total_ms(plan) == 4_500


def test_an_empty_plan_has_no_total() -> None:
    assert total_ms(planned(runbook(), [])) is None


@given(st.lists(st.integers(min_value=0, max_value=10**9), min_size=1))
def test_the_median_lies_between_the_fastest_and_the_slowest_rehearsal(seen: list[int]) -> None:
    ms = planned(runbook(copy=None), [rehearsal(copy=n) for n in seen])["copy"].ms

    assert ms is not None
    assert min(seen) <= ms <= max(seen)
