"""When a run ends, in the middle and in nine of ten cases: before it begins, and while it goes on."""

from __future__ import annotations

import math
from datetime import timedelta
from statistics import NormalDist

import numpy as np
import pytest

from cutover.forecast.drawing import draw, what_is_left
from cutover.forecast.expecting import DECLARED_SPREAD, JITTER_MS, expect
from cutover.forecast.predicting import PACE_WEIGHT, Chances, Progress, pace, predict
from cutover.model.forecast import Expectation, Pool
from cutover.model.rehearsal import PlanSource
from tests.unit.forecast.worlds import NOW, chain, graph, rehearsed

#: Student's t at 0.9 with 4 degrees of freedom, from any table.
T4_90 = 1.5332

MANY = Chances(draws=200_000)


def test_the_draws_have_the_quantiles_of_students_prediction() -> None:
    one = Expectation(source=PlanSource.REHEARSED, n=3, log_ms=math.log(60_000))

    drawn = draw([one], Pool(spread=0.3, degrees=4), np.random.default_rng(1), 400_000)

    wanted = 60_000 * math.exp(T4_90 * 0.3 * math.sqrt(1 + 1 / 3)) - JITTER_MS
    assert float(np.quantile(drawn, 0.9)) == pytest.approx(wanted, rel=0.02)
    assert float(np.median(drawn)) == pytest.approx(60_000 - JITTER_MS, rel=0.005)


def test_a_step_that_was_only_expected_has_the_declared_spread() -> None:
    known = expect(graph({"copy": []}, copy={"expect_ms": 60_000}), [])

    (one,) = predict(graph({"copy": []}), known, now=NOW, chances=MANY).steps

    sigma = math.hypot(DECLARED_SPREAD, known.pool.run_spread)
    wanted = 60_050 * math.exp(NormalDist().inv_cdf(0.9) * sigma) - JITTER_MS
    assert one.p90_ms == pytest.approx(wanted, rel=0.01)
    assert one.p50_ms == pytest.approx(60_000, rel=0.01)


def test_the_same_rehearsals_give_the_same_forecast() -> None:
    nights = rehearsed(copy=[60_000, 66_000, 58_000], reconcile=[9_000, 9_500, 12_000])
    made = chain("copy", "reconcile")

    assert predict(made, expect(made, nights), now=NOW) == predict(made, expect(made, nights), now=NOW)


def test_moments_are_counted_from_now() -> None:
    made = chain("copy", "reconcile")
    known = expect(made, rehearsed(copy=[60_000] * 3, reconcile=[30_000] * 3))

    told = predict(made, known, now=NOW)

    assert told.p50_end == NOW + timedelta(milliseconds=told.p50_ms)
    assert told.p50_ms == pytest.approx(90_000, rel=0.02) and told.p90_ms > told.p50_ms
    copy, reconcile = told.steps
    assert (copy.start_ms, copy.end_ms) == (0, copy.p50_ms)
    assert reconcile.start_ms == copy.end_ms and reconcile.end_p90_ms == told.p90_ms


def test_side_by_side_the_longer_stream_decides() -> None:
    made = graph({"copy": [], "train": [], "open": ["copy", "train"]}, parallel=2)
    known = expect(made, rehearsed(copy=[600_000] * 3, train=[60_000] * 3, open=[1_000] * 3))

    told = predict(made, known, now=NOW)

    assert told.p50_ms == pytest.approx(601_000, rel=0.02)
    assert (told.criticality["copy"], told.criticality["train"], told.criticality["open"]) == (1.0, 0.0, 1.0)


def test_streams_alike_share_the_criticality() -> None:
    made = graph({"a": [], "b": []}, parallel=2)

    told = predict(made, expect(made, rehearsed(a=[60_000, 70_000], b=[60_000, 70_000])), now=NOW)

    assert told.criticality["a"] == pytest.approx(0.5, abs=0.05)
    assert told.criticality["a"] + told.criticality["b"] == pytest.approx(1.0)


def test_the_chance_of_making_the_hard_stop() -> None:
    made = chain("copy")
    known = expect(made, rehearsed(copy=[600_000, 660_000, 580_000]))

    plan = predict(made, known, now=NOW)

    assert predict(made, known, now=NOW, hard_stop=plan.p90_end).chance == pytest.approx(0.9, abs=0.002)
    assert predict(made, known, now=NOW, hard_stop=NOW).chance == 0.0
    assert plan.chance is None


