"""What every kind of database must do with keys, scripts and numbers that it gives out."""

# ruff: noqa: F811 — pytest gives a fixture to the parameter of its name
from __future__ import annotations

from datetime import UTC, datetime, time

import polars as pl
import pytest

from cutover.dataplane.database import Database, DatabaseRefused, open_database
from cutover.dataplane.dialects import NotSql
from cutover.redact import Secret
from tests.contract.things import BYTES, KINDS, TABLE, THINGS, database, read, thing, write  # noqa: F401
from tests.fixtures.databases import ask, fill


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_borders_cover_every_row_once(size: int, database: Database) -> None:
    """Groups neither overlap nor leave out a row, for negative keys and keys that occur more than once."""
    fill(database, "CREATE TABLE t (k BIGINT, v BIGINT)")
    keys = [-3, -3, 0, 5, 5, 5, 7, 2**60, None]
    write(database, "t", pl.DataFrame({"k": keys, "v": [1] * 9}, schema={"k": pl.Int64, "v": pl.Int64}))

    with database.connect() as connection:
        key = database.dialect.key(connection, "t", "k")
        groups = database.dialect.borders(connection, "t", key, rows=size)
        counted = [
            database.dialect.count(connection, "t", database.dialect.between(key, low, high)) for low, high, _ in groups
        ]

    assert counted == [rows for _, _, rows in groups]
    assert sum(counted) == 8


def test_text_keys_are_ordered_by_their_bytes(database: Database) -> None:
    """Both sides of a migration must agree, whatever the collation of a database or of a column."""
    collation = {"sqlite": "NOCASE", "postgresql": "pg_unicode_fast"}[database.dialect.name]
    fill(database, f"CREATE TABLE t (k VARCHAR(20) COLLATE {collation})")
    keys = ["a", "B", "é", "Z", "z", "", "a b", "ab", "10", "9", "𝄞", "\uffee"]
    write(database, "t", pl.DataFrame({"k": keys}))

    with database.connect() as connection:
        key = database.dialect.key(connection, "t", "k")
        groups = database.dialect.borders(connection, "t", key, rows=1)
        upper = database.dialect.count(connection, "t", database.dialect.between(key, "B", "Z"))

    assert [low for low, _, _ in groups] == sorted(keys, key=str.encode)
    assert upper == 2


def test_borders_of_some_rows(database: Database) -> None:
    fill(database, "CREATE TABLE t (k BIGINT, w TEXT)")
    write(database, "t", pl.DataFrame({"k": [1, 2, 3], "w": ["x", "X", "x"]}))

    with database.connect() as connection:
        key = database.dialect.key(connection, "t", "k")
        where = database.dialect.is_text("w", "x")
        assert database.dialect.borders(connection, "t", key, rows=10, where=where) == [(1, 3, 2)]


def test_a_number_is_compared_as_text_for_a_wave(database: Database) -> None:
    fill(database, "CREATE TABLE t (region BIGINT)")
    write(database, "t", pl.DataFrame({"region": [7, 70]}))

    with database.connect() as connection:
        assert database.dialect.count(connection, "t", database.dialect.is_text("region", "7")) == 1


def test_a_value_in_quotes_stays_a_value(thing: Database) -> None:
    evil = "x'; DROP TABLE thing; --"
    write(thing, "thing", THINGS.with_columns(name=pl.lit(evil)))

    with thing.connect() as connection:
        assert thing.dialect.count(connection, "thing", thing.dialect.is_text("name", evil)) == 3


def test_a_script_of_several_statements(database: Database) -> None:
    """Semicolons in texts and comments are no ends; a comment alone is no statement."""
    script = """
    -- first; not a statement
    CREATE TABLE t (a TEXT); /* ; */ INSERT INTO t VALUES ('x;y');
    INSERT INTO t VALUES ('it''s'); -- end
    """
    with database.begin() as connection:
        assert database.dialect.execute_script(connection, script) == 3

    assert ask(database, "SELECT a FROM t ORDER BY a") == [("it's",), ("x;y",)]


def test_a_script_is_all_or_nothing(database: Database) -> None:
    with pytest.raises(NotSql, match=r"^line 3: "), database.begin() as connection:
        database.dialect.execute_script(connection, "CREATE TABLE t (a INTEGER);\n\nINSERT INTO nowhere VALUES (1);")

    with database.connect() as connection:
        assert database.dialect.tables(connection) == ()


@pytest.mark.parametrize("word", ["COMMIT", "ROLLBACK", "BEGIN", "END"])
def test_a_script_must_not_end_its_transaction(word: str, database: Database) -> None:
    with pytest.raises(NotSql, match=f"line 2: {word} cannot stand"), database.begin() as connection:
        database.dialect.execute_script(connection, f"CREATE TABLE t (a INTEGER);\n{word};")

    with database.connect() as connection:
        assert database.dialect.tables(connection) == ()


def test_a_percent_sign_in_sql_is_itself(thing: Database) -> None:
    write(thing, "thing", THINGS)

    assert ask(thing, "SELECT count(*) FROM thing WHERE name LIKE '%quoted%'") == [(1,)]


def test_sql_that_is_none_is_told(thing: Database) -> None:
    with thing.connect() as connection, pytest.raises(NotSql, match="does not accept 'SELEC 1'"):
        thing.dialect.query(connection, "SELEC 1")


