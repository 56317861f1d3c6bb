"""Two sets of rows share a fingerprint exactly when they hold the same rows."""

from __future__ import annotations

import math
import random
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.dataplane.database import Database, open_database
from cutover.dataplane.fingerprint import (
    Fingerprint,
    fingerprint_database,
    fingerprint_rows,
    fingerprint_table,
    row_digests,
)
from cutover.errors import StepFailed
from cutover.redact import Secret


def rows(*values: Sequence[Any], **types: Any) -> pl.DataFrame:
    names = list(types) or [f"c{n}" for n in range(len(values[0]))]
    return pl.DataFrame(values, schema=types or dict.fromkeys(names, pl.String), orient="row")


def same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return fingerprint_rows(one) == fingerprint_rows(other)


def test_v1_fields_do_not_run_into_each_other() -> None:
    assert not same(rows(("ab", "c")), rows(("a", "bc")))
    assert not same(rows(("a;s1:b", "c")), rows(("a", "b;c")))


def test_v1_a_trailing_blank_counts() -> None:
    assert not same(rows(("x ",)), rows(("x",)))


@pytest.mark.parametrize("text", ["N", "NULL", "", "\\N", "s0:", "None"])
def test_v1_null_is_no_text(text: str) -> None:
    assert not same(rows((None,)), rows((text,)))


def test_v2_sums_of_small_hashes_collide_and_these_do_not() -> None:
    types = {"a": pl.Int64, "b": pl.String}

    assert not same(rows((1, "v17591"), **types), rows((1, "v232069"), **types))


def test_v3_a_number_is_its_value() -> None:
    """1.0 = 1.00 and −0 = 0; the page of the reconciliation names the rule."""
    assert same(rows((Decimal("1.0"),), a=pl.Decimal(12, 1)), rows((Decimal("1.00"),), a=pl.Decimal(20, 2)))
    assert same(rows((Decimal("100.00"),), a=pl.Decimal(12, 2)), rows((100,), a=pl.Int64))
    assert same(rows((-0.0,), a=pl.Float64), rows((0.0,), a=pl.Float64))


def test_v5_a_null_does_not_hide_the_rest_of_the_row() -> None:
    types = {"k": pl.Int64, "i": pl.Int64, "n": pl.String}

    assert not same(rows((1, 5, None), **types), rows((1, 6, None), **types))


def test_v5_a_row_of_nulls_counts() -> None:
    assert fingerprint_rows(rows((None,))).rows == 1
    assert not same(rows((None,), ("x",)), rows(("x",)))
    assert not same(rows((None,), (None,)), rows((None,)))


def test_v5_pairs_do_not_cancel() -> None:
    assert not same(rows(("a",), ("a",)), rows(("b",), ("b",)))
    assert not same(rows(("a",), ("a",), ("c",)), rows(("c",)))


def test_v7_duplicates_count_and_order_does_not() -> None:
    assert same(rows(("a",), ("b",), ("a",)), rows(("b",), ("a",), ("a",)))
    assert not same(rows(("a",), ("b",), ("a",)), rows(("b",), ("a",), ("b",)))


def test_v7_an_empty_table_and_four_hundred_columns() -> None:
    wide = pl.DataFrame({f"c{n}": [n, -n] for n in range(400)})

    assert fingerprint_rows(wide.clear()) == Fingerprint()
    assert not same(wide, wide.with_columns(c399=pl.lit(0)))


@pytest.mark.parametrize(
    ("one", "other", "dtype"),
    [
        (1, 2, pl.Int64),
        (-1, 1, pl.Int8),
        (0.1, math.nextafter(0.1, 1), pl.Float64),
        (math.nan, None, pl.Float64),
        (math.inf, -math.inf, pl.Float64),
        (True, False, pl.Boolean),
        (Decimal("0.10"), Decimal("0.01"), pl.Decimal(12, 2)),
        ("straße", "strasse", pl.String),
        ("e\u0301", "\u00e9", pl.String),
        (b"\x00\xff", b"\x00\xfe", pl.Binary),
        (date(1970, 1, 1), date(1969, 12, 31), pl.Date),
        (time(1, 2, 3, 4), time(1, 2, 3, 5), pl.Time),
        (datetime(2026, 1, 1, 0, 0, 0, 1), datetime(2026, 1, 1), pl.Datetime("us")),  # noqa: DTZ001 — naive on purpose
        (timedelta(days=1), timedelta(hours=23), pl.Duration("us")),
    ],
)
def test_different_values_differ(one: Any, other: Any, dtype: pl.DataType) -> None:
    assert not same(rows((one,), a=dtype), rows((other,), a=dtype))
    assert same(rows((one,), a=dtype), rows((one,), a=dtype))