def test_with_a_step_that_nobody_speaks_for_there_is_no_chance_to_tell() -> None:
    made = chain("copy", "open")

    told = predict(made, expect(made, rehearsed(copy=[60_000])), now=NOW, hard_stop=NOW + timedelta(days=9))

    assert (told.unknown, told.chance) == (("open",), None)


def test_what_was_never_rehearsed_is_named() -> None:
    made = graph({"copy": [], "dns": ["copy"]}, dns={"expect_ms": 5_000})

    assert predict(made, expect(made, rehearsed(copy=[60_000])), now=NOW).not_rehearsed == ("dns",)


def test_nothing_left_is_the_end() -> None:
    made = chain("copy")

    told = predict(made, expect(made, rehearsed(copy=[1_000])), now=NOW, progress=Progress(done={"copy": 1_000}))

    assert (told.p50_end, told.p90_end, told.steps) == (NOW, NOW, ())


# -- while it goes on ----------------------------------------------------------------------------------


def test_what_is_done_is_behind() -> None:
    made = chain("copy", "reconcile")
    known = expect(made, rehearsed(copy=[60_000] * 3, reconcile=[30_000] * 3))

    told = predict(made, known, now=NOW, progress=Progress(done={"copy": 60_000}))

    assert [one.step for one in told.steps] == ["reconcile"]
    assert told.p50_ms == pytest.approx(30_000, rel=0.02)


def test_a_slow_run_is_expected_to_stay_slow_but_one_step_does_not_condemn_it() -> None:
    made = chain("a", "b", "c", "copy")
    known = expect(made, rehearsed(a=[60_000], b=[60_000], c=[60_000], copy=[60_000]))

    one, three = pace(known.steps, {"a": 120_000}), pace(known.steps, dict.fromkeys("abc", 120_000))

    assert one == pytest.approx(2 ** (1 / (1 + PACE_WEIGHT)), rel=0.001)
    assert three == pytest.approx(math.sqrt(2), rel=0.001)
    told = predict(made, known, now=NOW, progress=Progress(done=dict.fromkeys("abc", 120_000)))
    assert told.p50_ms == pytest.approx(60_000 * math.sqrt(2), rel=0.03)


def test_steps_nobody_rehearsed_say_nothing_of_the_pace() -> None:
    made = graph({"dns": [], "copy": []}, dns={"expect_ms": 1_000})

    assert pace(expect(made, []).steps, {"dns": 900_000}) == 1.0


def test_a_step_at_work_has_only_its_rest_before_it() -> None:
    made = chain("copy", "reconcile")
    known = expect(made, rehearsed(copy=[60_000] * 3, reconcile=[30_000] * 3))

    told = predict(made, known, now=NOW, progress=Progress(going={"copy": 20_000}))

    assert told.p50_ms == pytest.approx(70_000, rel=0.05)
    assert told.steps[0].p50_ms == pytest.approx(60_000, rel=0.02)  # its whole length is still what it was


def test_the_rest_of_a_step_is_drawn_from_the_nights_that_took_longer() -> None:
    nights = np.array([10.0] * 90 + [50.0] * 60)

    left = what_is_left(nights, 20.0, np.random.default_rng(1))

    assert set(left.tolist()) == {30.0}


def test_a_step_that_has_outlived_all_draws_is_not_expected_to_end_at_once() -> None:
    made = chain("copy")
    known = expect(made, rehearsed(copy=[60_000, 62_000, 61_000, 60_500, 60_000]))

    told = predict(made, known, now=NOW, progress=Progress(going={"copy": 3_600_000}))

    assert 60_000 < told.p50_ms < told.p90_ms < 3_600_000


def test_steps_at_work_keep_their_places() -> None:
    """Two of two places are taken by later steps of the file; the first of the file has to wait for one of them."""
    made = graph({"first": [], "b": [], "c": []}, parallel=2)
    known = expect(made, rehearsed(first=[10_000] * 3, b=[60_000] * 3, c=[60_000] * 3))

    told = predict(made, known, now=NOW, progress=Progress(going={"b": 0, "c": 0}))

    first = told.step("first")
    assert first is not None and first.start_ms == pytest.approx(60_000, rel=0.1)
