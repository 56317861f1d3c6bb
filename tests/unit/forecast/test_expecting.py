"""What rehearsals let us expect: which of them count, per row where volume drives, and what nobody measured."""

from __future__ import annotations

import math

import pytest

from cutover.forecast.expecting import (
    ASSUMED_SPREAD,
    DECLARED_SPREAD,
    FAR_SPREAD,
    JITTER_MS,
    LEAST_DEGREES,
    RUN_SPREAD,
    Sample,
    expect,
    fit,
    median_ms,
)
from cutover.model.forecast import Expectations, expectations_of
from cutover.model.rehearsal import PlanSource
from tests.unit.forecast.worlds import chain, graph, rehearsal, rehearsed


def test_the_middle_is_the_mean_of_the_logarithms() -> None:
    known = expect(chain("copy"), rehearsed(copy=[60_000, 90_000]))

    one = known.steps["copy"]
    assert (one.source, one.n) == (PlanSource.REHEARSED, 2)
    assert one.log_ms == pytest.approx((math.log(60_050) + math.log(90_050)) / 2)
    assert median_ms(one) == round(math.sqrt(60_050 * 90_050) - JITTER_MS)


def test_the_spread_is_pooled_over_all_steps() -> None:
    samples = {"a": [Sample(1_000), Sample(2_000), Sample(4_000)], "b": [Sample(9_000)] * 3}

    _, pool = fit(samples)

    logs = [math.log(ms + JITTER_MS) for ms in (1_000, 2_000, 4_000)]
    squares = sum((log - sum(logs) / 3) ** 2 for log in logs)
    assert pool.degrees == 4
    assert pool.spread == pytest.approx(math.sqrt(squares / 4))


def test_what_one_rehearsal_cannot_tell_is_assumed() -> None:
    _, pool = fit({"a": [Sample(1_000)], "b": [Sample(5_000)]})

    assert (pool.degrees, pool.spread) == (LEAST_DEGREES, pytest.approx(ASSUMED_SPREAD))


def test_nights_alike_are_no_proof_that_all_are() -> None:
    samples = {step: [Sample(60_000, run=run) for run in ("dev-1", "dev-2", "dev-3")] for step in "abcd"}

    _, pool = fit(samples)

    assert pool.run_spread == pytest.approx(RUN_SPREAD * math.sqrt(1 + 1 / 3))


def test_nights_that_were_slow_as_a_whole_widen_what_is_to_come() -> None:
    """Every step of one night took half as long again: that is the night, not the steps."""
    slow = {step: [Sample(60_000, run="dev-1"), Sample(90_000, run="dev-2")] for step in "abcdefgh"}

    _, pool = fit(slow)

    logs = math.log(90_050 / 60_050)
    variance = 8 * logs**2 / 2 / 8  # within steps
    apart = logs**2 / 2 - variance / 8
    assert pool.run_spread == pytest.approx(math.sqrt(apart * 1.5))
    assert pool.run_spread > 2 * RUN_SPREAD


def test_milliseconds_of_jitter_are_no_spread() -> None:
    _, pool = fit({"check": [Sample(2), Sample(8), Sample(3), Sample(5), Sample(2)]})

    assert pool.spread < 0.1


def test_a_step_that_changed_since_has_not_been_rehearsed() -> None:
    changed = graph({"copy": []}, copy={"digest": "new", "expect_ms": 5_000})

    one = expect(changed, rehearsed(copy=[60_000])).steps["copy"]

    assert (one.source, one.n, one.spread) == (PlanSource.EXPECTED, 0, DECLARED_SPREAD)
    assert median_ms(one) == 5_000


def test_a_step_that_a_fault_was_injected_into_says_nothing() -> None:
    calm, slowed = rehearsed(copy=[1_000, 3_000])
    slowed = rehearsal(durations={"copy": 3_000}, disturbed=("copy",))

    assert expect(chain("copy"), [calm, slowed]).steps["copy"].n == 1


def test_nobody_measures_people() -> None:
    gate = graph({"gate": []}, gate={"asks_people": True})

    one = expect(gate, rehearsed(gate=[7_200_000])).steps["gate"]

    assert (one.source, median_ms(one)) == (PlanSource.PEOPLE, 0)


def test_what_the_runbook_expects_of_people_counts() -> None:
    manual = graph({"dns": []}, dns={"asks_people": True, "expect_ms": 600_000})

    assert median_ms(expect(manual, []).steps["dns"]) == 600_000


def test_a_step_that_nobody_speaks_for_is_unknown() -> None:
    assert expect(chain("copy"), []).steps["copy"].source is PlanSource.UNKNOWN


def test_a_step_that_is_left_out_takes_no_time() -> None:
    made = graph({"copy": []}, copy={"skipped": True})

    assert expect(made, rehearsed(copy=[5_000])).steps["copy"].source is PlanSource.NOTHING


