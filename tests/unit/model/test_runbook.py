"""What a step says of where and when it is carried out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cutover.model.project import Mode
from cutover.model.runbook import Runbook, StepSpec, Strategy, When
from cutover.model.window import Weekday, Window

WHEN = When(
    environments=("production", "preproduction"),
    modes=(Mode.LIVE,),
    strategies=(Strategy.ONE_SHOT,),
    variables={"site": ("berlin", "bonn")},
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


def why_not(
    when: When,
    *,
    environment: str = "production",
    mode: Mode = Mode.LIVE,
    strategy: Strategy = Strategy.ONE_SHOT,
    site: str = "berlin",
) -> str:
    return when.why_not(environment=environment, mode=mode, strategy=strategy, variables={"site": site})


def test_a_step_is_carried_out_when_all_that_is_named_holds() -> None:
    assert why_not(WHEN) == why_not(WHEN, site="bonn", environment="preproduction") == why_not(When(), site="x") == ""


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            why_not(WHEN, environment="test"),
            "only when environment is 'production' or 'preproduction', and it is 'test'",
        ),
        (why_not(WHEN, mode=Mode.REHEARSAL), "only when mode is 'live', and it is 'rehearsal'"),
        (why_not(WHEN, strategy=Strategy.PHASED), "only when strategy is 'one-shot', and it is 'phased'"),
        (why_not(WHEN, site="ulm"), "only when variable site is 'berlin' or 'bonn', and it is 'ulm'"),
        (
            When(variables={"x": ("1",)}).why_not(
                environment="", mode=Mode.LIVE, strategy=Strategy.PHASED, variables={}
            ),
            "only when variable x is '1', and it is ''",
        ),
    ],
)
def test_what_does_not_hold_is_the_reason(said: str, why: str) -> None:
    assert said == why


def test_a_runbook_answers_with_its_own_strategy_and_variables() -> None:
    step = StepSpec(id="a", kind="say", fields={}, when=When(variables={"site": ("berlin",)}))
    book = Runbook(name="x", path=Path("/x"), strategy=Strategy.ONE_SHOT, steps=(step,), variables={"site": "berlin"})

    assert book.why_skipped(step, environment="test", mode=Mode.REHEARSAL) == ""
    assert replace(book, variables={"site": "ulm"}).why_skipped(step, environment="test", mode=Mode.LIVE) != ""
    assert book.why_skipped(replace(step, when=None), environment="test", mode=Mode.LIVE) == ""


def test_only_the_night_that_counts_waits_for_its_window() -> None:
    night = Window(days=(Weekday.SATURDAY, Weekday.SUNDAY), from_=time(22), to=time(4), zone="Europe/Berlin")
    always = StepSpec(id="a", kind="say", fields={})
    step = replace(always, window=night)
    noon = at("2026-11-25T12:00")

    assert step.opens_later(mode=Mode.REHEARSAL, moment=noon) is None
    assert step.opens_later(mode=Mode.LIVE, moment=noon) == at("2026-11-28T22:00")
    assert step.opens_later(mode=Mode.LIVE, moment=at("2026-11-28T23:00")) is None
    assert always.opens_later(mode=Mode.LIVE, moment=noon) is None
