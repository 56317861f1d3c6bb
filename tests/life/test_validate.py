"""The life of `validate`: it reads, says everything it found, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from cutover import points
from cutover.dataplane.fingerprint import fingerprint_database
from cutover.errors import Inconclusive, StepFailed
from cutover.model.outcome import Severity
from cutover.steps.validate import POINTS, Validate
from cutover.validation import ValidatorError
from tests.fixtures.till import EXCLUDED, QUARANTINED, ROWS, Till, make_till
from tests.life.till_context import TillContext

STEP = Validate(tables=("receipt",))


@pytest.fixture
def till(tmp_path: Path, new_database: Callable[[], str]) -> Till:
    return make_till(tmp_path, new_database())


@pytest.fixture(autouse=True)
def nobody_listens() -> Iterator[None]:
    yield
    points.listen(None)


def test_run(till: Till) -> None:
    ctx = TillContext(till, "validate")
    STEP.check(ctx)

    facts = STEP.run(ctx)
    STEP.verify(ctx)

    [table] = facts["tables"]
    assert table["table"] == "receipt" and table["rows"] == ROWS - EXCLUDED - QUARANTINED
    assert {"rule": "unique(receipt_id)", "kind": "unique", "failed": 0} in table["rules"]
    assert {"rule": "place in place(name)", "kind": "reference", "failed": 0} in table["rules"]
    assert all(rule["failed"] == 0 for rule in table["rules"])
    assert ctx.found == []


def test_run_twice_and_undo_say_the_same(till: Till) -> None:
    ctx = TillContext(till, "validate")

    assert STEP.run(ctx) == STEP.run(ctx)
    assert STEP.undo(ctx) == {} and STEP.undoable()


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point(till: Till, point: str) -> None:
    def die(reached: str) -> None:
        if reached == point:
            raise KeyboardInterrupt

    points.listen(die)
    with pytest.raises(KeyboardInterrupt):
        STEP.run(TillContext(till, "validate"))
    points.listen(None)

    assert STEP.run(TillContext(till, "validate"))["tables"][0]["rows"] == ROWS - EXCLUDED - QUARANTINED


def test_it_only_reads(till: Till) -> None:
    def world() -> object:
        with till.target.connect() as connection:
            return fingerprint_database(connection, till.target.dialect)

    before = world()

    STEP.run(TillContext(till, "validate"))

    assert world() == before and not Validate.effects


def test_every_broken_rule_is_a_finding_before_the_step_fails(till: Till) -> None:
    till.change("UPDATE receipt SET place = 'moon' WHERE receipt_id = 126")
    till.change("INSERT INTO receipt SELECT * FROM receipt WHERE receipt_id = 129")
    ctx = TillContext(till, "validate")

    with pytest.raises(StepFailed) as failed:
        STEP.run(ctx)

    assert str(failed.value) == (
        "rows break their rules: table 'receipt': 1 row breaks place:isin(['harbour', 'market', 'station']), "
        "and 2 more rules are broken"
    )
    assert [finding.check for finding in ctx.found] == [
        "validate place:isin(['harbour', 'market', 'station'])",
        "validate unique(receipt_id)",
        "validate place in place(name)",
    ]
    assert ctx.found[0].samples == (("126", "moon"),)
    assert {finding.step for finding in ctx.found} == {"validate-receipts"}


def test_a_warning_does_not_fail_the_step(till: Till) -> None:
    file = till.root / "validators/till.py"
    file.write_text(file.read_text().replace("ge=0)", "ge=0, lt=10, raise_warning=True)"))
    ctx = TillContext(till, "validate")

    facts = STEP.run(ctx)

    assert [finding.severity for finding in ctx.found] == [Severity.WARNING]
    assert sum(rule["failed"] for rule in facts["tables"][0]["rules"]) == ctx.found[0].count > 0


def test_plan_says_what_is_checked(till: Till) -> None:
    [action] = STEP.plan(TillContext(till, "validate"))

    assert action.says == "check 11 rules on table 'receipt'"
    assert STEP.says() == "check all rows of receipt against their rules"
    assert STEP.references().tables == ("receipt",)


def test_a_table_without_a_validator(till: Till) -> None:
    bare = replace(till, mapping=replace(till.mapping, validator=None))

    with pytest.raises(StepFailed, match="table 'receipt' has no validator"):
        STEP.check(TillContext(bare, "validate"))


def test_a_validator_that_does_not_import(till: Till) -> None:
    (till.root / "validators/till.py").write_text("import nowhere")

    with pytest.raises(ValidatorError, match="does not import"):
        STEP.check(TillContext(till, "validate"))


def test_a_table_that_nobody_fills(till: Till) -> None:
    with pytest.raises(StepFailed, match="no migration fills table 'nobody'"):
        Validate(tables=("nobody",)).check(TillContext(till, "validate"))


def test_a_table_that_is_gone_is_no_pass(till: Till) -> None:
    till.change("DROP TABLE place")

    with pytest.raises(Inconclusive):
        STEP.run(TillContext(till, "validate"))


def test_it_needs_a_table() -> None:
    with pytest.raises(ValidationError):
        Validate(tables=())