def test_an_instant_is_the_same_in_every_zone_and_unit() -> None:
    instant = datetime(2026, 7, 1, 12, tzinfo=UTC)
    there = pl.DataFrame(
        {"a": [instant.astimezone(ZoneInfo("Asia/Tokyo"))]}, schema={"a": pl.Datetime("us", "Asia/Tokyo")}
    )
    utc = rows((instant,), a=pl.Datetime("us", "UTC"))

    assert same(there, utc)
    assert same(utc, utc.cast(pl.Datetime("ms", "UTC"))) and same(utc, utc.cast(pl.Datetime("ns", "UTC")))


def test_an_instant_is_no_local_time() -> None:
    utc = rows((datetime(2026, 7, 1, 12, tzinfo=UTC),), a=pl.Datetime("us", "UTC"))

    assert not same(utc, utc.select(pl.col("a").dt.replace_time_zone(None)))


def test_nanoseconds_are_not_lost() -> None:
    types = {"a": pl.Datetime("ns")}
    exact = pl.DataFrame({"a": [1_000_000_001]}, schema={"a": pl.Int64}).cast(types)

    assert not same(exact, exact.cast(pl.Datetime("us")).cast(types))


def test_widths_of_integers_do_not_count() -> None:
    assert same(rows((7,), a=pl.Int16), rows((7,), a=pl.UInt64))


def test_parts_add_up() -> None:
    whole = pl.DataFrame({"a": list(range(1_000))})
    parts = [fingerprint_rows(whole[start : start + 300]) for start in range(0, 1_000, 300)]

    assert sum(parts, Fingerprint()) == fingerprint_rows(whole)


def test_digests_of_rows_are_in_their_order() -> None:
    digests = row_digests(rows(("a",), ("b",), ("a",)))

    assert digests[0] == digests[2] != digests[1]
    assert all(0 <= digest < 1 << 128 for digest in digests)


def test_a_value_without_a_text_is_refused() -> None:
    with pytest.raises(StepFailed, match="has no canonical text"):
        fingerprint_rows(pl.DataFrame({"a": [[1, 2]]}))


def test_the_format_does_not_change_by_accident() -> None:
    """Evidence is kept for years: this number must change together with `canonical.FORMAT` only."""
    frame = rows(
        (1, "é", 0.5, True, None, Decimal("1.50"), date(2026, 1, 2), datetime(2026, 1, 2, 3, tzinfo=UTC), b"\x01"),
        a=pl.Int16,
        b=pl.String,
        c=pl.Float64,
        d=pl.Boolean,
        e=pl.String,
        f=pl.Decimal(12, 2),
        g=pl.Date,
        h=pl.Datetime("us", "UTC"),
        i=pl.Binary,
    )

    assert fingerprint_rows(frame).digest == "a736e0040b9652c807ecebcb511c4f6f"


def test_another_process_says_the_same() -> None:
    code = (
        "import polars as pl; from cutover.dataplane.fingerprint import fingerprint_rows;"
        "print(fingerprint_rows(pl.DataFrame({'a': ['x', None], 'b': [1, 2]})).digest)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    assert said == fingerprint_rows(pl.DataFrame({"a": ["x", None], "b": [1, 2]})).digest


VALUES = st.tuples(st.one_of(st.none(), st.text(max_size=4)), st.one_of(st.none(), st.text(max_size=4)))


@given(st.lists(VALUES, max_size=6), st.lists(VALUES, max_size=6))
def test_equal_exactly_when_the_rows_are_equal(one: list[Any], other: list[Any]) -> None:
    types = {"a": pl.String, "b": pl.String}
    frames = [pl.DataFrame(some, schema=types, orient="row") for some in (one, other)]

    assert same(*frames) == (sorted(map(repr, one)) == sorted(map(repr, other)))


@given(st.lists(VALUES, max_size=6), st.randoms())
def test_no_order_matters(values: list[Any], dice: random.Random) -> None:
    types = {"a": pl.String, "b": pl.String}
    shuffled = dice.sample(values, len(values))

    assert same(*(pl.DataFrame(some, schema=types, orient="row") for some in (values, shuffled)))


# A whole database


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    file = tmp_path / "shelf.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(
            """
            CREATE TABLE book (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, price);
            CREATE TABLE "odd table" (a, b);
            INSERT INTO book (title, price) VALUES ('x', 1), (NULL, 2.5), ('y', '2.5');
            INSERT INTO "odd table" VALUES (x'00ff', 'a' || char(0) || 'b'), (NULL, NULL), (NULL, NULL);
            """
        )
    return file


