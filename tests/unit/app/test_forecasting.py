"""The forecast of a run under way, from its own events and a clock that is handed in; and whether it may go back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from cutover.app import forecasting
from cutover.app.forecasting import Asked, Outlook, asked_for, live, outlook, progress, watch
from cutover.app.workspace import Workspace
from cutover.errors import WrongInput
from cutover.evidence.words import iso
from cutover.forecast.planned import planned
from cutover.model.event import Event
from cutover.model.run import fold
from cutover.model.status import EventKind as E
from cutover.model.window import HardStop
from tests.unit.app.small import carried, prepared, small, taken_back
from tests.unit.evidence.runs import BY, Tape
from tests.unit.forecast.worlds import rehearsal

MINUTE = 60_000
BEGIN = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
STOP = HardStop(at=time(18, 0), zone="UTC", floor_s=600)

HEADS: tuple[dict[str, Any], ...] = (
    {"id": "look", "effects": False},
    {"id": "copy", "after": ["look"]},
    {"id": "load", "after": ["copy"]},
    {"id": "gate", "after": ["load"], "asks": ["owner"], "effects": False},
    {"id": "open", "after": ["gate"], "point_of_no_return": True},
)
NIGHTS = [
    rehearsal(
        f"dev-{night}",
        durations={"look": MINUTE, "copy": 30 * MINUTE, "load": 10 * MINUTE, "open": MINUTE},
        undone={"copy": 20 * MINUTE, "load": 5 * MINUTE},
        proof_ms=2 * MINUTE,
        steps=dict.fromkeys(("look", "copy", "load", "gate", "open"), ""),
    )
    for night in range(3)
]


def before(**changes: Any) -> Outlook:
    usual: dict[str, Any] = {"parallel": 1, "now": BEGIN, "stop": STOP}
    return outlook(HEADS, NIGHTS, {}, **{**usual, **changes})


def begun(mode: str = "live", told: Outlook | None = None) -> Tape:
    """A run that was made with that outlook and has an attempt."""
    told = told or before()
    return Tape().created(
        HEADS,
        mode=mode,
        planned={},
        parallel=1,
        forecast=told.recorded(),
        hard_stop=iso(told.deadline.hard_stop) if told.deadline else "",
        floor_ms=told.deadline.floor_ms if told.deadline else 0,
    )


def after(tape: Tape, minutes: float) -> datetime:
    return tape.now + timedelta(minutes=minutes)


def at(tape: Tape, minutes: float = 0, *, at_work: bool = True) -> Mapping[str, Any]:
    told = live(tape.events, fold(tape.events), after(tape, minutes), at_work=at_work)
    assert told is not None
    return told


# -- before it begins ----------------------------------------------------------------------------------


def test_the_hard_stop_is_the_next_one_after_the_beginning() -> None:
    told = before()

    assert told.deadline is not None
    assert (told.deadline.hard_stop, told.deadline.floor_ms) == (BEGIN.replace(hour=18), 10 * MINUTE)
    assert told.forecast.hard_stop == BEGIN.replace(hour=17, minute=50)  # what is kept back is not there to be used
    assert {one.step for one in told.last_starts()} == {head["id"] for head in HEADS}


def test_without_a_hard_stop_there_are_no_last_moments() -> None:
    assert before(stop=None).last_starts() == () and before(stop=None).forecast.chance is None


def test_what_is_promised_is_what_is_recorded() -> None:
    told = before()

    recorded = told.recorded()
    assert recorded["p90_end_ms"] == told.forecast.p90_ms and "steps" not in recorded
    assert planned(told.forecast)["copy"].ms == told.forecast.steps[1].p50_ms


def test_how_large_the_rehearsals_were_is_known_where_both_sides_were_counted() -> None:
    large = [replace(night, volumes={"flight": 900}) for night in NIGHTS[:1]]

    told = outlook(HEADS, [*large, *NIGHTS[1:]], {"flight": 1_000}, parallel=1, now=BEGIN, stop=None)

    assert told.volumes == {"dev-0": 0.9}


def test_another_beginning_and_another_hard_stop() -> None:
    told = asked_for(before(), Asked(begin="2026-11-28T23:00+01:00", hard_stop="05:00 Europe/Berlin"))

    assert told.deadline is not None
    assert told.forecast.now == datetime(2026, 11, 28, 22, 0, tzinfo=UTC)
    assert told.deadline.hard_stop == datetime(2026, 11, 29, 4, 0, tzinfo=UTC)
    assert (told.deadline.floor_ms, told.zone) == (10 * MINUTE, "Europe/Berlin")


def test_another_floor() -> None:
    told = asked_for(before(), Asked(floor_ms=0))

    assert told.deadline is not None and told.deadline.floor_ms == 0


@pytest.mark.parametrize(
    "asked",
    [
        Asked(begin="tonight"),
        Asked(begin="2026-11-28T23:00"),
        Asked(hard_stop="05:00 Nowhere/Land"),
        Asked(hard_stop="25:00 Europe/Berlin"),
        Asked(hard_stop="05:00"),
        Asked(hard_stop="2020-01-01T00:00+00:00"),
        Asked(begin="2027-01-01T00:00+00:00"),
    ],
)
def test_a_moment_that_is_none_or_lies_on_the_wrong_side(asked: Asked) -> None:
    with pytest.raises(WrongInput):
        asked_for(before(), asked)


# -- under way -----------------------------------------------------------------------------------------


def test_how_far_a_run_has_come() -> None:
    tape = begun().did("look", 60)
    tape.begin("copy")

    told = progress(tape.events, fold(tape.events), after(tape, 5))

    assert told.done.keys() == {"look"} and 60_000 <= told.done["look"] < 61_000
    assert told.going.keys() == {"copy"} and abs(told.going["copy"] - 5 * MINUTE) < 1_000


def test_where_nobody_is_at_work_nothing_has_gone_on() -> None:
    tape = begun()
    tape.begin("look")

    assert progress(tape.events, fold(tape.events), None).going["look"] < 1_000


def test_a_step_that_a_person_settled_says_nothing_of_the_pace() -> None:
    tape = begun()
    tape.begin("look")
    tape.say(E.STEP_FAILED, "look", seconds=5, detail="no", code="CUT-1", hint="")
    tape.say(E.SETTLED_DONE, "look", to="done", reason="looked at by hand", by=BY)

    told = progress(tape.events, fold(tape.events), after(tape, 0))

    assert told.done == {} and told.passed == {"look"} and told.going == {}


def test_the_end_moves_with_the_work_that_is_done() -> None:
    tape = begun().did("look", 60)
    tape.begin("copy")

    first, later = at(tape), at(tape, 20)

    assert first["p50_end_ms"] - later["p50_end_ms"] == pytest.approx(20 * MINUTE, rel=0.1)
    assert set(first["steps"]) == {"copy", "load", "gate", "open"}
    assert first["pace_permille"] == pytest.approx(1_000, abs=10)


def test_waiting_for_a_person_moves_the_end_and_not_the_work() -> None:
    tape = begun().did("look", 60)

    first, later = at(tape, at_work=False), at(tape, 90, at_work=False)

    assert first["p50_end_ms"] == later["p50_end_ms"]
    assert later["p50_end"] > first["p50_end"]


def test_a_slow_run_will_end_later_and_its_chance_falls() -> None:
    quick, slow = begun().did("look", 60).did("copy", 30 * 60), begun().did("look", 60).did("copy", 150 * 60)

    assert at(slow)["pace_permille"] > at(quick)["pace_permille"]
    assert at(slow)["p50_end_ms"] > at(quick)["p50_end_ms"]
    assert at(quick)["chance_permille"] == 1_000


def test_the_minutes_until_the_way_back_no_longer_fits_run_down() -> None:
    tape = begun().did("look", 60).did("copy", 30 * 60)

    first, later = at(tape)["rollback"], at(tape, 100)["rollback"]

    assert first["fits"] and first["minutes_left"] - later["minutes_left"] == 100
    assert not at(tape, 300)["rollback"]["fits"]


def test_what_is_taken_back_need_not_be_taken_back_again() -> None:
    tape = begun().did("look", 60).did("copy", 30 * 60).did("load", 10 * 60)
    whole = at(tape)["rollback"]["p90_ms"]
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=True, drill=False, by=BY)
    tape.undid("load", 60)

    told = at(tape)

    assert told["rollback"]["p90_ms"] < whole
    assert "p50_end" not in told  # forward, nothing is expected any more


def test_past_the_point_of_no_return_there_is_only_the_end() -> None:
    tape = begun().did("look", 60).did("copy", 1_800).did("load", 600).did("gate", 1)
    tape.say(E.POINT_OF_NO_RETURN, "open")

    assert not at(tape)["rollback"]["fits"] and at(tape)["steps"].keys() == {"open"}


def test_a_rehearsal_tells_when_it_ends_and_keeps_no_hard_stop() -> None:
    told = at(begun("rehearsal").did("look", 60))

    assert (told["hard_stop"], told["chance_permille"]) == (None, None) and told["p50_end_ms"] > 0


def test_a_run_that_is_over_or_kept_no_forecast_tells_nothing() -> None:
    tape = begun().did("look", 60)
    tape.say(E.RUN_STOPPED, reason="enough")
    older = Tape().created(HEADS)

    assert live(tape.events, fold(tape.events), tape.now, at_work=False) is None
    assert live(older.events, fold(older.events), older.now, at_work=True) is None
    assert watch(fold(older.events)) is None


# -- what the engine asks ------------------------------------------------------------------------------


class Clock:
    """A clock that stands where it is put."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def tick(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


