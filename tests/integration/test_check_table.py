"""The same rules give the same counts in flight (Polars) and where the rows lie (SQL): PostgreSQL and SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

from cutover.dataplane.database import Database, open_database
from cutover.errors import Inconclusive, StepFailed
from cutover.redact import Secret
from cutover.validation import Contract, RuleKind, RuleResult, SchemaMismatch, check_table, split
from cutover.validation.compiling import compile_schema
from tests.fixtures.postgres import Server
from tests.unit.validation.made_up import KINDS, cases

C = pa.Check

COLUMNS = ", ".join(f"{name} {sql}" for name, (_, _, _, sql) in KINDS.items())


@pytest.fixture(scope="module")
def new(postgres: Server) -> Iterator[Database]:
    yield open_database("new", Secret(postgres.create("check_table")))
    postgres.drop("check_table")


@pytest.fixture
def databases(new: Database, tmp_path: Path) -> Iterator[dict[str, Database]]:
    """One of each kind, empty."""
    sqlite3.connect(tmp_path / "lite.db").close()
    lite = open_database("lite", Secret(f"sqlite:///{tmp_path / 'lite.db'}"))
    yield {"postgresql": new, "sqlite": lite}
    with new.autocommit() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: Any, databases: dict[str, Database]) -> Database:
    return databases[request.param]


def do(database: Database, *statements: str) -> None:
    with database.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def contract_of(columns: dict[str, pa.Column], metadata: dict[str, Any] | None = None, **more: Any) -> Contract:
    return compile_schema(pa.DataFrameSchema(columns, **more), "made.py:Made", metadata or {})


def checked(database: Database, contract: Contract, table: str = "t", **more: Any) -> list[RuleResult]:
    with database.connect() as connection:
        return check_table(connection, database.dialect, table, contract, **more)


def failed(database: Database, contract: Contract, table: str = "t") -> dict[str, int]:
    return {result.rule: result.failed for result in checked(database, contract, table) if result.failed}


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(case=cases(max_rows=8))
def test_polars_and_sql_agree(databases: dict[str, Database], case: tuple[pa.DataFrameSchema, pl.DataFrame]) -> None:
    schema, frame = case
    contract = compile_schema(schema, "made.py:Made", {})
    for name, database in databases.items():
        # SQLite has no "not a number": there it is no value at all.
        rows = frame if name == "postgresql" else frame.with_columns(pl.col("f").fill_nan(None))
        with database.begin() as connection:
            connection.exec_driver_sql("DROP TABLE IF EXISTS t")
            connection.exec_driver_sql(f"CREATE TABLE t ({COLUMNS})")
            database.dialect.write(connection, "t", rows)

        assert failed(database, contract) == split(contract, rows).counts, name


def test_a_key_that_is_there_twice(database: Database) -> None:
    """NULLs are never each other's double, as in SQL; Pandera would say so."""
    do(database, "CREATE TABLE t (a bigint, b text)")
    do(
        database,
        "INSERT INTO t VALUES (1, 'x'), (1, 'x'), (1, 'y'), (1, 'y'), (1, 'y'), (2, NULL), (2, NULL), (NULL, NULL)",
    )
    columns = {"a": pa.Column(pl.Int64, nullable=True), "b": pa.Column(pl.String, nullable=True)}

    [result] = checked(database, contract_of(columns, unique=["a", "b"]))

    assert (result.rule, result.kind, result.failed) == ("unique(a, b)", RuleKind.UNIQUE, 5)
    assert result.columns == ("a", "b", "rows")
    assert result.samples == (("1", "x", "2"), ("1", "y", "3"))


def test_references_of_one_and_several_columns_and_to_itself(database: Database) -> None:
    do(
        database,
        "CREATE TABLE parent (c bigint, d text)",
        "INSERT INTO parent VALUES (1, 'x'), (2, NULL)",
        "CREATE TABLE t (id bigint, a bigint, b text)",
        "INSERT INTO t VALUES (10, 1, 'x'), (11, 1, 'y'), (12, 1, 'y'), (13, 2, NULL), (14, NULL, 'x'), (15, 10, 'z')",
    )
    columns = {
        "id": pa.Column(pl.Int64),
        "a": pa.Column(pl.Int64, nullable=True),
        "b": pa.Column(pl.String, nullable=True),
    }
    metadata = {"references": {("a", "b"): ("parent", "c", "d"), "a": "t.id"}}

    results = checked(database, contract_of(columns, metadata))[-2:]

    assert [(result.rule, result.failed) for result in results] == [("a, b in parent(c, d)", 3), ("a in t(id)", 4)]
    assert results[0].samples == (("1", "y", "2"), ("10", "z", "1"))


def test_samples_have_the_key_and_the_value(database: Database) -> None:
    do(
        database,
        "CREATE TABLE t (id bigint PRIMARY KEY, a text)",
        "INSERT INTO t VALUES (3, 'bad'), (1, 'bad'), (2, 'x')",
    )
    contract = contract_of({"id": pa.Column(pl.Int64), "a": pa.Column(pl.String, C.eq("x", error="x"))})

    [result] = [one for one in checked(database, contract) if one.failed]

    assert result.columns == ("id", "a")
    assert result.samples == (("1", "bad"), ("3", "bad"))


