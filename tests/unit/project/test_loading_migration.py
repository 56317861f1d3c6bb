"""Migrations: what each key becomes, and what does not fit together."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.model.migration import ColumnMapping, Migration, SignedException, TwoSides
from cutover.project import load_migrations
from cutover.project.problems import WrongFile
from tests.fixtures.shop import MIGRATION as SHOP
from tests.unit.project.made_up import MIGRATION, project, write


def loaded(root: Path, text: str) -> Migration:
    write(root, "validators/shop.py", "class Customer: ...\nclass Order: ...\n")
    write(root, "migrations/code.py", "def make(needs): ...\n")
    (migration,) = load_migrations(project(root, migration=text))
    return migration


def column(root: Path, text: str) -> ColumnMapping:
    mapped = loaded(root, MIGRATION + f"      made: {text}\n").table("customer").columns[1]
    assert (mapped.target, mapped.line) == ("made", 10)
    return mapped


def refused(root: Path, text: str) -> str:
    with pytest.raises(WrongFile) as caught:
        loaded(root, text)
    return f"{caught.value}\n{caught.value.hint}"


def test_the_shop(tmp_path: Path) -> None:
    migration = loaded(tmp_path, SHOP)
    order = migration.table("order")

    assert (migration.name, migration.source, migration.target) == ("shop", "old", "new")
    assert [table.table for table in migration.tables] == ["customer", "order"]
    assert (order.source, order.source_key, order.target_key) == ("orders", "id", "order_id")
    assert (order.wave_by, order.wave_target, order.chunk_rows) == ("country", "country", 400)
    assert (order.validator, order.quarantine_at_most, order.line) == ("shop.py:Order", 5, 16)
    assert order.path == migration.path == tmp_path / "migrations/shop.yaml"


def test_a_signed_exception(tmp_path: Path) -> None:
    assert loaded(tmp_path, SHOP).table("order").exclude == (
        SignedException(
            id="X-1",
            when="customer NOT IN (SELECT code FROM customers)",
            reason="orders of customers that were deleted before 2020",
            signed_by="owner",
            signed_on="2026-11-02",
            at_most=5,
            line=30,
        ),
    )


def test_a_control_total(tmp_path: Path) -> None:
    (total,) = loaded(tmp_path, SHOP).table("order").totals

    assert total.name == "orders and money by country and state"
    assert [one.name for one in total.by] == ["country", "state"]
    assert total.measures[0] == TwoSides(name="orders", source="count(*)", target="count(*)")


def test_defaults_of_a_table(tmp_path: Path) -> None:
    table = loaded(tmp_path, MIGRATION).table("customer")

    assert (table.validator, table.wave_by, table.wave_target) == (None, None, None)
    assert (table.exclude, table.totals, table.quarantine_at_most, table.chunk_rows) == ((), (), 0, 50_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name", {"source": "name"}),
        ("{from: name}", {"source": "name"}),
        ("{sql: upper(name)}", {"sql": "upper(name)"}),
        ("{value: 22:00}", {"has_value": True, "value": "22:00"}),
        ("{value: ''}", {"has_value": True, "value": ""}),
        ("{from: s, codes: {A: yes, B: no}}", {"source": "s", "codes": {"A": "yes", "B": "no"}}),
        (
            "{from: s, null_when: s = '?', reason: unknown, at_most: 0}",
            {"source": "s", "null_when": "s = '?'", "reason": "unknown", "at_most": 0},
        ),
        (
            "{python: code.py:make, needs: [a, b]}",
            {"python": "code.py:make", "needs": (("a", "a"), ("b", "b"))},
        ),
        (
            "{python: code.py:make, needs: {a: x, b: (SELECT 1)}}",
            {"python": "code.py:make", "needs": (("a", "x"), ("b", "(SELECT 1)"))},
        ),
    ],
)
def test_columns(tmp_path: Path, text: str, expected: dict[str, object]) -> None:
    assert column(tmp_path, text) == ColumnMapping(target="made", line=10, **expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{codes: {A: a}}", "says nowhere where the value comes from"),
        ("{from: a, sql: b}", "says it twice: from and sql"),
        ("{from: a, value: b}", "says it twice: from and value"),
        ("{python: code.py:make}", "key 'needs' is missing"),
        ("{from: a, needs: [b]}", "key 'needs' belongs to 'python'"),
        ("{value: a, codes: {A: a}}", "a fixed 'value' has neither"),
        ("{from: a, null_when: a = 1}", "key 'reason' is missing"),
        ("{from: a, reason: why}", "keys 'reason' and 'at_most' belong to 'null_when'"),
        ("{from: a, at_most: 3}", "keys 'reason' and 'at_most' belong to 'null_when'"),
        ("{from: a, at_mst: 3}", "key 'at_mst' is not known\ndid you mean 'at_most'?"),
        ("{from: a, codes: {}}", "'codes' must not be empty"),
        ("{python: code.py, needs: [a]}", "'python' must be file.py:name, not 'code.py'"),
        ("{python: code.py:make, needs: [a, a]}", "'needs' names a column twice"),
        ("{python: cod.py:make, needs: [a]}", "'python': file 'migrations/cod.py' is not there\nfiles there: code.py"),
        ("{python: ../code.py:make, needs: [a]}", "file '../code.py' is outside of the folder migrations/"),
        ("[a]", "'made' must be keys with values, not a list"),
        ("", "key 'made' has no value"),
    ],
)
def test_columns_that_do_not_fit_together(tmp_path: Path, text: str, said: str) -> None:
    told = refused(tmp_path, MIGRATION + f"      made: {text}\n")

    assert told.startswith("migrations/shop.yaml:10: tables.customer")
    assert said in told


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "chunk_rows: 400",
            "chunk_rows: many",
            "shop.yaml:21: tables.order: 'chunk_rows' must be a whole number, not 'many'",
        ),
        ("chunk_rows: 400", "chunk_rows: 0", "shop.yaml:21: tables.order: 'chunk_rows' must be at least 1, not '0'"),
        (
            "key: {source: id, target: order_id}",
            "key: {source: id, target: oid}",
            "shop.yaml:18: tables.order: key 'oid' is not",
        ),
        (
            "signed_on: 2026-11-02",
            "signed_on: soon",
            "shop.yaml:34: tables.order.exclude.X-1: 'signed_on' must be a date like",
        ),
        ("        signed_by: owner\n", "", "shop.yaml:30: tables.order.exclude.X-1: key 'signed_by' is missing"),
        (
            "validator: shop.py:Order",
            "validator: shp.py:Order",
            "shop.yaml:19: tables.order: 'validator': file 'validators/shp.py'",
        ),
        (
            "validator: shop.py:Order",
            "validator: shop.py",
            "shop.yaml:19: tables.order: 'validator' must be file.py:name",
        ),
        ("to: new", "to: nwe", "shop.yaml:3: 'to': no environment has a database 'nwe'"),
        ("to: new", "to: old", "shop.yaml:3: 'from' and 'to' are the same database 'old'"),
        ("table: order\n", "table: customer\n", "shop.yaml:16: target table 'customer' is filled a second time"),
        ('target: "count(*)"}', 'target: "avg(x)"}', "'target' must be count(*) or sum(…), not 'avg(x)'"),
        ('target: "count(*)"}', 'target: "sum(a) + sum(b)"}', "'target' must be count(*) or sum(…)"),
        ('target: "count(*)"}', 'target: "sum(DISTINCT a)"}', "'target' must be count(*) or sum(…)"),
        ('target: "count(*)"}', 'target: "sum(a)"}', "counts on one side and adds up on the other"),
        ("migration: shop", "migration: shop\nmigratoin: x", "shop.yaml:2: key 'migratoin' is not known"),
    ],
)
def test_wrong_migrations(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in SHOP
    assert said in refused(tmp_path, SHOP.replace(before, after))


def test_a_target_table_has_one_mapping_in_the_whole_project(tmp_path: Path) -> None:
    write(tmp_path, "migrations/again.yaml", MIGRATION.replace("migration: shop", "migration: again"))

    assert "shop.yaml:5: target table 'customer' is filled a second time (first in migrations/again.yaml:5)" in refused(
        tmp_path, MIGRATION
    )


def test_signed_exceptions_have_ids_of_their_own(tmp_path: Path) -> None:
    exclude = SHOP[SHOP.index("      - id: X-1") : SHOP.index("    quarantine")]

    assert "signed exception 'X-1' is there a second time" in refused(tmp_path, SHOP.replace(exclude, exclude * 2))


def test_problems_of_all_files_are_told(tmp_path: Path) -> None:
    write(tmp_path, "migrations/a.yaml", "- wrong\n")
    told = refused(tmp_path, MIGRATION.replace("chunk", "x").replace("to: new", "to: nwe"))

    assert "migrations/a.yaml:1: a list stands" in told and "migrations/shop.yaml:3: 'to'" in told


def test_a_project_without_migrations_has_none(tmp_path: Path) -> None:
    made = project(tmp_path)
    (tmp_path / "migrations/shop.yaml").unlink()

    assert load_migrations(made) == ()
