"""Rows from SQLite into a real PostgreSQL: what both can hold arrives as it left, and nothing else arrives at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import psycopg
import pytest

from cutover.dataplane.chunks import plan_chunks
from cutover.dataplane.database import Database, DatabaseBusy, DatabaseRefused, open_database
from cutover.dataplane.reading import read_rows
from cutover.redact import Secret
from tests.fixtures.databases import ask, fill
from tests.fixtures.mapping import Kept, copy_all, extract_all, mapping
from tests.fixtures.postgres import Server


@pytest.fixture
def pair(make_database: Callable[..., Database]) -> tuple[Database, Database]:
    return make_database("sqlite", "old"), make_database("postgresql")


def reflected(database: Database, table: str) -> dict[str, pl.DataType]:
    with database.connect() as connection:
        columns = database.dialect.columns(connection, table)
    return {column.name: column.dtype or pl.String() for column in columns}


NASTY = """
CREATE TABLE t (id INTEGER PRIMARY KEY, big INTEGER, f REAL, d NUMERIC, s TEXT, b BLOB, day TEXT, at TEXT, yes INTEGER);
INSERT INTO t VALUES
    (1, 9223372036854775807, 0.1, '12345.67', '', x'', '2026-02-28', '2026-03-29T01:30:00Z', 1),
    (2, -9223372036854775808, 1e-300, 5, 'a,"b"' || char(10) || '\\N\\.', x'00ff', '0001-01-01',
     '1900-01-01 00:00:00.000001+00:00', 0),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 0, -0.0, '-0.01', ' 𝄞 é ', x'96', '9999-12-31', '2026-10-25 03:30:00+02:00', 1);
