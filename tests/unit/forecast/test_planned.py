"""The plan of a run is what its forecast promises, and nothing is promised of what nobody knows."""

from __future__ import annotations

from cutover.forecast.expecting import expect
from cutover.forecast.graph import Graph
from cutover.forecast.planned import planned, total_ms, unknown_steps
from cutover.forecast.predicting import predict
from cutover.model.forecast import Forecast
from cutover.model.rehearsal import PlanSource, Rehearsal
from tests.unit.forecast.worlds import NOW, chain, graph, rehearsed


def forecast(made: Graph, rehearsals: list[Rehearsal]) -> Forecast:
    return predict(made, expect(made, rehearsals), now=NOW)


def test_a_rehearsed_step_takes_what_rehearsals_took_and_not_what_was_expected() -> None:
    told = forecast(graph({"copy": []}, copy={"expect_ms": 900_000}), rehearsed(copy=[60_000, 61_000, 62_000]))

    plan = planned(told)["copy"]
    assert (plan.ms, plan.source, plan.n) == (told.steps[0].p50_ms, PlanSource.REHEARSED, 3)
    assert plan.ms is not None and abs(plan.ms - 61_000) < 1_000 and plan.critical_permille == 1_000


def test_without_rehearsal_the_runbooks_own_estimate_counts() -> None:
    plan = planned(forecast(graph({"copy": []}, copy={"expect_ms": 60_000}), []))["copy"]

    assert (plan.source, plan.n) == (PlanSource.EXPECTED, 0)
    assert plan.ms is not None and abs(plan.ms - 60_000) < 2_000


def test_a_step_nobody_speaks_for_is_unknown_and_spoils_the_total() -> None:
    plan = planned(forecast(graph({"copy": [], "open": []}, copy={"expect_ms": 2_000}), []))

    assert (plan["open"].ms, plan["open"].p90_ms) == (None, None)
    assert unknown_steps(plan) == ("open",)
    assert total_ms(plan) is None


def test_steps_are_laid_out_as_they_will_run() -> None:
    told = forecast(chain("a", "b"), rehearsed(a=[60_000] * 3, b=[30_000] * 3))

    plan = planned(told)

    assert [(one.start_ms, one.end_ms, one.end_p90_ms) for one in plan.values()] == [
        (one.start_ms, one.end_ms, one.end_p90_ms) for one in told.steps
    ]
    assert total_ms(plan) == plan["b"].end_ms == told.p50_ms


def test_an_empty_plan_has_no_total() -> None:
    assert total_ms({}) is None