def volumed(ms: int, rows: int) -> dict[str, object]:
    """A rehearsal that copied so many rows of the one table in so many ms."""
    return {
        "durations": {"copy": ms, "check": 1_000},
        "rows": {"copy": rows},
        "tables": {"copy": ("flight",)},
        "volumes": {"flight": rows},
    }


def test_a_step_driven_by_volume_is_scaled_row_for_row() -> None:
    known = expect(chain("check", "copy"), [rehearsal(**volumed(10_000, 1_000))], {"flight": 50_000})

    assert median_ms(known.steps["copy"]) == pytest.approx(500_000)
    assert median_ms(known.steps["check"]) == 1_000


def test_the_further_the_volume_the_wider_the_spread() -> None:
    known = expect(chain("copy"), [rehearsal(**volumed(10_000, 1_000))], {"flight": 50_000})

    assert known.steps["copy"].spread == pytest.approx(FAR_SPREAD * math.log(50))


def test_rehearsals_of_about_the_volume_to_come_silence_the_small_ones() -> None:
    small, full = rehearsal("dev-1", **volumed(900, 10)), rehearsal("pre-1", **volumed(100_000, 100_000))

    one = expect(chain("copy"), [small, full], {"flight": 101_000}).steps["copy"]

    assert one.n == 1
    assert median_ms(one) == pytest.approx(101_000, rel=0.001)


def test_without_a_volume_to_come_durations_are_taken_as_they_are() -> None:
    assert median_ms(expect(chain("copy"), [rehearsal(**volumed(10_000, 1_000))]).steps["copy"]) == 10_000


def test_a_rehearsal_of_unknown_volume_counts_only_where_no_other_does() -> None:
    unknown = rehearsal("dev-1", **{**volumed(1_000, 10), "volumes": {}})
    known = rehearsal("dev-2", **volumed(10_000, 1_000))

    assert expect(chain("copy"), [unknown, known], {"flight": 1_000}).steps["copy"].n == 1
    assert expect(chain("copy"), [unknown], {"flight": 1_000}).steps["copy"].n == 1


def test_a_backup_is_driven_by_the_whole_volume() -> None:
    past = rehearsal(durations={"backup": 4_000}, rows={"backup": 500}, volumes={"flight": 100, "weather": 100})

    known = expect(chain("backup"), [past], {"flight": 300, "weather": 100})

    assert median_ms(known.steps["backup"]) == pytest.approx(8_000)


def test_only_a_rollback_that_was_proved_counts() -> None:
    proved = rehearsal("dev-1", undone={"copy": 2_000, "check": 0}, proof_ms=700)
    hoped = rehearsal("dev-2", undone={"copy": 9_000}, proof_ms=700, rollback_rehearsed=False)

    known = expect(chain("check", "copy"), [proved, hoped])

    assert median_ms(known.undo["copy"]) == 2_000
    assert known.undo["check"].source is PlanSource.NOTHING
    assert known.proof is not None and median_ms(known.proof) == 700


def test_a_step_without_effects_needs_no_rehearsed_way_back() -> None:
    known = expect(graph({"check": [], "copy": []}, check={"effects": False}), [])

    assert set(known.undo) == {"check"} and known.proof is None


def test_what_people_have_to_put_back_is_no_part_of_the_statistics() -> None:
    made = graph({"dns": [], "tell": []}, dns={"asks_people": True, "expect_ms": 60_000}, tell={"asks_people": True})

    known = expect(made, [rehearsal(undone={"dns": 3, "tell": 3})])

    assert (known.undo["dns"].source, known.undo["tell"].source) == (PlanSource.EXPECTED, PlanSource.PEOPLE)


def test_the_rehearsals_that_count_are_named() -> None:
    other = rehearsal("dev-9", durations={"copy": 1}, steps={"copy": "of another digest"})

    assert expect(chain("copy"), [*rehearsed(copy=[1_000]), other]).runs == ("dev-1",)


def test_it_is_kept_in_whole_numbers_and_read_again() -> None:
    known = expect(chain("check", "copy"), [rehearsal(undone={"copy": 2_000}, proof_ms=9, durations={"copy": 61_000})])

    again = expectations_of(known.plain())

    assert again.plain() == known.plain()
    assert again.runs == known.runs and again.steps["copy"].log_ms == pytest.approx(
        known.steps["copy"].log_ms, abs=1e-6
    )
    assert not _floats(known)


def _floats(known: Expectations) -> list[object]:
    def walk(value: object) -> list[object]:
        if isinstance(value, dict):
            return [found for one in value.values() for found in walk(one)]
        if isinstance(value, list):
            return [found for one in value for found in walk(one)]
        return [value] if isinstance(value, float) else []

    return walk(known.plain())
