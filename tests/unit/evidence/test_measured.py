"""What a rehearsal measured, and what it did not: work without waits, ways back of what was whole, rows."""

from __future__ import annotations

import pytest

from cutover.evidence import measured
from cutover.evidence.data_sections import StepFacts
from cutover.evidence.ledger import rehearsal
from cutover.evidence.reading import read
from cutover.model.rehearsal import Rehearsal
from cutover.model.status import EventKind as E
from tests.unit.evidence import facts, runs
from tests.unit.evidence.runs import Tape

STEPS = [runs.step("look", "check"), runs.step("copy", "copy"), runs.step("gate", "approve")]


def begun() -> Tape:
    tape = Tape("dev-1").created(STEPS, mode="rehearsal", environment="dev")
    tape.say(E.PROOF, moment="before", world=facts.world())
    tape.did("look", 0.4, checks=facts.checks())
    return tape


def back(tape: Tape, *steps: str, proof: float = 2.0) -> Tape:
    """Everything taken back; the check had no effects, and `steps` take three seconds each."""
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=False, drill=True, by=runs.BY)
    for step in steps:
        tape.undid(step, 3)
    tape.say(E.UNDO_SKIPPED, "look", reason="it changed nothing that must be put back")
    tape.say(E.PROOF, moment="after", world=facts.world(), seconds=proof)
    tape.say(E.ROLLED_BACK)
    return tape


def told(tape: Tape) -> Rehearsal:
    one = rehearsal(tape.events)
    assert one is not None
    return one


def test_every_try_counts_and_no_wait_does() -> None:
    """Three seconds until a lock timeout, two of waiting, nine and a half until it was done."""
    tape = begun()
    tape.begin("copy")
    tape.say(E.STEP_RETRYING, "copy", seconds=3, detail="lock timeout", code="CUT-301", wait_ms=2000)
    tape.say(E.STEP_STARTED, "copy", seconds=2)
    tape.say(E.STEP_VERIFYING, "copy", seconds=9)
    tape.say(E.STEP_DONE, "copy", seconds=0.5, facts={"tables": facts.flights()})
    runs.asked(tape, "gate", *runs.VOTES, hours=5)
    tape.say(E.RUN_COMPLETED)

    one = told(tape)

    assert one.tries["copy"] == (3_000, 9_500)
    assert one.durations["copy"] == 12_500
    assert one.durations["gate"] < 100


def test_a_step_that_was_halted_and_went_on_is_the_sum_of_both() -> None:
    tape = begun()
    tape.begin("copy")
    tape.say(E.STEP_HALTED, "copy", seconds=4, reason="pause")
    tape.say(E.RUN_PAUSED, reason="asked for")
    tape.ended("paused", 5, "paused")
    tape.attempt(seconds=3_600)
    tape.say(E.STEP_STARTED, "copy")
    tape.say(E.STEP_VERIFYING, "copy", seconds=6)
    tape.say(E.STEP_DONE, "copy", seconds=0.5, facts={"tables": facts.flights()})

    assert measured.tries_ms(read(tape.events))["copy"] == (4_000, 6_500)


def test_the_way_back_step_by_step_and_its_proof() -> None:
    one = told(back(begun().did("copy", 4, tables=facts.flights()), "copy"))

    assert one.undone == {"look": 0, "copy": 3_000}
    assert one.proof_ms == 2_000


def test_what_failed_half_way_says_nothing_of_taking_back_the_whole() -> None:
    tape = begun()
    tape.begin("copy")
    tape.say(E.STEP_FAILED, "copy", seconds=1, detail="no", code="CUT-530", hint="")

    assert told(back(tape, "copy")).undone == {"look": 0}


def test_an_undo_that_somebody_settled_by_hand_was_not_rehearsed() -> None:
    tape = begun().did("copy", 4, tables=facts.flights())
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=False, drill=True, by=runs.BY)
    tape.say(E.UNDO_STARTED, "copy")
    tape.say(E.UNDO_FAILED, "copy", seconds=1, detail="no", code="CUT-1", hint="")
    tape.say(E.UNDO_SKIPPED, "copy", reason="emptied by hand")
    tape.say(E.UNDO_SKIPPED, "look", reason="it changed nothing that must be put back")

    assert measured.undone_ms(read(tape.events)) == {"look": 0}


