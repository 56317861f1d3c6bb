"""The card of a rehearsal: what it has shown, and what it has not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from cutover.evidence.report import document, render
from cutover.model.event import Event
from cutover.model.injection import Fault, Injection
from cutover.model.run import fold
from cutover.model.status import EventKind
from tests.unit.evidence import runs


def card(events: Sequence[Event]) -> dict[str, tuple[str, str]]:
    return {point["what"]: (point["tone"], point["says"]) for point in document(events, chain_problems=[])["scorecard"]}


def rehearsed(events: Sequence[Event], *faults: Injection) -> list[Event]:
    """The same run as a rehearsal that was asked to go through faults."""
    injections = [one.plain() for one in faults]
    first = replace(events[0], data={**events[0].data, "mode": "rehearsal", "injections": injections})
    return [first, *events[1:]]


def struck(events: Sequence[Event], fault: Injection) -> list[Event]:
    """The fault strikes when its step begins for the first time."""
    begun = next(
        number for number, one in enumerate(events) if one.kind is EventKind.STEP_STARTED and one.step == fault.step
    )
    strike = replace(events[begun], kind=EventKind.INJECTED, data=fault.plain())
    return [*events[: begun + 1], strike, *events[begun + 1 :]]


def test_a_live_run_has_none() -> None:
    assert card(runs.went_live()) == {}
    assert "Scorecard" not in render(document(runs.went_live(), chain_problems=[]))


def test_a_rehearsal_that_came_to_its_end() -> None:
    told = card(rehearsed(runs.went_live()))

    assert told["Steps"] == ("good", "13 of 13 steps done")
    assert told["Reconciliation"][0] == "good" and "all equal" in told["Reconciliation"][1]
    assert told["Backups"] == ("good", "1 of 1 backup proved by restoring it elsewhere")
    assert told["Way back"] == ("warn", "not rehearsed in this run")
    assert told["People"] == ("good", "decided at go-no-go, open-to-users")
    assert told["Volume"][1].startswith("367,687 rows read from the source")


def test_a_drill_and_a_way_back_that_was_not_proved() -> None:
    assert card(rehearsed(runs.came_back(drill=True)))["Way back"][0] == "good"
    assert card(rehearsed(runs.came_back(proof=False)))["Way back"] == ("bad", "begun and not proved")


@pytest.mark.parametrize("fault", [Fault.KILL, Fault.LOSE, Fault.LOCK])
def test_a_fault_that_the_run_got_over(fault: Fault) -> None:
    one = Injection(fault=fault, step="copy-flights")
    told = card(struck(rehearsed(runs.went_live(), one), one))
    assert told[f"{fault}@copy-flights"][0] == "good"


def test_a_fault_that_did_not_strike_and_one_that_was_too_much() -> None:
    one = Injection(fault=Fault.KILL, step="copy-flights")
    assert card(rehearsed(runs.went_live(), one))["kill@copy-flights"][0] == "warn"

    events = struck(rehearsed(runs.went_live(), one), one)
    cut = events[: next(number for number, event in enumerate(events) if event.kind is EventKind.INJECTED) + 1]
    assert fold(cut).injected == {"copy-flights"}
    assert card(cut)["kill@copy-flights"][0] == "bad"


def test_the_card_stands_at_the_head_of_the_page() -> None:
    page = render(document(rehearsed(runs.went_live()), chain_problems=[]))
    assert page.index('id="scorecard"') < page.index('id="timeline"')
    assert 'href="#scorecard"' in page
