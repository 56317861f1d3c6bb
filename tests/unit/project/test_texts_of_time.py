"""Times of the day, zones, windows and hard stops as they are written: case 52 once more."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from cutover.model.window import HardStop, Weekday, Window
from cutover.project import load_project
from tests.unit.project.made_up import PROJECT, project, refusal, runbook, runbook_text, write

BERLIN = "zone: Europe/Berlin"
NIGHT = Window(days=(Weekday.SATURDAY, Weekday.SUNDAY), from_=time(22), to=time(4), zone="Europe/Berlin")


def window(root: Path, text: str) -> Window | None:
    return runbook(root, runbook_text(f"a, say: {{}}, window: {{{text}}}")).step("a").window


def wrong_window(root: Path, text: str) -> str:
    return refusal(root, runbook_text(f"a, say: {{}}, window: {{{text}}}"))


@pytest.mark.parametrize("quote", ["", '"'])
def test_case_52_times_are_read_as_text_with_or_without_quotes(tmp_path: Path, quote: str) -> None:
    text = f"days: [sun, sat], from: {quote}22:00{quote}, to: {quote}04:00{quote}, {BERLIN}"

    assert window(tmp_path, text) == NIGHT


def test_a_window_of_whole_days_and_to_the_end_of_a_day(tmp_path: Path) -> None:
    assert window(tmp_path, f"days: sun, {BERLIN}") == Window(days=(Weekday.SUNDAY,), zone="Europe/Berlin")
    assert window(tmp_path, f'from: "18:30", to: "24:00", {BERLIN}') == Window(
        from_=time(18, 30), to=time(0), zone="Europe/Berlin"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"from: 1:30, to: 04:00, {BERLIN}", "'from' must be a time of the day like 22:00 or 04:30, not '1:30'"),
        (f"from: 1320, to: 04:00, {BERLIN}", "'from' must be a time of the day like 22:00 or 04:30, not '1320'"),
        (f"from: 24:00, to: 04:00, {BERLIN}", "'from' must be a time of the day"),
        (f"from: 22:00:30, to: 04:00, {BERLIN}", "'from' must be a time of the day"),
        (f"from: 22:60, to: 04:00, {BERLIN}", "'from' must be a time of the day"),
        (f"from: 22:00, to: 25:00, {BERLIN}", "'to' must be a time of the day"),
        (f"from: ٢٢:00, to: 04:00, {BERLIN}", "'from' must be a time of the day"),
        (f"from: 22:00, {BERLIN}", "key 'to' is missing; without both the window is open the whole day"),
        (f"to: 22:00, {BERLIN}", "key 'from' is missing"),
        (f"from: 22:00, to: 22:00, {BERLIN}", "'from' and 'to' are the same time; leave both out for whole days"),
        (f"days: [], {BERLIN}", "'days' must not be empty"),
        (f"days: [sat, sunday], {BERLIN}", "must be 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun', not 'sunday'"),
        ("from: 22:00, to: 04:00", "key 'zone' is missing"),
        ("zone: Europe/Berln", "'zone' must be a time zone like Europe/Berlin, not 'Europe/Berln'; did you mean"),
        ("zone: +02:00", "'zone' must be a time zone like Europe/Berlin, not '+02:00'"),
        ("zone: localtime", "'zone' must be a time zone"),
        ("zone: ../../../etc/passwd", "'zone' must be a time zone"),
        (f"form: 22:00, {BERLIN}", "key 'form' is not known"),
        (f"form: 22:00, {BERLIN}", "did you mean 'from'?"),
    ],
)
def test_a_wrong_window(tmp_path: Path, text: str, said: str) -> None:
    told = wrong_window(tmp_path, text)

    assert said in told and told.startswith("runbooks/x.yaml:6: ")


def test_a_phase_has_a_window_for_the_steps_without_one(tmp_path: Path) -> None:
    phase = f"Move\n    window: {{days: [sat, sun], from: 22:00, to: 04:00, {BERLIN}}}"
    made = runbook(tmp_path, runbook_text("a, say: {}", "b, say: {}, window: {zone: UTC}", phase=phase))

    assert [step.window for step in made.steps] == [NIGHT, Window(zone="UTC")]


def hard_stop(text: str) -> str:
    return runbook_text("a, say: {}", head=f"strategy: one-shot\nhard_stop: {{{text}}}")


def test_a_hard_stop(tmp_path: Path) -> None:
    made = runbook(tmp_path, hard_stop(f"at: 04:00, {BERLIN}, floor: 15 min"))

    assert made.hard_stop == HardStop(at=time(4), zone="Europe/Berlin", floor_s=900.0)
    assert runbook(tmp_path, hard_stop(f"at: 18:00, day: sun, {BERLIN}")).hard_stop == HardStop(
        at=time(18), day=Weekday.SUNDAY, zone="Europe/Berlin"
    )
    assert runbook(tmp_path, runbook_text("a, say: {}")).hard_stop is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"at: 4:00, {BERLIN}", "'at' must be a time of the day"),
        (f"at: 04:00, {BERLIN}, floor: 15", "'floor' must be a duration like 20 s, 3 min, 2 h or 21 d, not '15'"),
        (f"at: 04:00, {BERLIN}, day: [sun]", "'day' must be"),
        ("at: 04:00", "key 'zone' is missing"),
        (BERLIN, "key 'at' is missing"),
    ],
)
def test_a_wrong_hard_stop(tmp_path: Path, text: str, said: str) -> None:
    told = refusal(tmp_path, hard_stop(text))

    assert said in told and "runbooks/x.yaml:3" in told


def test_an_environment_has_a_window_for_beginning(tmp_path: Path) -> None:
    text = PROJECT + f"    window: {{days: [sat, sun], from: 22:00, to: 04:00, {BERLIN}}}\n"

    assert project(tmp_path, text).environments["dev"].window == NIGHT
    write(tmp_path, "cutover.yaml", text.replace("22:00", "22.00"))
    with pytest.raises(Exception, match=r"cutover.yaml:9: environments.dev.window: 'from' must be a time of the day"):
        load_project(tmp_path, {})