def test_a_world_that_is_not_as_before_proves_nothing() -> None:
    tape = begun()
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=False, drill=True, by=runs.BY)
    tape.say(E.UNDO_SKIPPED, "look", reason="it changed nothing that must be put back")
    tape.say(E.PROOF, moment="after", world=facts.world(changed=True))

    assert measured.proof_ms(read(tape.events)) is None


def test_the_proof_begins_with_the_process_that_makes_it() -> None:
    """The first process died after the last undo; nobody proved anything in the hour before the next."""
    tape = begun()
    tape.say(E.ROLLBACK_STARTED, reason="r", automatic=False, drill=True, by=runs.BY)
    tape.say(E.UNDO_SKIPPED, "look", reason="it changed nothing that must be put back")
    tape.attempt(seconds=3_600)
    tape.say(E.PROOF, moment="after", world=facts.world(), seconds=7)
    tape.say(E.ROLLED_BACK)

    assert 7_000 <= (told(tape).proof_ms or 0) < 7_100


def test_a_step_that_a_fault_was_injected_into_is_named() -> None:
    tape = begun()
    tape.begin("copy")
    tape.say(E.INJECTED, "copy", what="slow", times=3)

    assert measured.disturbed(read(tape.events)) == ("copy",)


def test_rows_of_every_kind_that_goes_through_rows() -> None:
    steps = [
        StepFacts(step="copy", kind="copy", facts={"tables": [*facts.flights(), *facts.weather()]}),
        StepFacts(step="rules", kind="validate", facts={"tables": [{"table": "flight", "rows": "329174"}]}),
        StepFacts(step="proof", kind="reconcile", facts={"tables": [{"table": "flight", "source_rows": 336776}]}),
        StepFacts(step="save", kind="backup", facts=facts.backup()),
        StepFacts(step="look", kind="check", facts={"checks": facts.checks()}),
    ]

    assert measured.rows(steps) == {
        "copy": 336776 + 26115,
        "rules": 329174,
        "proof": 336776,
        "save": 336776 + 26115,
    }
    assert measured.tables(steps) == {
        "copy": ("flight", "weather_observation"),
        "rules": ("flight",),
        "proof": ("flight",),
    }


def wave(name: str, rows: int) -> StepFacts:
    return StepFacts(step=f"copy-{name}", kind="copy", facts={"tables": [{"table": "flight", "extracted": rows}]})


def test_the_volume_of_a_table_is_that_of_all_its_waves() -> None:
    assert measured.volumes([wave("ewr", 120), wave("jfk", 110)]) == {"flight": 230}


def test_with_a_copy_missing_the_volume_is_not_known() -> None:
    assert measured.volumes([wave("ewr", 120), StepFacts(step="copy-jfk", kind="copy")]) == {}


def test_the_volume_beside_that_of_another_environment() -> None:
    tape = begun().did("copy", 4, tables=[*facts.flights(), *facts.weather()])
    tape.say(E.RUN_STOPPED, reason="enough")

    one = told(tape)

    assert one.volumes == {"flight": 336776, "weather_observation": 26115}
    assert one.volume_ratio({"flight": 673552, "booking": 9}) == 0.5
    assert one.volume_ratio({"flight": 336776, "weather_observation": 10**9}, ("flight",)) == 1.0
    assert one.volume_ratio({"booking": 9}) is None
    assert one.volume_ratio({"flight": 0}) is None


def validated(**table: object) -> StepFacts:
    return StepFacts(step="rules", kind="validate", facts={"tables": [{"table": "flight", "rows": 1, **table}]})


def test_columns_that_a_validator_judged() -> None:
    steps = [wave("ewr", 120), validated(columns=20, uncovered=["remarks"])]

    assert measured.coverage(steps) == (19, 20)


@pytest.mark.parametrize("steps", [[wave("ewr", 120)], [wave("ewr", 120), validated()], [validated(columns=20)]])
def test_what_was_not_validated_or_not_copied_is_not_covered(steps: list[StepFacts]) -> None:
    assert measured.coverage(steps) is None
