"""SQLite to SQLite: equal data gives no finding, and every kind of difference gives one with the right key."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from cutover.dataplane.dialects import NotSql
from cutover.errors import WrongInput
from cutover.model.migration import ColumnMapping, ControlTotal, TwoSides
from cutover.model.runbook import Wave
from cutover.reconciliation.totals import InexactTotal
from tests.fixtures.till import EXCLUDED, QUARANTINED, ROWS, Till, make_till


@pytest.fixture
def till(tmp_path: Path) -> Till:
    sqlite3.connect(tmp_path / "new.db").close()
    return make_till(tmp_path, f"sqlite:///{tmp_path / 'new.db'}")


def test_equal_data_gives_no_finding(till: Till) -> None:
    found = till.reconciled()

    assert found.findings == []
    facts = found.table_facts
    assert facts["source_rows"] == ROWS
    assert facts["left_out"] == EXCLUDED + QUARANTINED
    assert facts["target_rows"] == ROWS - EXCLUDED - QUARANTINED
    assert facts["source_digest"] == facts["target_digest"] != "0" * 32
    assert facts["chunks"] == 5 and facts["differing_chunks"] == 0


def test_control_totals_account_for_what_stayed_behind(till: Till) -> None:
    [total] = till.reconciled().total_facts

    assert total["groups"] == 84 and total["differing"] == 0
    assert total["measures"]["receipts"] == {"source": "300", "left_out": "5", "target": "295"}


@pytest.mark.parametrize("columns", [("note",), ("note", "amount", "weight")])
def test_swapped_values_are_two_changed_rows(till: Till, columns: tuple[str, ...]) -> None:
    """Sums and counts by column do not see this."""
    names = ", ".join(columns)
    with sqlite3.connect(till.root / "new.db") as connection:
        one, other = (
            connection.execute(f"SELECT {names} FROM receipt WHERE receipt_id = {key}").fetchone() for key in (129, 132)
        )
        marks = ", ".join(f"{name} = ?" for name in columns)
        connection.execute(f"UPDATE receipt SET {marks} WHERE receipt_id = 129", other)
        connection.execute(f"UPDATE receipt SET {marks} WHERE receipt_id = 132", one)

    diff = till.reconciled().compared.diff

    assert (diff.missing, diff.extra, diff.changed) == (0, 0, 2)
    assert {change[0] for change in diff.changes} == {"129", "132"}
    assert set(diff.columns) == set(columns)


def test_a_mass_of_differences_is_counted_and_its_first_rows_are_shown(till: Till) -> None:
    till.change("UPDATE receipt SET clerk = upper(clerk) WHERE clerk IS NOT NULL")
    till.change("DELETE FROM receipt WHERE void = 1")

    diff = till.reconciled().compared.diff

    assert diff.missing == 27
    assert diff.changed == 193
    assert len(diff.changes) == len(diff.missing_keys) == 20
    assert diff.missing_keys[:4] == ("-30", "3", "36", "69")


def test_the_source_may_be_empty_and_the_target_not(till: Till) -> None:
    till.change_source("DELETE FROM receipts")

    found = till.reconciled()

    assert found.compared.diff.extra == ROWS - EXCLUDED - QUARANTINED
    assert found.counts.source_rows == 0


def test_both_sides_may_be_empty(till: Till) -> None:
    till.change_source("DELETE FROM receipts")
    till.change("DELETE FROM receipt")

    found = replace(till, quarantined=frozenset()).reconciled()

    assert found.findings == []


def test_an_excluded_row_that_arrived_is_extra(till: Till) -> None:
    till.change("INSERT INTO receipt (receipt_id, clerk) VALUES (120, 'test')")

    found = till.reconciled()

    assert found.compared.diff.extra_keys == ("120",)
    assert not found.counts.balanced


def test_a_quarantined_row_that_arrived_is_extra(till: Till) -> None:
    [key, *_] = sorted(till.quarantined)
    till.change(f"INSERT INTO receipt (receipt_id) VALUES ({key})")

    assert till.reconciled().compared.diff.extra_keys == (key,)


def test_a_lost_row_that_nobody_quarantined_is_missing(till: Till) -> None:
    """The copy says it left a row behind; the quarantine does not have it."""
    forgotten = replace(till, quarantined=frozenset(sorted(till.quarantined)[1:]))

    found = forgotten.reconciled()

    assert found.compared.diff.missing_keys == (min(till.quarantined),)
    assert not found.counts.balanced


def test_a_quarantined_key_that_left_the_source_is_a_finding(till: Till) -> None:
    [key, *_] = sorted(till.quarantined)
    till.change_source(f"DELETE FROM receipts WHERE id = {key}")

    says = [finding.says for finding in till.reconciled().findings]

    assert "1 of 2 quarantined keys are not in the source any more" in says


def test_a_total_that_differs_names_its_groups(till: Till) -> None:
    till.change("UPDATE receipt SET amount = '0.00' WHERE receipt_id = 126")

    [finding] = [one for one in till.reconciled().findings if one.check == "reconcile totals"]

    assert finding.says == "total 'receipts and cents by place and day' differs in 1 of 84 groups"
    assert finding.columns == ("place", "day", "measure", "source", "left out", "target", "difference")
    assert finding.samples == (("market", "2026-01-25", "cents", "40908", "0", "35656", "5252"),)


def test_a_sum_of_floats_is_refused(till: Till) -> None:
    measures = (TwoSides(name="kilograms", source="sum(weight)", target="sum(weight)"),)
    mapping = replace(till.mapping, totals=(ControlTotal(name="weight", by=(), measures=measures),))

    with pytest.raises(InexactTotal, match="'kilograms' of total 'weight' gives"):
        till.reconciled(mapping=mapping)


def test_sql_that_is_none_is_told(till: Till) -> None:
    measures = (TwoSides(name="rows", source="count(*", target="count(*)"),)
    mapping = replace(till.mapping, totals=(ControlTotal(name="rows", by=(), measures=measures),))

    with pytest.raises(NotSql):
        till.reconciled(mapping=mapping)


def test_a_key_that_orders_differently_is_compared_in_one_piece(till: Till) -> None:
    """'10' comes before '9' as a text: ranges of one side would be no ranges of the other."""
    columns = (ColumnMapping(target="receipt_id", sql="CAST(id AS TEXT)"), *till.mapping.columns[1:])

    found = replace(till, quarantined=frozenset()).reconciled(
        mapping=replace(till.mapping, columns=columns, totals=(), exclude=(), chunk_rows=7)
    )

    assert found.compared.chunks == 1
    assert found.compared.diff.missing == EXCLUDED + QUARANTINED
    assert found.compared.diff.changed == 0


# Waves

WAVES = (Wave(name="harbour", value="H"), Wave(name="market", value="M"), Wave(name="station", value="S"))


@pytest.fixture
def coded(till: Till) -> Till:
    """The same till, whose target keeps the codes by which it moves."""
    columns = tuple(
        replace(column, codes=None) if column.target == "place" else column for column in till.mapping.columns
    )
    till.change("UPDATE receipt SET place = upper(substr(place, 1, 1))")
    contract = replace(till.contract, rules=())
    return replace(till, mapping=replace(till.mapping, columns=columns, totals=()), contract=contract)


def only(till: Till, *waves: Wave) -> Till:
    """The target holds only the rows of those waves, and quarantine theirs."""
    values = ", ".join(f"'{wave.value}'" for wave in waves)
    till.change(f"DELETE FROM receipt WHERE place NOT IN ({values})")
    with till.source.connect() as connection:
        keys = connection.exec_driver_sql(f"SELECT id FROM receipts WHERE place IN ({values})").scalars()
        mine = frozenset(map(str, keys))
    return replace(till, quarantined=till.quarantined & mine)


@pytest.mark.parametrize("moved", [1, 2, 3])
def test_after_each_wave_everything_adds_up(coded: Till, moved: int) -> None:
    found = only(coded, *WAVES[:moved]).reconciled(waves=WAVES[:moved])

    assert found.findings == []
    assert found.wave_facts == [
        {"table": "receipt", "original": 300, "moved": moved * 100, "remainder": 300 - moved * 100, "balanced": True}
    ]


def test_a_row_of_a_wave_that_has_not_moved(coded: Till) -> None:
    till = only(coded, *WAVES[:1])
    till.change("INSERT INTO receipt (receipt_id, place) VALUES (126, 'S')")

    found = till.reconciled(waves=WAVES[:1])

    assert "1 row in the target belongs to no wave that has moved" in [finding.says for finding in found.findings]
    assert found.wave_facts[0]["balanced"] is False


def test_a_row_without_a_wave_remains(coded: Till) -> None:
    coded.change_source("UPDATE receipts SET place = NULL WHERE id = 126")
    coded.change("DELETE FROM receipt WHERE receipt_id = 126")

    [facts] = coded.reconciled(waves=WAVES).wave_facts

    assert (facts["moved"], facts["remainder"], facts["balanced"]) == (299, 1, True)


def test_a_row_that_moved_to_another_wave_is_missing_and_extra(coded: Till) -> None:
    coded.change("UPDATE receipt SET place = 'S' WHERE receipt_id = 126")

    diff = coded.reconciled(waves=WAVES).compared.diff

    assert (diff.missing_keys, diff.extra_keys) == (("126",), ("126",))


def test_waves_without_a_target_column_are_refused(till: Till) -> None:
    with pytest.raises(WrongInput, match="moves in waves"):
        till.reconciled(waves=WAVES[:1], mapping=replace(till.mapping, wave_target=None))