def world(file: Path) -> dict[str, Fingerprint]:
    database = opened(file)
    with database.connect() as connection:
        return fingerprint_database(connection, database.dialect)


def opened(file: Path) -> Database:
    return open_database("shelf", Secret(f"sqlite:///{file}"))


def change(file: Path, script: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.executescript(script)


def test_a_database_has_an_entry_per_table_and_two_more(shelf: Path) -> None:
    found = world(shelf)

    assert {name: print_.rows for name, print_ in found.items()} == {
        "book": 3,
        "odd table": 2 + 1,
        "(schema)": 3,
        "(sequences)": 1,
    }
    assert world(shelf) == found


@pytest.mark.parametrize(
    ("script", "entries"),
    [
        ("UPDATE book SET price = 1.0 WHERE id = 1", {"book"}),
        ("UPDATE book SET price = '1' WHERE id = 1", {"book"}),
        ("UPDATE book SET title = '' WHERE title IS NULL", {"book"}),
        ("UPDATE \"odd table\" SET b = 'a' || char(0) || 'c' WHERE a IS NOT NULL", {"odd table"}),
        ("UPDATE \"odd table\" SET b = 'a' WHERE a IS NOT NULL", {"odd table"}),
        ('DELETE FROM "odd table" WHERE rowid = 2', {"odd table"}),
        ("INSERT INTO book (title) VALUES ('z'); DELETE FROM book WHERE title = 'z'", {"(sequences)"}),
        ("CREATE TABLE leftover (a)", {"leftover", "(schema)"}),
        ("CREATE TRIGGER leftover AFTER INSERT ON book BEGIN SELECT 1; END", {"(schema)"}),
        ("CREATE INDEX leftover ON book (title)", {"(schema)"}),
        ("CREATE VIEW leftover AS SELECT 1", {"(schema)"}),
        ("PRAGMA user_version = 7", {"(schema)"}),
    ],
)
def test_every_change_shows_where_it_was_made(shelf: Path, script: str, entries: set[str]) -> None:
    before = world(shelf)

    change(shelf, script)

    after = world(shelf)
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == entries


def test_bookkeeping_is_not_part_of_the_world(shelf: Path) -> None:
    before = world(shelf)
    database = opened(shelf)

    with database.begin() as connection:
        database.dialect.create_bookkeeping(connection)

    assert world(shelf) == before


def test_a_table_of_the_user_is_never_taken_for_bookkeeping(shelf: Path) -> None:
    change(shelf, "CREATE TABLE cutover_parties (a); CREATE TABLE cutover (a)")

    assert {"cutover_parties", "cutover"} <= set(world(shelf))


def test_text_that_is_no_utf8_is_read_all_the_same(shelf: Path) -> None:
    change(shelf, "UPDATE book SET title = CAST(x'96' AS TEXT) WHERE id = 1")
    before = world(shelf)

    change(shelf, "UPDATE book SET title = CAST(x'97' AS TEXT) WHERE id = 1")

    assert world(shelf)["book"] != before["book"]


def test_one_table(shelf: Path) -> None:
    database = opened(shelf)

    with database.connect() as connection:
        found = fingerprint_table(connection, database.dialect, "book")

    assert found == world(shelf)["book"]


def test_the_read_is_consistent_and_leaves_no_transaction(shelf: Path) -> None:
    database = opened(shelf)

    with database.connect() as connection:
        fingerprint_database(connection, database.dialect)

        assert not connection.in_transaction()
