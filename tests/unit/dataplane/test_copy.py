from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from cutover import points
from cutover.dataplane import ledger
from cutover.dataplane.casting import NoCast
from cutover.dataplane.chunks import plan_chunks
from cutover.dataplane.copy import REASONS, ROW, fit
from cutover.dataplane.database import Database, DatabaseRefused
from cutover.dataplane.dialects import Column
from cutover.dataplane.ledger import Owner
from cutover.errors import StepFailed
from tests.fixtures.databases import ask, fill
from tests.fixtures.mapping import Kept, column, copy_all, exception, mapping

OWNER = Owner(run="r", step="s", table="new_t")
DTYPES = {"id": pl.Int64(), "n": pl.Int64()}


@pytest.fixture
def old(make_database: Callable[..., Database]) -> Database:
    numbers = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100) SELECT i, i % 10 FROM c"
    return fill(make_database("sqlite", "old"), f"CREATE TABLE t (id INTEGER, n INTEGER); INSERT INTO t {numbers};")


@pytest.fixture
def new(make_database: Callable[..., Database]) -> Database:
    return fill(make_database("sqlite"), "CREATE TABLE new_t (id INTEGER PRIMARY KEY, n INTEGER CHECK (n <> 7))")


def refuse_threes(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A judge that finds the number 3 bad."""
    bad = rows.with_row_index(ROW).filter(n=3).with_columns(pl.col(ROW).cast(pl.Int64))
    return rows.filter(pl.col("n").ne_missing(3)), bad.with_columns(pl.lit(["n:not three"]).alias(REASONS))


def test_every_row_is_loaded_set_aside_or_left_behind(old: Database, new: Database) -> None:
    """And each count in the ledger was counted where it happened."""
    kept = Kept()
    table = mapping(
        "id", column("n", "n", null_when="n = 5", reason="five"), exclude=(exception("X", "n = 1"),), chunk_rows=30
    )

    count = copy_all(old, new, table, DTYPES, kept=kept, judge=refuse_threes)

    assert (count.extracted, count.loaded, count.quarantined, count.chunks) == (100, 70, 20, 4)
    assert (count.excluded, count.nulled, count.balanced) == ({"X": 10}, {"n": 10}, True)
    assert count.reasons == {"n:not three": 10, "target:CheckViolation(n <> 7)": 10}
    assert ask(new, "SELECT count(*), count(n), sum(id) FROM new_t WHERE n IS NOT 7") == [(70, 60, 3590)]
    assert kept.reasons["3"] == ("n:not three",)
    assert kept.told[-1] == 100


def test_amendments_name_the_rows_that_were_loaded(old: Database, new: Database) -> None:
    """Not those that the judge or the target set aside later: nobody should look for them in the target."""
    kept = Kept()
    table = mapping("id", column("n", "n", null_when="n = 5", reason="five"), chunk_rows=50)
    fill(new, "CREATE TRIGGER no_55 BEFORE INSERT ON new_t WHEN NEW.id = 55 BEGIN SELECT RAISE(ABORT, 'no 55'); END;")

    def refuse_15(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        bad = rows.with_row_index(ROW).filter(id=15).with_columns(pl.lit(["id:not fifteen"]).alias(REASONS))
        return rows.filter(pl.col("id") != 15), bad

    count = copy_all(old, new, table, DTYPES, kept=kept, judge=refuse_15)

    amended = sorted((int(value.key), value.before) for values in kept.amended.values() for value in values)
    assert amended == [(key, "5") for key in (5, 25, 35, 45, 65, 75, 85, 95)]
    assert count.nulled == {"n": 8}


def test_case_28_one_bad_row_is_found_among_many(old: Database, new: Database) -> None:
    kept = Kept()
    fill(new, "CREATE TRIGGER no_55 BEFORE INSERT ON new_t WHEN NEW.id = 55 BEGIN SELECT RAISE(ABORT, 'no 55'); END;")

    count = copy_all(old, new, mapping("id"), {"id": pl.Int64()}, kept=kept)

    assert kept.reasons == {"55": ("no 55",)}
    assert (count.loaded, ask(new, "SELECT count(*) FROM new_t")) == (99, [(99,)])


def test_a_second_copy_does_nothing(old: Database, new: Database) -> None:
    table = mapping("id", chunk_rows=30)
    first = copy_all(old, new, table, {"id": pl.Int64()})
    kept = Kept()

    assert copy_all(old, new, table, {"id": pl.Int64()}, kept=kept) == first
    assert kept.bad == {}


def test_only_what_is_missing_is_copied_again(old: Database, new: Database) -> None:
    """A line of the ledger and its rows come and go together."""
    table = mapping("id", chunk_rows=30)
    copy_all(old, new, table, {"id": pl.Int64()})
    fill(new, "DELETE FROM cutover_chunk WHERE number = 2; DELETE FROM new_t WHERE id BETWEEN 31 AND 60")
    kept = Kept()

    count = copy_all(old, new, table, {"id": pl.Int64()}, kept=kept)

    assert list(kept.bad) == [2]
    assert (count.loaded, ask(new, "SELECT count(*), count(DISTINCT id) FROM new_t")) == (100, [(100, 100)])


def test_what_is_kept_is_kept_before_the_commit(old: Database, new: Database) -> None:
    reached: list[str] = []
    points.listen(reached.append)
    try:
        copy_all(old, new, mapping("id", chunk_rows=60), {"id": pl.Int64()})
    finally:
        points.listen(None)

    chunk = ["copy.chunk.quarantined", "copy.chunk.before_commit", "copy.chunk.committed"]
    assert reached == ["copy.before_ledger", *chunk, *chunk]


def test_a_target_that_refuses_everything_stops_the_copy(
    old: Database, new: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Searching out each of a million rows would take the night; nothing of the chunk is kept."""
    monkeypatch.setattr("cutover.dataplane.copy.MOST_REFUSED", 10)
    fill(new, "CREATE TRIGGER no BEFORE INSERT ON new_t BEGIN SELECT RAISE(ABORT, 'closed'); END;")

    with pytest.raises(StepFailed, match="refuses more than 10 rows of one chunk of table 'new_t': closed"):
        copy_all(old, new, mapping("id"), {"id": pl.Int64()})

    assert ask(new, "SELECT count(*) FROM cutover_chunk") == [(0,)]


def test_a_chunk_is_never_noted_twice(old: Database, new: Database) -> None:
    """Two processes that believe to own the run: the second one's transaction is refused."""
    copy_all(old, new, mapping("id"), {"id": pl.Int64()})
    with new.connect() as connection:
        (line,) = ledger.lines(connection, new.dialect, OWNER)

    with pytest.raises(DatabaseRefused, match="UNIQUE"), new.begin() as connection:
        ledger.write_line(connection, new.dialect, OWNER, line, at=datetime(2026, 11, 2, tzinfo=UTC))


def test_an_empty_table_has_no_chunks(make_database: Callable[..., Database], new: Database) -> None:
    empty = fill(make_database("sqlite", "old"), "CREATE TABLE t (id INTEGER)")

    count = copy_all(empty, new, mapping("id"), {"id": pl.Int64()})

    assert (count.extracted, count.chunks, count.balanced) == (0, 0, True)
    assert plan_chunks(empty, mapping("id")) == ()


def test_values_are_fitted_to_the_columns() -> None:
    frame = pl.DataFrame({"a": [1, 40_000, None], "b": pl.Series(["1.25", "1.2", "2"]).cast(pl.Decimal(6, 2))})
    columns = (
        Column(name="a", type="smallint", dtype=pl.Int16()),
        Column(name="b", type="numeric(4,1)", dtype=pl.Decimal(4, 1)),
    )

    fitted, lost = fit(frame, columns, "t")

    assert fitted.dtypes == [pl.Int16, pl.Decimal(4, 1)]
    assert {reason: where.to_list() for reason, where in lost.items()} == {
        "a:does not fit smallint": [False, True, False],
        "b:does not fit numeric(4,1)": [True, False, False],
    }
    assert fitted["b"].to_list()[1:] == [Decimal("1.2"), Decimal("2.0")]


def test_a_type_that_cannot_fit_stops_the_table() -> None:
    frame = pl.DataFrame({"a": [b"x"]})

    with pytest.raises(NoCast, match="column 'a' of table 't' is text: Binary does not become text by itself"):
        fit(frame, (Column(name="a", type="text", dtype=pl.String()),), "t")
