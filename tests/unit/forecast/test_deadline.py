"""The way back before the hard stop: start step i only if now + P90(i) <= hard stop − floor − P90(way back after i)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cutover.forecast.deadline import Situation, last_starts, may_begin, rollback_fits, way_back_p90_ms
from cutover.forecast.expecting import expect
from cutover.forecast.graph import Graph
from cutover.forecast.predicting import predict
from cutover.model.forecast import Deadline, Expectations
from tests.unit.forecast.worlds import NOW, chain, graph, rehearsal

MINUTE = 60_000
STOP = Deadline(hard_stop=NOW + timedelta(hours=2), floor_ms=10 * MINUTE)

MADE = graph(
    {"check": [], "copy": ["check"], "load": ["copy"], "open": ["load"], "smoke": ["open"]},
    check={"effects": False},
    open={"point_of_no_return": True},
    smoke={"effects": False},
)


def known(made: Graph = MADE, *, undone: dict[str, int] | None = None) -> Expectations:
    """Three nights that took the same; copy and load were taken back in 20 and 10 minutes, the proof took 2."""
    durations = {"check": MINUTE, "copy": 30 * MINUTE, "load": 10 * MINUTE, "open": MINUTE, "smoke": 5 * MINUTE}
    back = {"copy": 20 * MINUTE, "load": 10 * MINUTE} if undone is None else undone
    nights = [
        rehearsal(
            f"dev-{night}", durations=durations, undone=back, proof_ms=2 * MINUTE, steps=dict.fromkeys(durations, "")
        )
        for night in range(3)
    ]
    return expect(made, nights)


def situation(minutes: float, *begun: str, past: bool = False) -> Situation:
    return Situation(now=NOW + timedelta(minutes=minutes), begun=frozenset(begun), past_point_of_no_return=past)


def test_the_way_back_is_everything_that_has_begun_and_the_proof() -> None:
    took = way_back_p90_ms(MADE, known(), {"check", "copy", "load"})

    assert took is not None and 32 * MINUTE < took < 45 * MINUTE
    assert way_back_p90_ms(MADE, known(), set()) == 0


def test_undos_that_may_go_side_by_side_do() -> None:
    apart = graph({"copy": [], "load": []}, parallel=2)

    took, one_by_one = (way_back_p90_ms(made, known(made), {"copy", "load"}) for made in (apart, chain("copy", "load")))

    assert took is not None and one_by_one is not None and took < one_by_one - 5 * MINUTE


def test_it_fits_and_says_for_how_long() -> None:
    told = rollback_fits(MADE, known(), situation=situation(30, "check", "copy"), deadline=STOP)

    assert told.fits and told.rollback_p90_ms is not None
    assert told.minutes_left == pytest.approx(120 - 10 - 30 - told.rollback_p90_ms / MINUTE, abs=1)
    assert "taking back 2 steps" in told.says and "fits before the hard stop 2026-11-29 00:00 UTC" in told.says
    assert "with 10 min 00 s kept back" in told.says


def test_the_last_minute_counts_and_the_one_after_does_not() -> None:
    took = way_back_p90_ms(MADE, known(), {"copy"})
    assert took is not None
    last = STOP.hard_stop - timedelta(milliseconds=STOP.floor_ms + took)

    def at(moment: datetime) -> bool:
        place = Situation(now=moment, begun=frozenset({"copy"}))
        return rollback_fits(MADE, known(), situation=place, deadline=STOP).fits

    assert at(last) and not at(last + timedelta(milliseconds=1))


def test_too_late_is_said_with_how_much() -> None:
    told = rollback_fits(MADE, known(), situation=situation(115, "copy"), deadline=STOP)

    assert not told.fits and told.minutes_left is not None and told.minutes_left < 0
    assert "no longer fits before the hard stop" in told.says and "too late" in told.says


def test_a_way_back_that_was_never_rehearsed_does_not_count() -> None:
    told = rollback_fits(MADE, known(undone={"load": MINUTE}), situation=situation(0, "copy", "load"), deadline=STOP)

    assert not told.fits and told.minutes_left is None
    assert told.says == "the way back of 'copy' was never rehearsed and proved, so nobody knows whether it fits"


def test_many_steps_without_a_way_back_are_counted() -> None:
    steps = [f"s{number}" for number in range(9)]

    told = rollback_fits(chain(*steps), expect(chain(*steps), []), situation=situation(0, *steps), deadline=STOP)

    assert "'s4' and 4 more" in told.says


def test_what_people_have_to_put_back_is_named() -> None:
    made = graph({"copy": [], "dns": ["copy"]}, dns={"asks_people": True})

    told = rollback_fits(made, known(made), situation=situation(0, "copy", "dns"), deadline=STOP)

    assert told.fits and "taking back 2 steps, without the time that people need for 'dns', takes " in told.says


def test_without_a_hard_stop_everything_fits() -> None:
    assert rollback_fits(MADE, known(undone={}), situation=situation(0, "copy"), deadline=None).fits
    assert may_begin(MADE, known(), "copy", situation=situation(0), deadline=None, p90_ms=10**9).fits


def test_past_the_point_of_no_return_there_is_no_way_back() -> None:
    told = rollback_fits(MADE, known(), situation=situation(0, "open", past=True), deadline=STOP)

    assert not told.fits and told.says.startswith("past the point of no return")


def test_a_step_may_begin_while_it_and_its_way_back_fit() -> None:
    took = way_back_p90_ms(MADE, known(), {"check", "copy"})
    assert took is not None
    room = 120 - 10 - took / MINUTE - 33

    early = may_begin(MADE, known(), "copy", situation=situation(room - 1, "check"), deadline=STOP, p90_ms=33 * MINUTE)
    late = may_begin(MADE, known(), "copy", situation=situation(room + 1, "check"), deadline=STOP, p90_ms=33 * MINUTE)

    assert (early.fits, early.minutes_left) == (True, 1)
    assert (late.fits, late.minutes_left) == (False, -1)
    assert late.says.startswith("step 'copy' (33 min 00 s) and taking it all back (")


def test_a_step_whose_undo_nobody_rehearsed_may_not_begin() -> None:
    told = may_begin(MADE, known(undone={}), "copy", situation=situation(0), deadline=STOP, p90_ms=1)

    assert not told.fits and "'copy'" in told.says


def test_the_point_of_no_return_may_begin_while_the_rest_fits() -> None:
    begun = ("check", "copy", "load")

    early = may_begin(MADE, known(), "open", situation=situation(100, *begun), deadline=STOP, p90_ms=0)
    late = may_begin(MADE, known(), "open", situation=situation(106, *begun), deadline=STOP, p90_ms=0)

    assert early.fits and not late.fits and "the rest of the run from 'open' on" in late.says


def test_behind_it_everything_may_begin() -> None:
    assert may_begin(MADE, known(), "smoke", situation=situation(999, past=True), deadline=STOP, p90_ms=1).fits


def test_the_last_moment_of_every_step() -> None:
    facts = known()
    plan = predict(MADE, facts, now=NOW)

    found = {one.step: one for one in last_starts(MADE, facts, plan, deadline=STOP)}

    copy, load, turn, smoke = (found[step] for step in ("copy", "load", "open", "smoke"))
    assert copy.at is not None and load.at is not None and turn.at is not None
    took = way_back_p90_ms(MADE, facts, {"check", "copy"})
    own = plan.step("copy")
    assert own is not None and took is not None and copy.rollback_p90_ms == took
    assert copy.at == STOP.hard_stop - timedelta(milliseconds=STOP.floor_ms + took + own.p90_ms)
    assert turn.at > load.at and "rest" in turn.says
    assert smoke.at is None and smoke.says == "behind the point of no return"


def test_the_last_moment_is_the_one_at_which_it_may_still_begin() -> None:
    """`last_starts` and `may_begin` are the same rule."""
    facts = known()
    plan = predict(MADE, facts, now=NOW)
    load = {one.step: one for one in last_starts(MADE, facts, plan, deadline=STOP)}["load"]
    own = plan.step("load")
    assert load.at is not None and own is not None

    def at(moment: datetime) -> bool:
        place = Situation(now=moment, begun=frozenset({"check", "copy"}))
        return may_begin(MADE, facts, "load", situation=place, deadline=STOP, p90_ms=own.p90_ms).fits

    assert at(load.at) and not at(load.at + timedelta(milliseconds=1))


def test_without_a_rehearsed_way_back_there_is_no_last_moment() -> None:
    facts = known(undone={"load": MINUTE})

    found = {one.step: one for one in last_starts(MADE, facts, predict(MADE, facts, now=NOW), deadline=STOP)}

    assert found["check"].at is not None
    assert (found["copy"].at, found["copy"].missing, found["load"].missing) == (None, ("copy",), ("copy",))
