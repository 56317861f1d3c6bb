"""What every kind of database must do with tables and rows: a new dialect is one more name in `KINDS`."""

# ruff: noqa: F811 — pytest gives a fixture to the parameter of its name
from __future__ import annotations

import polars as pl
import pytest

from cutover.dataplane.database import Database
from cutover.dataplane.dialects import NoSuchColumn, NoSuchTable, NotSql, RowRefused
from tests.contract.things import BYTES, KINDS, TABLE, THINGS, database, read, thing, write  # noqa: F401
from tests.fixtures.databases import ask, fill


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


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ("1, 'a', -1", "target:price_positive"),
        ("1, 'a', 1), (1, 'b', 1", {"sqlite": "target:UniqueViolation(id)", "postgresql": "target:thing_pkey"}),
        ("1, NULL, 1", "target:NotNullViolation(name)"),
    ],
)
def test_the_rule_that_a_row_breaks_is_named(thing: Database, values: str, reason: str | dict[str, str]) -> None:
    """In the same words in every database, as far as it says which rule it is; without the row's values."""
    rows = ask(thing, f"SELECT * FROM (VALUES ({values})) AS v")
    frame = pl.DataFrame(rows, schema={"id": pl.Int64, "name": pl.String, "price": pl.Int64}, orient="row")

    with pytest.raises(RowRefused) as told:
        write(thing, "thing", frame.with_columns(pl.col("price").cast(pl.Decimal(12, 2))))

    assert told.value.reason == (reason if isinstance(reason, str) else reason[thing.dialect.name])


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
