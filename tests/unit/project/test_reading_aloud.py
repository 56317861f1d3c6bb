"""The plan as sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.project import read_aloud
from cutover.project.reading_aloud import third_person
from tests.unit.project.made_up import KINDS, runbook, runbook_text

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