"""


@pytest.mark.parametrize("extra", ["", ", note varchar(5)"], ids=["binary", "csv"])
def test_nasty_values_arrive_as_they_left(extra: str, pair: tuple[Database, Database]) -> None:
    """Both ways into PostgreSQL: COPY in binary, and in CSV where a type has no binary encoder."""
    old, new = fill(pair[0], NASTY), pair[1]
    number = "numeric(12, 2)" if extra else "double precision"
    fill(
        new,
        f"CREATE TABLE new_t (id int, big bigint, f float8, d {number}, s text, b bytea, day date, "
        f"at timestamptz, yes bool{extra})",
    )
    table = mapping("id", "big", "f", "d", "s", "b", "day", "at", "yes")

    count = copy_all(old, new, table, reflected(new, "new_t"))

    assert (count.loaded, count.quarantined) == (4, 0)
    dtypes = {name: dtype for name, dtype in reflected(new, "new_t").items() if name != "note"}
    (expected,) = extract_all(old, table, dtypes)
    with new.connect() as connection:
        found = read_rows(connection, new.dialect, table="new_t", dtypes=dtypes)
    assert found.sort("id").equals(expected.rows, null_equal=True)
    assert ask(new, "SELECT s, s IS NULL FROM new_t ORDER BY id")[0] == ("", False)


def test_case_22_a_nul_character_is_set_aside(pair: tuple[Database, Database]) -> None:
    """PostgreSQL cannot hold it: quarantined with key and column, neither stripped nor the end of its batch."""
    old, new = pair
    fill(
        old, "CREATE TABLE t (id INTEGER, s TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b' || char(0) || 'c'), (3, 'd')"
    )
    fill(new, "CREATE TABLE new_t (id int, s text)")
    kept = Kept()

    count = copy_all(old, new, mapping("id", "s"), reflected(new, "new_t"), kept=kept)

    assert kept.reasons == {"2": ("s:nul",)}
    assert count.balanced
    assert ask(new, "SELECT id FROM new_t ORDER BY id") == [(1,), (3,)]


def test_case_22_keys_that_the_target_cannot_hold_border_chunks(pair: tuple[Database, Database]) -> None:
    """Every row is a chunk of its own: NUL and bytes that are no UTF-8 stand in the ledger, in plan and in ranges."""
    old, new = pair
    fill(
        old,
        "CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('a'), ('a' || char(0) || 'b'), ('aa'), "
        "('a' || CAST(x'ff' AS TEXT)), ('é'), ('b')",
    )
    fill(new, "CREATE TABLE new_t (id text)")
    kept = Kept()

    count = copy_all(old, new, mapping("id", chunk_rows=1), reflected(new, "new_t"), kept=kept)

    assert sorted(kept.reasons.values()) == [("id:nul",), ("id:unreadable",)]
    assert (count.loaded, count.chunks, count.balanced) == (4, 6, True)
    with new.connect() as connection:
        key = new.dialect.key(connection, "new_t", "id")
        above = new.dialect.between(key, "a\0b", None)
        below = new.dialect.between(key, None, "a\udcff")
        assert new.dialect.count(connection, "new_t", above) == 3
        assert new.dialect.count(connection, "new_t", below) == 2


def test_case_28_three_rows_with_one_that_refers_to_nothing(pair: tuple[Database, Database]) -> None:
    old, new = pair
    fill(old, "CREATE TABLE t (id INTEGER, p INTEGER); INSERT INTO t VALUES (1, 7), (2, 8), (3, 7)")
    fill(new, "CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (7);")
    fill(new, "CREATE TABLE new_t (id int, p int CONSTRAINT p_there REFERENCES p)")
    kept = Kept()

    count = copy_all(old, new, mapping("id", "p"), reflected(new, "new_t"), kept=kept)

    assert kept.reasons == {"2": ("target:p_there",)}
    assert (count.loaded, count.quarantined) == (2, 1)


def test_case_28_one_bad_row_in_twenty_thousand(pair: tuple[Database, Database]) -> None:
    """A reason names the column, and never the value."""
    old, new = pair
    numbers = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 20000)"
    fill(old, f"CREATE TABLE t (id INTEGER, s TEXT); INSERT INTO t {numbers} SELECT i, nullif(i, 12345) FROM c")
    fill(new, "CREATE TABLE new_t (id int, s text NOT NULL)")
    kept = Kept()

    count = copy_all(old, new, mapping("id", "s", chunk_rows=20_000), reflected(new, "new_t"), kept=kept)

    assert kept.reasons == {"12345": ("target:NotNullViolation(s)",)}
    assert count.loaded == 19_999


def test_nothing_is_cut_or_rounded_by_the_target(pair: tuple[Database, Database]) -> None:
    """PostgreSQL itself would cut blanks, round decimals and drop parts of a second without a word."""
    old, new = pair
    fill(
        old,
        """
        CREATE TABLE t (id INTEGER, v TEXT, d TEXT, at TEXT, f TEXT);
        INSERT INTO t VALUES (1, 'abc', '1.5', '2026-01-01 00:00:00.5', '0.5'), (2, 'abc  ', NULL, NULL, NULL),
            (3, NULL, '1.55', NULL, NULL), (4, NULL, NULL, '2026-01-01 00:00:00.55', NULL),
            (5, NULL, NULL, NULL, '0.1');
        """,
    )
    fill(new, "CREATE TABLE new_t (id int, v varchar(3), d numeric(4, 1), at timestamp(1), f real)")
    judged = {"id": pl.Int64(), "v": pl.String(), "d": pl.Decimal(8, 3), "at": pl.Datetime("us"), "f": pl.Float64()}
    kept = Kept()

    copy_all(old, new, mapping("id", "v", "d", "at", "f"), judged, kept=kept)

    assert kept.reasons == {
        "2": ("v:longer than 3",),
        "3": ("d:does not fit numeric(4,1)",),
        "4": ("at:finer than timestamp(1) without time zone",),
        "5": ("f:does not fit real",),
    }


def test_types_that_polars_does_not_know_are_read_by_the_server(pair: tuple[Database, Database]) -> None:
    old, new = pair
    fill(
        old,
        """
        CREATE TABLE t (id INTEGER, u TEXT, j TEXT, i TEXT, n TEXT, e TEXT);
        INSERT INTO t VALUES (1, '6f0bdc2e-6a4b-4f4e-9f5b-0c7b4a3d2e1f', '{"a": 1}', '1 day', '1e500', 'happy'),
                             (2, 'no uuid', '{}', '1 day', '1', 'happy'), (3, NULL, '{}', '1 day', '1', 'cross');
        """,
    )
    fill(new, "CREATE TYPE mood AS ENUM ('happy');")
    fill(new, "CREATE TABLE new_t (id int, u uuid, j jsonb, i interval, n numeric, e mood)")
    kept = Kept()

    copy_all(old, new, mapping("id", "u", "j", "i", "n", "e"), reflected(new, "new_t"), kept=kept)

    assert kept.reasons == {
        "2": ("target:InvalidTextRepresentation(u)",),
        "3": ("target:InvalidTextRepresentation(e)",),
    }
    assert ask(new, "SELECT n = 10::numeric ^ 500, j ->> 'a' FROM new_t") == [(True, "1")]


def test_values_that_polars_cannot_hold_are_unreadable(make_database: Callable[..., Database]) -> None:
    """From PostgreSQL: infinity, a date before Christ, a numeric that is no number."""
    new = fill(
        make_database("postgresql"),
        """
        CREATE TABLE t (id int, d date, at timestamptz, n numeric(10, 2));
        INSERT INTO t VALUES (1, 'infinity', NULL, NULL), (2, '0044-03-15 BC', NULL, NULL),
                             (3, NULL, '-infinity', NULL), (4, NULL, NULL, 'NaN'),
                             (5, '2026-01-01', '2026-01-01 00:00:00+00', 1.5);
        """,
    )
    dtypes = {"id": pl.Int32(), "d": pl.Date(), "at": pl.Datetime("us", "UTC"), "n": pl.Decimal(10, 2)}

    (found,) = extract_all(new, mapping("id", "d", "at", "n"), dtypes)

    assert found.rows["id"].to_list() == [5]
    assert {row.key: row.reasons for row in found.bad} == {
        "1": ("d:unreadable",), "2": ("d:unreadable",), "3": ("at:unreadable",), "4": ("n:unreadable",)
    }  # fmt: skip
    assert found.bad[1].values["d"] == "0044-03-15 BC"


@pytest.mark.parametrize(
    ("source", "target"), [("postgresql", "postgresql"), ("postgresql", "sqlite"), ("sqlite", "sqlite")]
)
def test_other_pairs(source: str, target: str, make_database: Callable[..., Database]) -> None:
    old, new = make_database(source, "old"), make_database(target, "new")
    fill(old, "CREATE TABLE t (id BIGINT, s TEXT, f DOUBLE PRECISION, d DATE, n DECIMAL(8, 2))")
    fill(old, "INSERT INTO t VALUES (1, 'x', 0.1, '2026-01-01', 1.10), (2, NULL, NULL, NULL, NULL)")
    fill(new, "CREATE TABLE new_t (id BIGINT, s TEXT, f DOUBLE PRECISION, d DATE, n DECIMAL(8, 2))")

    count = copy_all(old, new, mapping("id", "s", "f", "d", "n", chunk_rows=1), reflected(new, "new_t"))

    assert (count.loaded, count.chunks) == (2, 2)
    row = ask(new, "SELECT id, s, f, CAST(d AS VARCHAR(10)), CAST(n * 100 AS INTEGER) FROM new_t WHERE id = 1")
    assert row == [(1, "x", 0.1, "2026-01-01", 110)]


def test_text_keys_of_both_sides_make_the_same_chunks(pair: tuple[Database, Database]) -> None:
    old, new = pair
    fill(old, "CREATE TABLE t (id TEXT COLLATE NOCASE)")
    fill(old, "INSERT INTO t VALUES ('a'), ('B'), ('Z'), ('z'), ('é'), ('10'), ('9'), (''), ('𝄞'), ('ﬀ')")
    fill(new, "CREATE TABLE new_t (id text)")
    table = mapping("id", chunk_rows=3)
    copy_all(old, new, table, {"id": pl.String()})

    for chunk in plan_chunks(old, table):
        with new.connect() as connection:
            key = new.dialect.key(connection, "new_t", "id")
            assert new.dialect.count(connection, "new_t", chunk.condition(new.dialect, key)) == chunk.rows


def test_a_wrong_password_is_final_and_not_printed(postgres: Server, new_database: Callable[[], str]) -> None:
    url = new_database().replace(postgres.password, "wr0ng-c4n4ry")

    with pytest.raises(DatabaseRefused, match="authentication failed") as told:
        open_database("new", Secret(url)).server_version()

    assert "c4n4ry" not in str(told.value)


def test_a_server_that_is_not_there_may_come_back() -> None:
    with pytest.raises(DatabaseBusy):
        open_database("new", Secret("postgresql+psycopg://u@127.0.0.1:1/d")).server_version()


def test_case_27_a_missing_right_is_known_before(postgres: Server, make_database: Callable[..., Database]) -> None:
    new = fill(
        make_database("postgresql"),
        "CREATE TABLE t (id int); CREATE ROLE reader_only; GRANT SELECT ON t TO reader_only",
    )
    try:
        with new.begin() as connection:
            new.dialect.query(connection, "SET ROLE reader_only")
            assert new.dialect.missing_rights(connection, "t") == (
                "insert",
                "delete",
                "create the schema cutover",
            )
    finally:
        fill(new, "DROP OWNED BY reader_only; DROP ROLE reader_only")


def test_a_lost_link_may_heal(make_database: Callable[..., Database], postgres: Server) -> None:
    """The server ends the session in the middle of a transaction."""
    new = make_database("postgresql")

    def cut_off() -> None:
        with new.begin() as connection:
            ((pid,),) = new.dialect.query(connection, "SELECT pg_backend_pid()")
            with psycopg.connect(new.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")) as other:
                other.execute("SELECT pg_terminate_backend(%s)", (pid,))
            new.dialect.query(connection, "SELECT 1")

    with pytest.raises(DatabaseBusy):
        cut_off()


def test_the_scripts_of_the_reference_project_run(make_database: Callable[..., Database]) -> None:
    new = make_database("postgresql")
    root = Path(__file__).parents[2] / "migrations"
    for name in ("schema", "constraints", "drop_constraints", "drop_schema"):
        fill(new, (root / f"{name}.sql").read_text())

    with new.connect() as connection:
        assert new.dialect.tables(connection) == ()
