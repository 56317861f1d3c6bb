"""What a gate's facts read from a run's record, and that what cannot be told is never a yes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cutover.model.event import Event
from cutover.model.status import EventKind
from cutover.voting.facts import GateFact, Verdict, known, look
from tests.unit.evidence import facts
from tests.unit.evidence.runs import Tape, step

STEPS = [
    step("back-up", "backup"),
    step("prove", "restore_check"),
    step("copy", "copy"),
    step("validate", "validate"),
    step("reconcile", "reconcile"),
    step("gate", "approve"),
]
COPIED = [facts.table("airline", 16), facts.table("airport", 1458)]


def judged(table: str, columns: int, *uncovered: str) -> dict[str, Any]:
    return {"table": table, "rows": 1, "rules": [], "columns": columns, "uncovered": list(uncovered)}


def told(fact: str, tape: Tape, fits: Callable[[], str] | None = None) -> GateFact:
    (found,) = look([fact], tape.events, rollback_fits=fits)
    assert found.fact == fact and found.read
    return found


def run(**changes: Any) -> Tape:
    return Tape().created(STEPS, **changes)


def compared(*names: str, **more: Any) -> dict[str, Any]:
    return {"tables": [facts.compared(name, 10, **more) for name in names], "totals": [], "waves": []}


def test_reconciled() -> None:
    tape = run().did("copy", tables=COPIED).did("reconcile", **compared("airline", "airport"))

    found = told("reconciled", tape)
    assert (found.verdict, found.says, found.read) == (
        Verdict.YES, "2 tables equal to the source", "facts of reconcile",
    )  # fmt: skip


def test_a_difference_is_a_no() -> None:
    tape = run().did("copy", tables=COPIED).did("reconcile", **compared("airline", "airport", missing=1))

    found = told("reconciled", tape)
    assert (found.verdict, found.says) == (
        Verdict.NO, "'airline', 'airport' in the target is not what the source held",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("tape", "says"),
    [
        (run(), "nothing was reconciled before this gate"),
        (run().did("copy", tables=COPIED), "nothing was reconciled before this gate"),
        (
            run().did("copy", tables=COPIED).did("reconcile", **compared("airline")),
            "copied, and not reconciled since: 'airport'",
        ),
        (
            run().did("reconcile", **compared("airline", "airport")).did("copy", tables=COPIED),
            "copied, and not reconciled since: 'airline', 'airport'",
        ),
    ],
    ids=["nothing", "no reconciliation", "half", "before the copy"],
)
def test_what_was_not_reconciled_cannot_be_told(tape: Tape, says: str) -> None:
    found = told("reconciled", tape)

    assert (found.verdict, found.says) == (Verdict.INCONCLUSIVE, says)


@pytest.mark.parametrize(
    ("tape", "verdict", "says"),
    [
        (
            run().did("back-up", **facts.backup()).did("prove", **{**facts.restored(), "backup": "back-up"}),
            Verdict.YES,
            "1 backup restored elsewhere and equal",
        ),
        (
            run().did("back-up", **facts.backup()).did("prove", **{**facts.restored(equal=False), "backup": "back-up"}),
            Verdict.NO,
            "restored, and not the same: back-up",
        ),
        (run().did("back-up", **facts.backup()), Verdict.INCONCLUSIVE, "never restored: back-up"),
        (run(), Verdict.INCONCLUSIVE, "no backup was taken before this gate"),
    ],
)
def test_case_51_restore_proved(tape: Tape, verdict: Verdict, says: str) -> None:
    found = told("restore proved", tape)

    assert (found.verdict, found.says) == (verdict, says)


@pytest.mark.parametrize(
    ("fact", "uncovered", "verdict", "says"),
    [
        ("coverage >= 95 %", ("a",), Verdict.YES, "19 of 20 target columns stand in a validator (95 %)"),
        ("coverage ≥ 95%", ("a",), Verdict.YES, "19 of 20 target columns stand in a validator (95 %)"),
        (
            "coverage >= 95.5 %",
            ("a",),
            Verdict.NO,
            "19 of 20 target columns stand in a validator (95 %); not judged: airline.a",
        ),
        ("coverage >= 100 %", (), Verdict.YES, "20 of 20 target columns stand in a validator (100 %)"),
    ],
)
def test_coverage(fact: str, uncovered: tuple[str, ...], verdict: Verdict, says: str) -> None:
    tables = [judged("airline", 12, *uncovered), judged("airport", 8)]
    found = told(fact, run().did("copy", tables=COPIED).did("validate", tables=tables))

    assert (found.verdict, found.says) == (verdict, says)


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ([judged("airline", 12)], "copied, and not validated: 'airport'"),
        ([judged("airline", 12), {"table": "airport", "rules": []}], "copied, and not validated: 'airport'"),
        ([], "copied, and not validated: 'airline', 'airport'"),
    ],
)
def test_coverage_of_what_nobody_has_counted(tables: list[dict[str, Any]], says: str) -> None:
    found = told("coverage >= 95 %", run().did("copy", tables=COPIED).did("validate", tables=tables))

    assert (found.verdict, found.says) == (Verdict.INCONCLUSIVE, says)


def test_coverage_of_nothing() -> None:
    assert told("coverage >= 1 %", run()).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("stop", "fits", "verdict", "says"),
    [
        ("2026-11-24T22:00:00+00:00", lambda: "", Verdict.YES, "a rollback from here would end in time"),
        ("2026-11-24T22:00:00+00:00", lambda: "7 min too late", Verdict.NO, "7 min too late"),
        (
            "2026-11-24T22:00:00+00:00",
            None,
            Verdict.INCONCLUSIVE,
            "only the process that carries the run can tell",
        ),
        ("", lambda: "", Verdict.INCONCLUSIVE, "the runbook has no hard stop to be back by"),
    ],
)
def test_rollback_fits(stop: str, fits: Any, verdict: Verdict, says: str) -> None:
    found = told("rollback fits", run(hard_stop=stop), fits)

    assert (found.verdict, found.says) == (verdict, says)


def test_what_breaks_down_is_no_yes() -> None:
    def broken() -> str:
        raise ZeroDivisionError

    found = told("rollback fits", run(hard_stop="2026-11-24T22:00:00+00:00"), broken)
    assert (found.verdict, found.says) == (Verdict.INCONCLUSIVE, "it could not be looked at: ZeroDivisionError")


def test_a_step_that_was_taken_back_proves_nothing() -> None:
    tape = run().did("back-up", **facts.backup()).did("prove", **{**facts.restored(), "backup": "back-up"})
    tape.say(EventKind.ROLLBACK_STARTED, reason="because", automatic=False, drill=False)
    tape.undid("prove")

    assert told("restore proved", tape).verdict is not Verdict.YES


def test_without_a_record_nothing_is_so() -> None:
    events: list[Event] = []

    assert {fact.verdict for fact in look(["reconciled", "coverage >= 0 %"], events)} == {Verdict.INCONCLUSIVE}


@pytest.mark.parametrize("text", ["reconcilied", "", "coverage > 95 %", "coverage >= 101 %", "coverage >= 95"])
def test_a_fact_that_nobody_knows_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(ValueError, match="known are: reconciled, rollback fits, restore proved, coverage >= 95 %"):
        known(text)
