"""Tables on terminals of several widths: nothing folded in the middle, nothing read as markup, no secret."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from cutover.app.planning import Plan, PlannedMoves
from cutover.cli import tables
from cutover.model.outcome import Action
from cutover.redact import Secret

WIDTHS = [60, 80, 110, 200]


def paper(width: int) -> Console:
    return Console(file=io.StringIO(), width=width, no_color=True, highlight=False)


def text(out: Console) -> str:
    return out.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def row(**more: str) -> dict[str, Any]:
    return {
        "run": "preproduction-12",
        "status": "rollback_stuck",
        "runbook": "Flights go live in one shot",
        "environment": "preproduction",
        "mode": "rollback drill",
        "began": "2026-11-25T12:52:16.363Z",
        "steps": "11 of 12",
        **more,
    }


def step(name: str = "copy-all", **more: Any) -> dict[str, Any]:
    return {
        "step": name,
        "status": "done",
        "attempts": 1,
        "took": "3 min 05 s",
        "detail": "",
        "waiting": False,
        "votes": [],
        **more,
    }


def run(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "run": "dev-1",
        "status": "paused",
        "runbook": "Shop",
        "environment": "dev",
        "mode": "rehearsal",
        "past_point_of_no_return": False,
        "reason": "",
        "steps": list(steps),
        "next": ["cutover resume dev-1"],
        **more,
    }


@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_of_runs_keeps_its_words_in_one_piece(width: int) -> None:
    out = paper(width)
    tables.show_runs([row()], out)

    for word in ("preproduction-12", "rollback stuck", "2026-11-25 12:52", "11 of 12"):
        assert word in text(out)
    assert "363Z" not in text(out)
    assert max(map(len, text(out).splitlines())) <= width


def test_at_110_columns_a_run_is_one_line() -> None:
    out = paper(110)
    tables.show_runs([row(run="dev-1", status="completed", mode="rehearsal")], out)

    (line,) = (line for line in text(out).splitlines() if "dev-1" in line)
    assert line.split("  ")[-1].strip() == "11 of 12" and "Flights go live in one shot" in line


def test_without_a_run_the_list_says_how_to_make_one() -> None:
    out = paper(110)
    tables.show_runs([], out)

    assert text(out) == "no run yet; `cutover rehearse RUNBOOK --env NAME` makes the first\n"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_run_keeps_the_words_of_its_steps_in_one_piece(width: int) -> None:
    detail = "gate waits for 1 go vote of owner (olivia, oscar): May the shop go live?"
    out = paper(width)
    tables.show_run(run(step("reconcile-everything", status="undo_skipped"), step("gate", detail=detail)), out)

    for word in ("reconcile-everything", "undo skipped", "3 min 05 s", "next: cutover resume dev-1"):
        assert word in text(out)
    assert set(detail.split()) <= set(text(out).split())
    assert max(map(len, text(out).splitlines())) <= width


def test_a_step_that_waits_for_a_person_says_so() -> None:
    """Its status is `ready`, and `waiting` is the word for a step whose turn has not come."""
    out = paper(110)
    tables.show_run(run(step("gate", status="ready", waiting=True), step("switch", status="waiting")), out)

    lines = text(out).splitlines()
    assert any("gate" in line and "asks a person" in line for line in lines)
    assert any("switch" in line and "waiting" in line for line in lines)


def test_past_the_point_of_no_return_is_said() -> None:
    out = paper(110)
    tables.show_run(run(past_point_of_no_return=True), out)

    assert "past the point of no return" in text(out)


@pytest.mark.parametrize("width", [60, 110])
def test_case_58_a_secret_in_a_detail_is_not_shown(width: int) -> None:
    Secret("canary-of-the-tables").reveal()
    out = paper(width)
    tables.show_run(run(step(detail="password canary-of-the-tables refused")), out)

    assert "canary" not in text(out) and "refused" in text(out)


def plan(*steps: PlannedMoves) -> Plan:
    return Plan(
        runbook="[red]Shop[/red]",
        environment="dev",
        digest="sha256:0123456789abcdef",
        steps=steps,
        verdict=("may begin: dev [asks] for no rehearsals",),
        may_begin=True,
    )


def moves(*actions: Action, name: str = "copy-all", not_yet: str = "", last: bool = False) -> PlannedMoves:
    return PlannedMoves(
        step=name,
        kind="copy",
        says="copy",
        actions=actions,
        not_yet=not_yet,
        planned="3 min 05 s (rehearsed 2×)",
        point_of_no_return=last,
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_a_plan_says_what_would_be_done_and_what_takes_it_back(width: int) -> None:
    out = paper(width)
    tables.show_plan(plan(moves(Action(says="copy 300 rows", undo="delete them"), name="copy-the-flights")), out)

    for words in ("copy-the-flights", "copy 300 rows", "↩ delete them"):
        assert words in text(out)
    assert {"3", "min", "05", "s", "(rehearsed", "2×)"} <= set(text(out).split())
    assert max(map(len, text(out).splitlines())) <= width


def test_a_plan_names_the_point_of_no_return_and_what_cannot_be_said_yet() -> None:
    out = paper(110)
    tables.show_plan(plan(moves(name="check"), moves(name="open", not_yet="table is not there", last=True)), out)

    assert "nothing to do" in text(out)
    assert "point of no return" in text(out) and "table is not there" in text(out)


def test_a_long_list_shows_the_latest_and_says_how_many_it_left_out() -> None:
    out = paper(110)
    tables.show_runs([row(run=f"dev-{number}") for number in range(1, 8)], out, latest=3)

    assert "4 earlier runs left out: cutover status --all" in text(out)
    assert [word for word in text(out).split() if word.startswith("dev-")] == ["dev-5", "dev-6", "dev-7"]


def test_brackets_are_text_and_no_markup() -> None:
    evil = "[red]x[/red] [/] [link=https://example.org]y[/link]"
    out = paper(200)
    tables.show_plan(plan(moves(Action(says=evil, undo=evil), name="[bold]")), out)
    tables.show_runs([row(run="[dim]", runbook=evil)], out)
    tables.show_run(run(step("[bold]", detail=evil), runbook=evil, environment="[x]", next=[evil]), out)

    assert text(out).count(evil) == 6
    assert "[red]Shop[/red]" in text(out) and "[asks]" in text(out)
    assert text(out).count("[bold]") == 2 and "[dim]" in text(out)