class Written:
    """A journal that holds one run."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = tuple(events)

    def events(self, run: str, **only: object) -> tuple[Event, ...]:
        return self._events


def workspace_at(workspace: Workspace, tape: Tape, minutes: float) -> Workspace:
    return replace(workspace, journal=Written(tape.events), clock=Clock(after(tape, minutes)))  # type: ignore[arg-type]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small(tmp_path)


def test_it_fits_until_it_does_not(workspace: Workspace) -> None:
    tape = begun().did("look", 60).did("copy", 30 * 60)

    assert forecasting.rollback_fits(workspace_at(workspace, tape, 0), "production-1") == ""
    why_not = forecasting.rollback_fits(workspace_at(workspace, tape, 300), "production-1")
    assert "no longer fits before the hard stop 2026-11-24 18:00 UTC" in why_not


def test_a_step_may_begin_until_it_may_not(workspace: Workspace) -> None:
    tape = begun().did("look", 60)

    assert forecasting.may_begin(workspace_at(workspace, tape, 0), "production-1", "copy") == ""
    why_not = forecasting.may_begin(workspace_at(workspace, tape, 175), "production-1", "copy")
    assert why_not.startswith("step 'copy' (") and "too late" in why_not


@pytest.mark.parametrize("made", [begun("rehearsal"), begun(told=before(stop=None))], ids=["rehearsal", "no hard stop"])
def test_where_no_hard_stop_has_to_be_kept_everything_fits(workspace: Workspace, made: Tape) -> None:
    made.did("look", 60)

    assert forecasting.rollback_fits(workspace_at(workspace, made, 9_999), "production-1") == ""
    assert forecasting.may_begin(workspace_at(workspace, made, 9_999), "production-1", "copy") == ""


def test_a_hard_stop_without_a_forecast_is_not_taken_for_a_yes(workspace: Workspace) -> None:
    tape = Tape().created(HEADS, hard_stop="2026-11-24T18:00:00.000Z", floor_ms=0)

    for why_not in (
        forecasting.rollback_fits(workspace_at(workspace, tape, 0), "production-1"),
        forecasting.may_begin(workspace_at(workspace, tape, 0), "production-1", "copy"),
    ):
        assert why_not.startswith("the run keeps no forecast")


def test_a_real_run_keeps_all_that_is_needed(workspace: Workspace) -> None:
    """Made, carried and taken back for real: the next one knows how long each step and its way back take."""
    run = prepared(workspace, "dev")
    carried(workspace, run)
    taken_back(workspace, run)

    made = fold(workspace.journal.events(prepared(workspace, "test")))

    kept = made.created["forecast"]["expectations"]
    assert kept["steps"]["copy-items"]["source"] == "rehearsed" and kept["runs"] == ["dev-1"]
    assert kept["undo"]["copy-items"]["n"] == 1 and kept["proof"]["n"] == 1
    assert (kept["steps"]["gate"]["source"], kept["undo"]["notices"]["source"]) == ("people", "people")
    assert (made.created["hard_stop"], made.created["floor_ms"], made.created["parallel"]) == ("", 0, 1)
    assert made.created["planned"]["copy-items"]["p90_ms"] >= made.created["planned"]["copy-items"]["ms"]
    assert watch(made) is not None