def test_samples_are_few_and_the_count_is_whole(database: Database) -> None:
    do(database, "CREATE TABLE t (a bigint)", *[f"INSERT INTO t VALUES ({number})" for number in range(50)])
    odd = C(lambda data: data.lazyframe.select(pl.col("a").cast(pl.String).str.ends_with("x")), name="odd")

    results = checked(database, contract_of({"a": pa.Column(pl.Int64, [C.ge(100), odd])}), samples=3)

    assert [(result.failed, len(result.samples)) for result in results] == [(0, 0), (50, 3), (50, 3)]


def test_a_rule_of_the_table_is_judged_once_over_all_rows(database: Database) -> None:
    do(database, "CREATE TABLE t (a bigint)", *[f"INSERT INTO t VALUES ({number})" for number in (1, 2, 3)])
    total = C(lambda data: data.lazyframe.select(pl.col("a").sum() > 100), name="total")
    mean = C(lambda data: data.lazyframe.select(pl.col("a") <= pl.col("a").mean()), name="mean")

    results = checked(database, contract_of({"a": pa.Column(pl.Int64, [total, mean])}))

    assert [(result.rule, result.kind, result.failed) for result in results[1:]] == [
        ("a:total", RuleKind.TABLE, 1),
        ("a:mean", RuleKind.TABLE, 1),
    ]
    assert results[2].samples == (("3",),)


def test_a_warning_is_marked(database: Database) -> None:
    do(database, "CREATE TABLE t (a bigint)", "INSERT INTO t VALUES (1)")

    results = checked(database, contract_of({"a": pa.Column(pl.Int64, C.ge(10, raise_warning=True))}))

    assert [(result.failed, result.warns) for result in results] == [(0, False), (1, True)]


def test_a_column_that_is_not_there(database: Database) -> None:
    do(database, "CREATE TABLE t (a bigint)")

    with pytest.raises(SchemaMismatch, match="table 't' has no column 'b'"):
        checked(database, contract_of({"a": pa.Column(pl.Int64), "b": pa.Column(pl.Int64)}))


def test_a_table_that_is_not_there(database: Database) -> None:
    with pytest.raises(StepFailed, match="table 't' is not there"):
        checked(database, contract_of({"a": pa.Column(pl.Int64)}))


def test_a_query_that_the_database_refuses_is_no_pass(database: Database) -> None:
    do(database, "CREATE TABLE t (a bigint)")

    with pytest.raises(Inconclusive, match="could not be checked"):
        checked(database, contract_of({"a": pa.Column(pl.Int64)}, {"references": {"a": "nowhere.b"}}))


@pytest.mark.parametrize("table", ["order", "Mixed Case", "100%"])
def test_odd_names(database: Database, table: str) -> None:
    quoted = database.dialect.quote(table)
    do(database, f'CREATE TABLE {quoted.replace("%", "%%") if database.name == "new" else quoted} ("select" bigint)')
    with database.begin() as connection:
        database.dialect.write(connection, table, pl.DataFrame({"select": [1, 1, None]}))
    contract = contract_of({"select": pa.Column(pl.Int64, C.ge(2), unique=True)})

    assert failed(database, contract, table) == {
        "select:not_null": 1,
        "select:greater_than_or_equal_to(2)": 2,
        "unique(select)": 2,
    }


def test_what_only_postgresql_has(databases: dict[str, Database]) -> None:
    """Fixed-width texts, texts that know no case, arrays: nothing is pushed that would be judged differently."""
    new = databases["postgresql"]
    do(new, "CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE TABLE t (a char(5), m mood, u uuid)")
    do(new, "INSERT INTO t VALUES ('ab', 'ok', '00000000-0000-0000-0000-000000000001'), ('abcde', 'sad', NULL)")
    contract = contract_of(
        {
            "a": pa.Column(pl.String, C.str_length(exact_value=5, error="five")),
            "m": pa.Column(pl.String, C.isin(["ok"], error="ok")),
            "u": pa.Column(pl.String, C.str_endswith("1", error="one"), nullable=True),
        }
    )

    assert failed(new, contract) == {"a:five": 1, "m:ok": 1}


def test_a_table_that_is_read_in_pieces(databases: dict[str, Database], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutover.dataplane.reading.PIECE", 7)
    odd = C(lambda data: data.lazyframe.select(pl.col("a").cast(pl.String).str.ends_with("0")), name="odd")
    contract = contract_of({"a": pa.Column(pl.Int64, odd, unique=True, nullable=True)})
    for database in databases.values():
        do(database, "CREATE TABLE t (a bigint)", "INSERT INTO t VALUES (NULL), (NULL)")
        do(database, *[f"INSERT INTO t VALUES ({number})" for number in range(50)])

        assert failed(database, contract) == {"a:odd": 45}


@pytest.fixture
def in_other_schema(databases: dict[str, Database]) -> Iterator[Callable[[], Database]]:
    new = databases["postgresql"]
    do(new, "CREATE SCHEMA other", "CREATE TABLE other.t (a bigint)", "INSERT INTO other.t VALUES (1), (NULL)")
    yield lambda: new
    do(new, "DROP SCHEMA other CASCADE")


def test_a_table_of_another_schema(in_other_schema: Callable[[], Database]) -> None:
    assert failed(in_other_schema(), contract_of({"a": pa.Column(pl.Int64)}), "other.t") == {"a:not_null": 1}
