from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from cutover.dataplane.casting import NoCast
from cutover.dataplane.database import Database
from cutover.dataplane.dialects import NoSuchColumn, NotSql
from cutover.dataplane.extract import Extracted
from cutover.dataplane.functions import FunctionFailed
from cutover.errors import StepFailed
from cutover.model.runbook import Wave
from tests.fixtures.databases import fill
from tests.fixtures.mapping import column, exception, extract_all, mapping

OLD = """
CREATE TABLE t (id INTEGER, n INTEGER, s TEXT, m DECIMAL(10, 2), "order" TEXT);
INSERT INTO t VALUES (1, 10, 'A', 1.5, 'x'), (2, NULL, 'B', 2, NULL), (3, 30, NULL, NULL, 'y');
CREATE TABLE known (s TEXT);
INSERT INTO known VALUES ('A');
"""


@pytest.fixture
def old(make_database: Callable[..., Database]) -> Database:
    return fill(make_database("sqlite", "old"), OLD)


def one(old: Database, *columns: object, dtypes: dict[str, pl.DataType], **more: object) -> Extracted:
    """The only chunk of `t` with a key and these columns."""
    functions = more.pop("functions", None)
    table = mapping("id", *columns, **more)  # type: ignore[arg-type]
    (found,) = extract_all(old, table, {"id": pl.Int64(), **dtypes}, functions)  # type: ignore[arg-type]
    return found


def test_columns_expressions_and_constants(old: Database) -> None:
    found = one(
        old,
        column("n", "n"),
        column("twice", sql="n * 2 -- why not"),
        column("word", has_value=True, value="legacy"),
        column("nothing", has_value=True),
        column("o", "order"),
        dtypes={"n": pl.Int16(), "twice": pl.Int32(), "word": pl.String(), "nothing": pl.Date(), "o": pl.String()},
    )

    assert found.rows.rows() == [
        (1, 10, 20, "legacy", None, "x"),
        (2, None, None, "legacy", None, None),
        (3, 30, 60, "legacy", None, "y"),
    ]
    assert found.rows.dtypes == [pl.Int64, pl.Int16, pl.Int32, pl.String, pl.Date, pl.String]


def test_decimals_that_sqlite_keeps_as_it_likes(old: Database) -> None:
    """1.5 lies there as a float and 2 as an integer."""
    found = one(old, "m", dtypes={"m": pl.Decimal(10, 2)})

    assert found.rows["m"].to_list() == [Decimal("1.50"), Decimal("2.00"), None]


def test_codes_and_a_code_that_nobody_knows(old: Database) -> None:
    found = one(old, column("s", "s", codes={"A": "active"}), dtypes={"s": pl.String()})

    assert found.rows.rows() == [(1, "active"), (3, None)]
    assert [(row.key, row.reasons, row.values["s"]) for row in found.bad] == [("2", ("s:codes",), "B")]


def test_numbers_have_codes_too(old: Database) -> None:
    found = one(old, column("n", "n", codes={"10": "7", "30": "8"}), dtypes={"n": pl.Int16()})

    assert found.rows["n"].to_list() == [7, None, 8]


def test_values_made_null_are_kept(old: Database) -> None:
    rule = column("s", "s", null_when="s NOT IN (SELECT s FROM known)", reason="unknown")

    found = one(old, rule, dtypes={"s": pl.String()})

    assert found.rows["s"].to_list() == ["A", None, None]
    assert found.nulled == {"s": 1}
    assert found.amended.rows() == [(1, "s", "B", "unknown")]


def test_a_value_made_null_need_not_fit(old: Database) -> None:
    """The rule comes first: the old system's word for nothing is no broken number."""
    found = one(old, column("n", "s", null_when="s > ''", reason="words"), dtypes={"n": pl.Int64()})

    assert found.rows["n"].to_list() == [None, None, None]
    assert found.bad == ()
    assert found.nulled == {"n": 2}


def test_amendments_keep_their_rows_when_others_are_bad(old: Database) -> None:
    found = one(
        old,
        column("n", "n", null_when="n = 30", reason="wrong"),
        column("s", "s", codes={"B": "b"}),
        dtypes={"n": pl.Int64(), "s": pl.String()},
    )

    assert [row.key for row in found.bad] == ["1"]
    assert found.rows["id"].to_list() == [2, 3]
    assert found.amended.rows() == [(1, "n", "30", "wrong")]


def test_the_first_signed_exception_counts(old: Database) -> None:
    found = one(old, "n", dtypes={"n": pl.Int64()}, exclude=(exception("X-1", "n > 20"), exception("X-2", "n >= 10")))

    assert (found.extracted, found.excluded, found.rows["id"].to_list()) == (3, {"X-1": 1, "X-2": 1}, [2])


def test_a_function_gets_what_it_needs(old: Database) -> None:
    def both(rows: pl.DataFrame) -> pl.Series:
        assert rows.schema == {"n": pl.Int64, "first": pl.String}
        return rows["n"] + rows["first"].str.len_chars()

    needs = (("n", "n"), ("first", "(SELECT k.s FROM known k WHERE k.s = t.s)"))
    found = one(
        old, column("x", python="f.py:both", needs=needs), dtypes={"x": pl.Int16()}, functions={"f.py:both": both}
    )

    assert found.rows["x"].to_list() == [11, None, None]