def test_types_of_expressions(thing: Database) -> None:
    """What a function sees must not depend on what stands in its chunk."""
    write(thing, "thing", THINGS)
    asked = ["id", "weight", "name", "(SELECT t2.name FROM thing t2 WHERE t2.id = thing.id)"]

    with thing.connect() as connection:
        assert thing.dialect.expression_dtypes(connection, "thing", asked) == [
            pl.Int64(), pl.Float64(), pl.String(), pl.String()
        ]  # fmt: skip


def test_emptying_follows_references(thing: Database) -> None:
    fill(thing, "CREATE TABLE part (id BIGINT, thing BIGINT REFERENCES thing (id))")
    write(thing, "thing", THINGS)
    write(thing, "part", pl.DataFrame({"id": [1], "thing": [1]}))

    with thing.begin() as connection:
        thing.dialect.lock(connection, ["part", "thing"])
        thing.dialect.empty(connection, ["part", "thing"])

    assert ask(thing, "SELECT (SELECT count(*) FROM part), (SELECT count(*) FROM thing)") == [(0, 0)]


def test_emptying_a_table_that_another_refers_to(thing: Database) -> None:
    fill(thing, "CREATE TABLE part (id BIGINT, thing BIGINT REFERENCES thing (id))")
    write(thing, "thing", THINGS)

    with thing.begin() as connection:
        thing.dialect.empty(connection, ["thing"])

    assert ask(thing, "SELECT count(*) FROM thing") == [(0,)]


NUMBERED = {
    "sqlite": "CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT)",
    "postgresql": "CREATE TABLE n (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text)",
}


def test_numbers_go_on_after_the_rows_and_can_be_put_back(database: Database) -> None:
    """The next row of the application collides with none; after the way back the same numbers are given out again."""
    fill(database, NUMBERED[database.dialect.name])
    with database.begin() as connection:
        before = database.dialect.sequences(connection, "n")
        database.dialect.write(connection, "n", pl.DataFrame({"id": [7, 1000], "v": ["a", "b"]}))
        database.dialect.advance_sequences(connection, "n", {})
    fill(database, "INSERT INTO n (v) VALUES ('next')")
    assert ask(database, "SELECT max(id) FROM n") == [(1001,)]

    with database.begin() as connection:
        database.dialect.empty(connection, ["n"])
        database.dialect.restore_sequences(connection, before)

    with database.connect() as connection:
        assert database.dialect.sequences(connection, "n") == before
    fill(database, "INSERT INTO n (v) VALUES ('first')")
    assert ask(database, "SELECT id FROM n") == [(1,)]


def test_a_generator_is_never_set_back(database: Database) -> None:
    fill(database, NUMBERED[database.dialect.name])
    write(database, "n", pl.DataFrame({"id": [1000], "v": ["a"]}))
    with database.begin() as connection:
        database.dialect.advance_sequences(connection, "n", {})
        database.dialect.delete(connection, "n")
        database.dialect.advance_sequences(connection, "n", {"id": 5})

    fill(database, "INSERT INTO n (v) VALUES ('next')")
    assert ask(database, "SELECT id FROM n") == [(1001,)]


def test_case_17_numbers_that_the_source_gave_out_are_not_used_again(database: Database) -> None:
    """The rows that had them may be gone."""
    fill(database, NUMBERED[database.dialect.name])
    write(database, "n", pl.DataFrame({"id": [7], "v": ["a"]}))
    with database.begin() as connection:
        database.dialect.advance_sequences(connection, "n", {"id": 5000})

    fill(database, "INSERT INTO n (v) VALUES ('next')")

    assert ask(database, "SELECT max(id) FROM n") == [(5001,)]
    with database.connect() as connection:
        (state,) = database.dialect.sequences(connection, "n")
    assert (state.column, state.last) == ("id", 5001)


def test_times_keep_their_microseconds(database: Database) -> None:
    types = {"sqlite": ("TIMESTAMP", "TIMESTAMPTZ", "TIME"), "postgresql": ("timestamp", "timestamptz", "time")}
    naive, zoned, clock = types[database.dialect.name]
    fill(database, f"CREATE TABLE t (a {naive}, b {zoned}, c {clock})")
    moment = datetime(2026, 10, 25, 1, 30, 0, 123456)  # noqa: DTZ001 — a time without a zone is the case
    frame = pl.DataFrame(
        {"a": [moment], "b": [moment.replace(tzinfo=UTC)], "c": [time(23, 59, 59, 999999)]},
        schema={"a": pl.Datetime("us"), "b": pl.Datetime("us", "UTC"), "c": pl.Time},
    )

    assert write(database, "t", frame) == 1
    with database.connect() as connection:
        assert [column.dtype for column in database.dialect.columns(connection, "t")] == frame.dtypes
    found = ask(database, "SELECT CAST(a AS TEXT), CAST(b AS TEXT), CAST(c AS TEXT) FROM t")
    assert [str(value)[:26] for value in found[0]] == ["2026-10-25 01:30:00.123456"] * 2 + ["23:59:59.999999"]


def test_a_database_that_is_not_there(database: Database) -> None:
    """Final, with the name, and without anything being made."""
    gone = database.engine.url.set(database=f"{database.engine.url.database}_gone")
    missing = open_database("gone", Secret(gone.render_as_string(hide_password=False)))
    with pytest.raises(DatabaseRefused, match="database 'gone'"):
        missing.server_version()
