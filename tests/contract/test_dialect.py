"""What every kind of database must do: a new dialect is one more name in `KINDS`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal

import polars as pl
import pytest

from cutover.dataplane.database import Database, DatabaseRefused, open_database
from cutover.dataplane.dialects import NoSuchColumn, NoSuchTable, NotSql, RowRefused
from cutover.redact import Secret
from tests.fixtures.databases import ask, fill

KINDS = ["sqlite", "postgresql"]

TABLE = """
CREATE TABLE thing (
    id BIGINT PRIMARY KEY, name TEXT NOT NULL, price NUMERIC(12, 2), weight DOUBLE PRECISION, flag BOOLEAN,
    day DATE, raw {bytes},
    CONSTRAINT price_positive CHECK (price > 0)
);
"""
BYTES = {"sqlite": "BLOB", "postgresql": "bytea"}


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, make_database: Callable[..., Database]) -> Database:
    return make_database(request.param)


@pytest.fixture
def thing(database: Database) -> Database:
    """A database with the table `thing`."""
    return fill(database, TABLE.format(bytes=BYTES[database.dialect.name]))


THINGS = pl.DataFrame(
    {
        "id": [1, 2**62, -5],
        "name": ["a", "ß \"quoted\", 'and' \\N \\.\n\r\t", ""],
        "price": pl.Series([Decimal("1.10"), Decimal("1234567890.05"), None], dtype=pl.Decimal(12, 2)),
        "weight": [0.1, None, -1e300],
        "flag": [True, False, None],
        "day": [date(2026, 11, 2), date(9999, 12, 31), None],
        "raw": [b"\x00\xff", b"", None],
    }
)


def write(database: Database, table: str, frame: pl.DataFrame) -> int:
    with database.begin() as connection:
        return database.dialect.write(connection, table, frame)


def read(database: Database, statement: str, *dtypes: pl.DataType) -> pl.DataFrame:
    with database.connect() as connection:
        found = database.dialect.read(connection, statement, dtypes)
    assert not found.unreadable
    return found.frame


def test_says_what_it_is(database: Database) -> None:
    assert database.server_version().lower().startswith(database.dialect.name)


def test_what_was_written_is_read(thing: Database) -> None:
    """Numbers at their limits, quotes, line ends, the empty text beside NULL, bytes with a NUL."""
    assert write(thing, "thing", THINGS) == 3

    found = read(
        thing, "SELECT id, name, weight, raw FROM thing ORDER BY id", *THINGS["id", "name", "weight", "raw"].dtypes
    )

    assert found.rows() == THINGS.sort("id")["id", "name", "weight", "raw"].rows()


def test_a_table_of_nulls_is_read(thing: Database) -> None:
    """A line without any value is a row."""
    write(thing, "thing", THINGS.filter(id=-5))

    assert read(thing, "SELECT price FROM thing", pl.Decimal(12, 2)).rows() == [(None,)]


def test_no_rows_have_their_columns(thing: Database) -> None:
    assert read(thing, "SELECT id, name FROM thing", pl.Int64(), pl.String()).shape == (0, 2)


def test_columns_are_known(thing: Database) -> None:
    with thing.connect() as connection:
        columns = {column.name: column for column in thing.dialect.columns(connection, "thing")}

    assert [columns[name].dtype for name in ("id", "name", "price", "weight", "flag", "day", "raw")] == [
        pl.Int64(),
        pl.String(),
        pl.Decimal(12, 2),
        pl.Float64(),
        pl.Boolean(),
        pl.Date(),
        pl.Binary(),
    ]
    assert not columns["name"].nullable
    assert columns["price"].nullable


def test_a_computed_column_is_known(database: Database) -> None:
    fill(database, "CREATE TABLE t (a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2) STORED)")

    with database.connect() as connection:
        assert [column.generated for column in database.dialect.columns(connection, "t")] == [False, True]


def test_a_table_that_is_not_there(thing: Database) -> None:
    with thing.connect() as connection, pytest.raises(NoSuchTable, match="'nothing' is not there") as told:
        thing.dialect.columns(connection, "nothing")

    assert "thing" in told.value.hint


def test_a_column_that_is_not_there(thing: Database) -> None:
    with thing.connect() as connection, pytest.raises(NoSuchColumn, match="no column 'nothing'"):
        thing.dialect.key(connection, "thing", "nothing")


def test_own_tables_are_not_the_users(thing: Database) -> None:
    with thing.begin() as connection:
        thing.dialect.create_bookkeeping(connection)
        thing.dialect.create_bookkeeping(connection)

    with thing.connect() as connection:
        assert thing.dialect.has_bookkeeping(connection)
        assert thing.dialect.tables(connection) == ("thing",)


def test_own_tables_are_not_in_the_way(database: Database) -> None:
    """A user called `cutover` has the schema of that name first on his path; what he makes must not land there."""
    with database.begin() as connection:
        database.dialect.create_bookkeeping(connection)
        database.dialect.execute_script(connection, "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1);")

    with database.connect() as connection:
        assert database.dialect.tables(connection) == ("t",)
        assert database.dialect.count(connection, "t") == 1


def test_case_16_names_that_need_quotes(database: Database) -> None:
    """Reserved words, blanks, quotes, percent signs and colons, mixed case beside lower case, sixty characters."""
    names = (
        ["order", 'say "hi"', "100% :x %s", "Name", "name", "n" * 60]
        if database.dialect.name == "postgresql"
        else ["order", 'say "hi"', "100% :x %s", "Name", "n" * 60]
    )
    quote = database.dialect.quote
    fill(database, f"CREATE TABLE {quote('Group By')} ({', '.join(f'{quote(name)} INTEGER' for name in names)})")
    frame = pl.DataFrame({name: [number] for number, name in enumerate(names)}, schema=dict.fromkeys(names, pl.Int32))

    assert write(database, "Group By", frame) == 1
    assert (
        ask(database, f"SELECT {', '.join(map(quote, names))} FROM {database.dialect.table('Group By')}")
        == frame.rows()
    )
    with database.connect() as connection:
        assert [column.name for column in database.dialect.columns(connection, "Group By")] == names


def test_a_refused_row_leaves_nothing_of_its_write(thing: Database) -> None:
    bad = THINGS.with_columns(price=pl.lit(-1).cast(pl.Decimal(12, 2)))

    with thing.begin() as connection:
        with pytest.raises(RowRefused, match="price_positive"), connection.begin_nested():
            thing.dialect.write(connection, "thing", bad)
        assert thing.dialect.write(connection, "thing", THINGS) == 3

    assert ask(thing, "SELECT count(*) FROM thing") == [(3,)]


def test_a_transaction_that_breaks_leaves_nothing(thing: Database) -> None:
    def breaks() -> None:
        with thing.begin() as connection:
            thing.dialect.write(connection, "thing", THINGS)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        breaks()

    assert ask(thing, "SELECT count(*) FROM thing") == [(0,)]


def test_a_reading_connection_keeps_nothing(thing: Database) -> None:
    with thing.connect() as connection:
        thing.dialect.write(connection, "thing", THINGS)

    assert ask(thing, "SELECT count(*) FROM thing") == [(0,)]


def test_references_are_enforced(thing: Database) -> None:
    fill(thing, "CREATE TABLE part (id BIGINT, thing BIGINT REFERENCES thing (id))")

    with pytest.raises(RowRefused):
        write(thing, "part", pl.DataFrame({"id": [1], "thing": [99]}))


def test_a_connection_that_may_only_read(thing: Database) -> None:
    with thing.connect() as connection:
        thing.dialect.only_read(connection)
        with pytest.raises(NotSql, match=r"(?i)read-?only"):
            thing.dialect.query(connection, "DELETE FROM thing")


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
