from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cutover.dataplane.database import Database
from cutover.model.migration import ControlTotal, IgnoredTable, Migration, TableMapping, TwoSides
from cutover.model.outcome import Severity
from cutover.reconciliation import forgotten
from tests.fixtures.databases import fill
from tests.fixtures.mapping import column, exception, mapping

Ask = Callable[..., list[str]]

LOAN = mapping("id", column("day", "lent"), table="loan", source="loans")


@pytest.fixture(params=["sqlite", "postgresql"])
def ask(request: pytest.FixtureRequest, make_database: Callable[..., Database]) -> Ask:
    old, new = make_database("sqlite", "old"), make_database(request.param)
    fill(old, "CREATE TABLE loans (id INTEGER PRIMARY KEY, lent TEXT)")
    fill(new, "CREATE TABLE loan (id bigint, day text)")

    def ask(
        old_too: str = "", new_too: str = "", table: TableMapping = LOAN, others: Any = (), ignore: Any = ()
    ) -> list[str]:
        fill(old, old_too)
        fill(new, new_too)
        migration = Migration(name="m", source="old", target="new", tables=(table,), ignore=ignore)
        found = forgotten(old, new, migration, others, ["loan"])
        assert {finding.severity for finding in found} <= {Severity.WARNING}
        assert all(finding.count == len(finding.samples) for finding in found)
        return [finding.says for finding in found]

    return ask


def test_nothing_is_forgotten(ask: Ask) -> None:
    assert ask() == []


def test_a_table_that_no_mapping_reads(ask: Ask) -> None:
    assert ask('CREATE TABLE fines (id INTEGER); CREATE TABLE "a.b" (id INTEGER)') == [
        "2 tables of 'old' read by no mapping: \"a.b\", fines"
    ]


def test_a_table_that_another_migration_reads(ask: Ask) -> None:
    other = Migration(name="o", source="old", target="x", tables=(mapping("id", table="fine", source="Fines"),))

    assert ask("CREATE TABLE fines (id INTEGER)", others=(other,)) == []


def test_a_table_that_is_looked_up(ask: Ask) -> None:
    looked = replace(LOAN, columns=(*LOAN.columns, column("who", sql="(SELECT name FROM readers r WHERE r.id = who)")))

    says = ask(
        "CREATE TABLE readers (id INTEGER, name TEXT); ALTER TABLE loans ADD COLUMN who INTEGER",
        "ALTER TABLE loan ADD COLUMN who text",
        table=looked,
    )

    assert says == []


def test_a_column_that_nothing_reads(ask: Ask) -> None:
    assert ask('ALTER TABLE loans ADD COLUMN note TEXT; ALTER TABLE loans ADD COLUMN "odd name" TEXT') == [
        "2 columns of 'loans' in 'old' read by nothing: note, odd name"
    ]


READ: list[dict[str, Any]] = [
    {"columns": (*LOAN.columns, column("day", python="f.py:f", needs=(("n", "note"),)))},
    {"columns": (*LOAN.columns, column("day", sql="upper(NOTE)"))},
    {"columns": (*LOAN.columns, column("day", "lent", null_when='"note" IS NULL', reason="x"))},
    {"exclude": (exception("X", "[note] = 1"),)},
    {"wave_by": "note"},
    {"totals": (ControlTotal(name="t", by=(), measures=(TwoSides(name="s", source="sum(note)", target="sum(x)"),)),)},
]


@pytest.mark.parametrize("fields", READ)
def test_a_column_that_something_reads(fields: dict[str, Any], ask: Ask) -> None:
    assert ask("ALTER TABLE loans ADD COLUMN note TEXT", table=replace(LOAN, **fields)) == []


def test_a_word_in_a_text_or_a_comment_reads_nothing(ask: Ask) -> None:
    table = replace(LOAN, exclude=(exception("X", "lent = 'note' -- note"),))

    assert len(ask("ALTER TABLE loans ADD COLUMN note TEXT", table=table)) == 1


def test_a_column_that_nothing_fills(ask: Ask) -> None:
    more = "ALTER TABLE loan ADD COLUMN note text; ALTER TABLE loan ADD COLUMN made text DEFAULT 'x'"

    assert ask(new_too=more) == ["1 column of 'loan' in 'new' filled by nothing: note"]


def test_what_is_left_out_on_purpose_is_silent(ask: Ask) -> None:
    table = replace(LOAN, ignore_columns={"note": "nobody wrote one", "remark": "comes later"})

    says = ask(
        "ALTER TABLE loans ADD COLUMN Note TEXT; CREATE TABLE fines (id INTEGER)",
        "ALTER TABLE loan ADD COLUMN remark text",
        table=table,
        ignore=(IgnoredTable(table="fines", reason="all are paid"),),
    )

    assert says == []


def test_a_reason_for_what_is_not_there(ask: Ask) -> None:
    table = replace(LOAN, ignore_columns={"nowhere": "a slip of the pen"})

    assert ask(table=table, ignore=(IgnoredTable(table="gone", reason="x"),)) == [
        "ignored in migration 'm', but not there in 'old': gone",
        "ignored, but neither in 'loans' nor in 'loan': nowhere",
    ]


def test_numbers_of_their_own_need_no_mapping(make_database: Callable[..., Database]) -> None:
    old = fill(make_database("sqlite", "old"), "CREATE TABLE loans (id INTEGER, lent TEXT)")
    new = fill(make_database("postgresql"), "CREATE TABLE loan (id bigint, day text, nr serial, "
               "seq bigint GENERATED ALWAYS AS IDENTITY, n bigint GENERATED ALWAYS AS (id * 2) STORED)")  # fmt: skip
    migration = Migration(name="m", source="old", target="new", tables=(LOAN,))

    assert forgotten(old, new, migration, [migration], ["loan"]) == []
