"""The life of `reconcile`: it reads both sides, says row by row what differs, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cutover import points
from cutover.dataplane.uniqueness import KeyNotUnique
from cutover.errors import Inconclusive, StepFailed
from cutover.model.migration import ControlTotal, TwoSides
from cutover.model.runbook import Wave
from cutover.steps.reconcile import POINTS, Reconcile
from tests.fixtures.till import EXCLUDED, QUARANTINED, ROWS, Till, make_till
from tests.life.till_context import TillContext

STEP = Reconcile(tables=("receipt",))
LOADED = ROWS - EXCLUDED - QUARANTINED


@pytest.fixture
def till(tmp_path: Path, new_database: Callable[[], str]) -> Till:
    return make_till(tmp_path, new_database())


@pytest.fixture(autouse=True)
def nobody_listens() -> Iterator[None]:
    yield
    points.listen(None)


def test_run(till: Till) -> None:
    ctx = TillContext(till, "reconcile")
    STEP.check(ctx)

    facts = STEP.run(ctx)
    STEP.verify(ctx)

    [table] = facts["tables"]
    assert table["source_digest"] == table["target_digest"]
    assert {name: table[name] for name in ("source_rows", "left_out", "target_rows")} == {
        "source_rows": ROWS,
        "left_out": EXCLUDED + QUARANTINED,
        "target_rows": LOADED,
    }
    assert [total["differing"] for total in facts["totals"]] == [0]
    assert facts["waves"] == [] and ctx.found == []
    assert (ctx.told[-1].done, ctx.told[-1].total) == (LOADED, LOADED)


def test_run_twice_and_undo_say_the_same(till: Till) -> None:
    ctx = TillContext(till, "reconcile")

    assert STEP.run(ctx) == STEP.run(ctx)
    assert STEP.undo(ctx) == {} and STEP.undoable() and not Reconcile.effects


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point(till: Till, point: str) -> None:
    def die(reached: str) -> None:
        if reached == point:
            raise KeyboardInterrupt

    points.listen(die)
    with pytest.raises(KeyboardInterrupt):
        STEP.run(TillContext(till, "reconcile"))
    points.listen(None)

    assert STEP.run(TillContext(till, "reconcile"))["tables"][0]["differing_chunks"] == 0


def test_a_difference_fails_with_one_sentence(till: Till) -> None:
    till.change("DELETE FROM receipt WHERE receipt_id = 129")
    till.change("UPDATE receipt SET note = note || ' ' WHERE receipt_id = 132")
    ctx = TillContext(till, "reconcile")

    with pytest.raises(StepFailed) as failed:
        STEP.run(ctx)

    assert str(failed.value) == (
        "source and target differ: table 'receipt': 300 rows in the source, less 3 excluded and 2 quarantined, "
        "should be 295 in the target, which has 294, and 3 more findings"
    )
    assert [(finding.check, finding.count) for finding in ctx.found] == [
        ("reconcile counts", 1),
        ("reconcile totals", 1),
        ("reconcile rows", 1),
        ("reconcile rows", 1),
    ]
    assert ctx.found[2].says == "1 row of the source is missing, the first has receipt_id 129"
    assert ctx.found[3].samples == (("132", "note", "'Note 54 Ünder'", "'Note 54 Ünder '"),)


def test_a_key_that_is_not_unique_is_said_and_not_compared(till: Till) -> None:
    with till.source.begin() as connection:
        connection.exec_driver_sql("UPDATE receipts SET id = 30 WHERE id = 33")

    with pytest.raises(KeyNotUnique, match=r"the key of 'receipts' is not unique: 30 \(2 rows\)"):
        STEP.check(TillContext(till, "reconcile"))


def test_counts_only(till: Till) -> None:
    till.change("UPDATE receipt SET note = '' WHERE receipt_id = 129")

    facts = Reconcile(tables=("receipt",), totals=False, fingerprints=False).run(TillContext(till, "reconcile"))

    assert facts["totals"] == [] and facts["tables"][0]["source_digest"] == ""
    with pytest.raises(StepFailed):
        STEP.run(TillContext(till, "reconcile"))


def test_waves_so_far_and_what_remains(till: Till) -> None:
    columns = tuple(
        replace(column, codes=None) if column.target == "place" else column for column in till.mapping.columns
    )
    waves = (Wave(name="harbour", value="H"), Wave(name="market", value="M"))
    file = till.root / "validators/till.py"
    file.write_text(file.read_text().replace('isin=["harbour", "market", "station"]', 'isin=["H", "M", "S"]'))
    till.change("DELETE FROM receipt WHERE place = 'station'")
    till.change("UPDATE receipt SET place = upper(left(place, 1))")
    moved = replace(till, mapping=replace(till.mapping, columns=columns, totals=()))
    with till.source.connect() as connection:
        keys = connection.exec_driver_sql("SELECT id FROM receipts WHERE place IN ('H', 'M')").scalars()
        moved = replace(moved, quarantined=till.quarantined & frozenset(map(str, keys)))

    facts = STEP.run(TillContext(moved, "reconcile", waves))

    assert facts["waves"] == [{"table": "receipt", "original": 300, "moved": 200, "remainder": 100, "balanced": True}]


def test_a_query_that_cannot_run_is_no_pass_and_no_failure(till: Till) -> None:
    measures = (TwoSides(name="rows", source="count(nobody)", target="count(*)"),)
    wrong = replace(till.mapping, totals=(ControlTotal(name="rows", by=(), measures=measures),))

    with pytest.raises(Inconclusive, match="table 'receipt' could not be compared"):
        STEP.run(TillContext(replace(till, mapping=wrong), "reconcile"))


def test_plan_says_what_is_compared(till: Till) -> None:
    [action] = STEP.plan(TillContext(till, "reconcile", (Wave(name="harbour", value="H"),)))

    assert action.says == "compare table 'receipt' with 'receipts'"
    assert action.detail == {"waves": "harbour"}
    assert STEP.says() == "compare counts, totals, every row of receipt with the source"
    assert Reconcile().says() == "compare counts, totals, every row of all tables with the source"
