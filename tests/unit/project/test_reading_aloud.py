"""The plan as sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.project import read_aloud
from cutover.project.reading_aloud import third_person
from tests.unit.project.made_up import KINDS, runbook, runbook_text
from tests.unit.project.places import at, several

BACK = "It can be undone; if it fails, the run rolls back."


def read(root: Path, text: str) -> list[str]:
    return read_aloud(runbook(root, text), KINDS)


def test_title_strategy_and_owner(tmp_path: Path) -> None:
    lines = read(tmp_path, runbook_text("a, say: {}", head="strategy: one-shot\nowner: cutover lead"))

    assert lines[0] == "Shop: strategy one-shot, 1 step. The cutover lead answers for it."


def test_waves_are_told(tmp_path: Path) -> None:
    head = "strategy: phased\nwaves: [{wave: north, value: N}, {wave: south, value: S}]\nowner: Ana"
    text = runbook_text("a, say: {}", head=head).replace("phase: Move", "phase: Move\n    for_each: wave")
    lines = read(tmp_path, text)

    assert lines[0] == "Shop: strategy phased in 2 waves, north (N), south (S), 2 steps. Ana answers for it."
    assert [line for line in lines if line.endswith("step:")] == ["Move north (N), 1 step:", "Move south (S), 1 step:"]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("a, say: {}", "1. Say hello. It changes nothing; if it fails, the run rolls back."),
        ("a, change: {in: old}, by: dba", f"1. The dba changes old. {BACK}"),
        ("a, change: {}, expect: 90 s", f"1. Change something (expected 90 s). {BACK}"),
        ("a, say: {words: 'why?'}", "1. Say why? It changes nothing; if it fails, the run rolls back."),
        (
            "a, change: {}, if_it_fails: stop",
            "1. Change something. It can be undone; if it fails, the run stops and asks.",
        ),
    ],
)
def test_a_step_is_a_sentence_and_what_becomes_of_it(tmp_path: Path, step: str, said: str) -> None:
    assert read(tmp_path, runbook_text(step))[-1] == said


def test_the_point_of_no_return_is_said_loudly(tmp_path: Path) -> None:
    text = runbook_text("a, say: {}", "b, change: {undo: false}, by: dba, point_of_no_return: true", "c, change: {}")
    lines = read(tmp_path, text)

    assert lines[1].startswith("Until b begins, all that was done can be undone")
    assert lines[-2].startswith("2. POINT OF NO RETURN: ")
    assert lines[-2].endswith("The dba changes something. It cannot be undone; if it fails, the run stops and asks.")
    assert lines[-1] == "3. Change something. It can be undone; if it fails, the run stops and asks."


def test_a_runbook_that_can_always_come_back_says_so(tmp_path: Path) -> None:
    assert read(tmp_path, runbook_text("a, say: {}"))[1].startswith("There is no point of no return")


def test_how_long_it_should_take(tmp_path: Path) -> None:
    text = runbook_text("a, say: {}, expect: 100 s", "b, say: {}, expect: 25 s", "c, say: {}")

    assert read(tmp_path, text)[2] == "It should take 2 min 5 s, without 1 step that nobody can time."


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("back up old", "backs up old"),
        ("copy flight", "copies flight"),
        ("switch to new", "switches to new"),
        ("pass by", "passes by"),
        ("do it", "does it"),
        ("deploy x", "deploys x"),
        ("smoke test in new that x", "smoke-tests in new that x"),
        ("UPDATE statistics", "UPDATE statistics"),
        ("run", "runs"),
    ],
)
def test_instructions_become_what_somebody_does(phrase: str, said: str) -> None:
    assert third_person(phrase) == said


def in_places(root: Path, text: str, environment: str) -> list[str]:
    made = several(root, test="    variables: {site: leipzig}\n", production=PRODUCTION)
    return read_aloud(at(made, environment, text), KINDS, made.environments.get(environment))


PRODUCTION = "    variables: {site: berlin}\n    window: {days: [sat], from: 22:00, to: 04:00, zone: Europe/Berlin}\n"
WHERE = runbook_text(
    "a, say: {words: 'to {site}'}, when: {environment: test}",
    "b, say: {}, after: [], window: {from: 23:00, to: 24:00, zone: UTC}",
    "c, say: {}, after: [a, b]",
    head=(
        "strategy: one-shot\nparallel: 3\nhard_stop: {at: 04:00, zone: Europe/Berlin, floor: 15 min}\n"
        "variables: {site: text}\noverrides: {production: {b: {retry: {tries: 1}}}}"
    ),
)


def test_limits_and_conditions_are_told(tmp_path: Path) -> None:
    lines = in_places(tmp_path, WHERE, "")
    plain = "It changes nothing; if it fails, the run rolls back."

    assert "All must be over by 04:00 (Europe/Berlin), and the way back 15 min before that." in lines
    assert "Up to 3 steps run side by side." in lines and "{site} stands for 'leipzig'." in lines
    assert lines[-3:] == [
        f"1. Say to leipzig. {plain} It is carried out only when environment is 'test'.",
        f"2. Say hello. {plain} It waits for no other step. A live run begins it only from 23:00 to 24:00 (UTC).",
        f"3. Say hello. {plain} It comes after a and b.",
    ]


def test_a_runbook_as_it_is_in_an_environment(tmp_path: Path) -> None:
    lines = in_places(tmp_path, WHERE, "production")

    assert "In production {site} stands for 'berlin'." in lines
    assert "In production b has retry.tries 1 instead of 3." in lines
    assert "In production a go-live only begins sat from 22:00 to 04:00 (Europe/Berlin)." in lines
    assert lines[-3].endswith("LEFT OUT in production: only when environment is 'test', and it is 'production'.")


def test_a_rehearsal_leaves_nothing_out_and_waits_for_no_window(tmp_path: Path) -> None:
    lines = in_places(tmp_path, WHERE, "test")

    assert not any("LEFT OUT" in line or "begin" in line for line in lines[3:])
