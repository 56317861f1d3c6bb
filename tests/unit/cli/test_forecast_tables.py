"""The time to come on terminals of several widths: nothing folded that is a number, no more certainty than there is."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from cutover.app.forecasting import Asked, Outlook, asked_for, outlook
from cutover.cli.forecast_tables import Clock, about, bar, percent, show_live, show_outlook
from tests.unit.forecast.worlds import rehearsal

MINUTE = 60_000
BEGIN = datetime(2026, 11, 28, 22, 0, tzinfo=UTC)
HEADS: tuple[dict[str, Any], ...] = (
    {"id": "prove-backup-of-old", "effects": False},
    {"id": "copy-flights", "after": ["prove-backup-of-old"]},
    {"id": "dns", "after": ["copy-flights"], "asks": ["ops"], "expect_ms": 5 * MINUTE, "effects": False},
    {"id": "go-no-go", "after": ["dns"], "asks": ["owner"], "effects": False},
    {"id": "open-to-users", "after": ["go-no-go"], "asks": ["lead"], "point_of_no_return": True},
    {"id": "smoke-test", "after": ["open-to-users"], "effects": False},
)


def told(*, stop: str = "2026-11-29T05:00+01:00", undone: dict[str, int] | None = None, **more: Any) -> Outlook:
    durations = {"prove-backup-of-old": 31 * MINUTE, "copy-flights": 55 * MINUTE, "smoke-test": 4 * MINUTE}
    nights = [
        rehearsal(
            f"preproduction-{night}",
            durations=durations,
            undone={"copy-flights": 14 * MINUTE} if undone is None else undone,
            proof_ms=MINUTE,
            steps={str(head["id"]): "" for head in HEADS},
        )
        for night in range(3)
    ]
    there = outlook(HEADS, nights, {}, parallel=1, now=BEGIN, stop=None)
    return asked_for(there, Asked(hard_stop=stop, **more))


def shown(there: Outlook, width: int = 80) -> str:
    out = Console(file=io.StringIO(), width=width, no_color=True, highlight=False)
    show_outlook(there, there.last_starts(), out)
    return out.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def row(text: str, step: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.strip().startswith(step)]
    return [cell for cell in line.split("  ") if cell.strip()]


@pytest.mark.parametrize("width", [80, 96, 120])
def test_every_step_stands_in_one_line(width: int) -> None:
    text = shown(told(), width)

    for head in HEADS:
        assert row(text, str(head["id"]))
    assert max(map(cell_len, text.splitlines())) <= width


def test_with_room_it_says_when_a_step_begins() -> None:
    assert "starts P50" in shown(told(), 96) and "starts P50" not in shown(told(), 80)


def test_the_ends_the_hard_stop_and_the_chance() -> None:
    text = shown(told(floor_ms=30 * MINUTE), 100)

    assert "for a start at 2026-11-28 22:00 UTC" in text
    assert "from 3 rehearsals: preproduction-0, preproduction-1, preproduction-2" in text
    assert "expected end   2026-11-28 23:" in text and "(P50)" in text and "(P90) UTC" in text
    assert "hard stop      2026-11-29 04:00 UTC, 30 min of it kept back" in text
    assert "made in > 99.9 % of 4,000 draws" in text
    assert "people not counted" in text


def test_how_large_the_rehearsals_were_is_said() -> None:
    there = replace(told(), volumes={"preproduction-1": 0.123, "dev-9": 1.0})

    text = shown(there, 120)

    assert "preproduction-0, preproduction-1 (12% of the rows), preproduction-2" in text and "dev-9" not in text


def test_people_are_named_and_not_timed() -> None:
    assert row(shown(told()), "go-no-go")[1].strip() == "people"


def test_what_only_the_runbook_says_is_marked_and_named() -> None:
    text = shown(told())

    assert row(text, "dns")[1].strip() == "~5 min"
    assert "never rehearsed, only the runbook says how long: dns" in text


def test_the_point_of_no_return_has_a_last_moment_and_what_is_behind_it_has_none() -> None:
    text = shown(told())

    assert row(text, "open-to-users")[0].strip() == "open-to-users ⚑"
    assert ":" in row(text, "open-to-users")[-1]
    assert row(text, "smoke-test")[-1].strip() == "forward"


def test_a_way_back_that_was_never_rehearsed_is_said() -> None:
    text = shown(told(undone={"nothing": 1}))

    assert row(text, "copy-flights")[-1].strip() == "unproved"
    assert "unproved       way back never rehearsed and proved: copy-flights" in text


def test_where_nobody_knows_there_is_no_chance_to_tell() -> None:
    there = outlook(HEADS[:2], [], {}, parallel=1, now=BEGIN, stop=None)
    text = shown(asked_for(there, Asked(hard_stop="2026-11-29T05:00+01:00")), 120)

    assert "no rehearsal counts yet" in text and "not before" in text
    assert "nobody can say whether it is made" in text
    assert "neither rehearsed nor given an `expect`: prove-backup-of-old, copy-flights" in text


def test_without_a_hard_stop_there_is_no_last_moment() -> None:
    text = shown(outlook(HEADS, [], {}, parallel=1, now=BEGIN, stop=None))

    assert "last start" not in text and "hard stop" not in text


def test_a_name_is_text_and_no_markup() -> None:
    heads = [{"id": "[red]x[/red]"}]

    assert "[red]x[/red]" in shown(outlook(heads, [], {}, parallel=1, now=BEGIN, stop=None))


# -- under way -----------------------------------------------------------------------------------------


def live(**changes: Any) -> str:
    usual: dict[str, Any] = {
        "now": "2026-11-28T23:00:00.000Z",
        "zone": "Europe/Berlin",
        "hard_stop": "2026-11-29T04:00:00.000Z",
        "floor_ms": 30 * MINUTE,
        "rollback": {"fits": True, "minutes_left": 84, "p90_ms": 12 * MINUTE, "says": "fits"},
        "p50_end": "2026-11-29T00:12:00.000Z",
        "p90_end": "2026-11-29T00:41:00.000Z",
        "p50_end_ms": 72 * MINUTE,
        "p90_end_ms": 101 * MINUTE,
        "pace_permille": 1_120,
        "chance_permille": 974,
        "draws": 4_000,
        "not_rehearsed": [],
        "unknown": [],
    }
    out = Console(file=io.StringIO(), width=100, no_color=True, highlight=False)
    told = {name: value for name, value in {**usual, **changes}.items() if value != "gone"}
    show_live(told, out)
    return out.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_a_run_under_way() -> None:
    text = live()

    assert "expected end   2026-11-29 01:12 (P50), 01:41 (P90) Europe/Berlin" in text
    assert "1 h 12 min to 1 h 41 min of work left, people not counted, 12 % slower than rehearsed" in text
    assert "hard stop      2026-11-29 05:00 Europe/Berlin, 30 min of it kept back" in text
    assert "made in 97 % of 4,000 draws" in text
    assert "way back       fits for another 84 minutes" in text and "takes 12 min (P90), its proof included" in text


def test_before_the_first_effect_there_is_nothing_to_take_back() -> None:
    text = live(rollback={"fits": True, "minutes_left": 733, "p90_ms": 0, "says": "fits"})

    assert "fits for another 12 h 13 min" in text and "nothing is in place yet" in text


def test_when_only_people_are_left_no_work_is() -> None:
    assert "nothing left but what people do, as rehearsed" in live(p50_end_ms=0, p90_end_ms=0, pace_permille=1_000)


def test_a_way_back_that_no_longer_fits() -> None:
    text = live(rollback={"fits": False, "minutes_left": -3, "p90_ms": 1, "says": "it is 3 min 00 s too late"})

    assert "way back       it is 3 min 00 s too late" in text


def test_on_the_way_back_only_the_way_back_is_told() -> None:
    text = live(p50_end="gone", draws="gone")

    assert "expected end" not in text and "made in" not in text and "way back" in text


def test_without_a_hard_stop_only_the_end_is_told() -> None:
    text = live(hard_stop=None, pace_permille=1_005)

    assert "way back" not in text and "as rehearsed" in text


# -- the small things ----------------------------------------------------------------------------------


def test_a_bar_keeps_its_width_and_never_hides_something() -> None:
    assert [bar(share) for share in (0.0, 0.001, 0.5, 1.0)] == [" " * 8, "▏" + " " * 7, "████    ", "█" * 8]
    assert all(len(bar(share / 100, 5)) == 5 for share in range(101))


@pytest.mark.parametrize(
    ("share", "said"),
    [(1.0, "> 99.9 %"), (0.9985, "99.9 %"), (0.974, "97 %"), (0.5, "50 %"), (0.004, "0.4 %"), (0.0, "< 0.1 %")],
)
def test_a_chance_is_not_more_certain_than_its_draws(share: float, said: str) -> None:
    assert percent(share, 4_000) == said


def test_few_draws_say_less() -> None:
    assert (percent(1.0, 200), percent(0.0, 200)) == ("> 99 %", "< 1 %")


def test_seconds_that_nobody_can_foretell_are_left_out() -> None:
    assert [about(ms) for ms in (400, 95_000, 1_222_000, 3_600_000, 4_310_000)] == [
        *("0.40 s", "1 min 35 s", "20 min", "1 h 00 min", "1 h 12 min")
    ]


def test_a_clock_names_the_day_only_where_it_could_be_mistaken() -> None:
    clock = Clock("Europe/Berlin", BEGIN, BEGIN + timedelta(days=2))

    assert clock.time(BEGIN + timedelta(hours=3)) == "02:00"
    assert clock.time(BEGIN + timedelta(hours=25)) == "00:00 +2 d"


def test_short_runs_are_told_to_the_second() -> None:
    assert Clock("UTC", BEGIN, BEGIN + timedelta(minutes=1)).time(BEGIN) == "22:00:00"