def test_a_function_may_return_an_expression(old: Database) -> None:
    found = one(
        old,
        column("x", python="f.py:f", needs=(("n", "n"),)),
        dtypes={"x": pl.Int64()},
        functions={"f.py:f": lambda rows: pl.col("n") + 1},
    )

    assert found.rows["x"].to_list() == [11, None, 31]


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda rows: rows["nowhere"], "function 'f.py:f' failed: ColumnNotFoundError"),
        (lambda rows: rows["n"].head(1), "returned 1 value for 3 rows"),
        (lambda rows: 5, "returned int, not a Series"),
    ],
)
def test_a_function_that_breaks_is_named(old: Database, function: Callable[..., pl.Series], says: str) -> None:
    broken = column("x", python="f.py:f", needs=(("n", "n"),))

    with pytest.raises(FunctionFailed, match=says):
        one(old, broken, dtypes={"x": pl.Int64()}, functions={"f.py:f": function})


def test_a_function_that_chokes_on_one_row_says_which(old: Database) -> None:
    """The step fails: a function that raises is a defect of the mapping, and its rows are not bad rows."""

    def chokes(rows: pl.DataFrame) -> pl.Series:
        if (rows["n"] == 30).any():
            raise ZeroDivisionError("no such day")
        return rows["n"]

    broken = column("x", python="f.py:f", needs=(("n", "n"),))

    with pytest.raises(FunctionFailed) as told:
        one(old, broken, dtypes={"x": pl.Int64()}, functions={"f.py:f": chokes})

    assert "function 'f.py:f' failed: ZeroDivisionError: no such day; in chunk 1 of table" in str(told.value)
    assert str(told.value).endswith("first for the row with id 3")
    assert told.value.hint == "look into migrations/f.py:f"


def test_values_that_do_not_fit_are_bad_with_every_reason(old: Database) -> None:
    found = one(old, column("b", "s"), column("d", "order"), dtypes={"b": pl.Enum(["B"]), "d": pl.Date()})

    assert {row.key: row.reasons for row in found.bad} == {"1": ("b:cast", "d:cast"), "3": ("d:cast",)}
    assert found.bad[0].values == {"id": "1", "b": "A", "d": "x"}
    assert found.extracted == found.rows.height + len(found.bad)


def test_types_without_a_way_stop_the_table(old: Database) -> None:
    moment = column("when", python="f.py:f", needs=(("n", "n"),))

    with pytest.raises(NoCast, match="column 'when' of table 'new_t': Int64 does not become Date by itself"):
        one(old, moment, dtypes={"when": pl.Date()}, functions={"f.py:f": lambda rows: rows["n"]})


def test_a_constant_that_does_not_fit_stops_the_table(old: Database) -> None:
    with pytest.raises(StepFailed, match="column 'd': 'soon' is no value of the type Date"):
        one(old, column("d", has_value=True, value="soon"), dtypes={"d": pl.Date()})


def test_a_misspelt_column_is_no_text(old: Database) -> None:
    """SQLite takes a quoted name that it does not know for a text."""
    with pytest.raises(NoSuchColumn, match="table 't' has no column 'nn'"):
        one(old, column("n", "nn"), dtypes={"n": pl.String()})


def test_sql_that_is_none_is_told(old: Database) -> None:
    with pytest.raises(NotSql, match="no such column: nowhere"):
        one(old, column("n", sql="nowhere + 1"), dtypes={"n": pl.Int64()})


def test_only_the_rows_of_a_wave(old: Database) -> None:
    table = mapping("id", wave_by="s", wave_target="s")

    (found,) = extract_all(old, table, {"id": pl.Int64()}, wave=Wave(name="b", value="B"))

    assert found.rows["id"].to_list() == [2]


def test_case_21_what_sqlite_keeps_in_a_column(make_database: Callable[..., Database]) -> None:
    """
    Text in an INTEGER column, integers beyond 64 bits, texts that are no UTF-8: each is a bad row with its column.

    An embedded NUL is text like any other here.
    """
    old = fill(
        make_database("sqlite", "old"),
        """
        CREATE TABLE t (id INTEGER, n INTEGER, s TEXT);
        INSERT INTO t VALUES (1, 5, 'fine'), (2, 'five', 'x'), (3, 9223372036854775808, 'x'),
                             (4, 7, CAST(x'636166e9' AS TEXT)), (5, 8, 'a' || char(0) || 'b'), (6, x'35', 'x');
        """,
    )

    found = one(old, "n", "s", dtypes={"n": pl.Int64(), "s": pl.String()})

    assert found.rows.rows() == [(1, 5, "fine"), (5, 8, "a\0b")]
    assert {row.key: row.reasons for row in found.bad} == {
        "2": ("n:unreadable",),
        "3": ("n:unreadable",),
        "4": ("s:unreadable",),
        "6": ("n:unreadable",),
    }
    assert [row.values["n"] for row in found.bad[:2]] == ["five", "9.223372036854776e+18"]
    assert found.bad[2].values["s"] == "caf\\xe9"


def test_case_21_a_key_that_cannot_be_read_is_shown(make_database: Callable[..., Database]) -> None:
    old = fill(
        make_database("sqlite", "old"),
        "CREATE TABLE t (id TEXT PRIMARY KEY); INSERT INTO t VALUES ('ok'), (NULL), (CAST(x'96' AS TEXT));",
    )

    found = extract_all(old, mapping("id"), {"id": pl.String()})

    assert [row.key for part in found for row in part.bad] == ["\\x96"]
    assert sorted(str(key) for part in found for key in part.rows["id"]) == ["None", "ok"]


def test_a_function_does_not_see_what_cannot_be_read(make_database: Callable[..., Database]) -> None:
    old = fill(make_database("sqlite", "old"), "CREATE TABLE t (id INTEGER, n INTEGER); INSERT INTO t VALUES (1, 'x')")

    found = one(
        old,
        column("d", python="f.py:f", needs=(("n", "n"),)),
        dtypes={"d": pl.Date()},
        functions={"f.py:f": lambda rows: pl.select(pl.lit(date(2026, 1, 1))).to_series()},
    )

    assert [row.reasons for row in found.bad] == [("d:unreadable",)]
