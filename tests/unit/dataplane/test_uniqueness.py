from __future__ import annotations

from collections.abc import Callable

import pytest

from cutover.dataplane.database import Database
from cutover.dataplane.uniqueness import KeyNotUnique, refuse_doubled_keys
from tests.fixtures.databases import fill
from tests.fixtures.mapping import exception, mapping


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, make_database: Callable[..., Database]) -> Database:
    return make_database(request.param, "old")


def test_rows_that_share_a_key_are_named(old: Database) -> None:
    fill(
        old, "CREATE TABLE t (id bigint, n bigint); INSERT INTO t VALUES (1, 1), (30, 1), (30, 2), (NULL, 1), (NULL, 2)"
    )

    with pytest.raises(KeyNotUnique) as refused:
        refuse_doubled_keys(old, mapping("id"))

    assert str(refused.value) == "the key of 't' is not unique: 30 (2 rows)"


def test_only_the_first_are_named(old: Database) -> None:
    pairs = ", ".join(f"('{letter}'), ('{letter}')" for letter in "zabcdefg")
    fill(old, f"CREATE TABLE t (id text); INSERT INTO t VALUES {pairs}")

    with pytest.raises(KeyNotUnique, match=r"unique: a \(2 rows\), b .* e \(2 rows\), …$"):
        refuse_doubled_keys(old, mapping("id"))


def test_rows_that_stay_behind_do_not_count(old: Database) -> None:
    fill(old, "CREATE TABLE t (id bigint, n bigint); INSERT INTO t VALUES (30, 1), (30, NULL)")

    refuse_doubled_keys(old, mapping("id", exclude=(exception("X-1", "n = 1 -- the older one"),)))
    with pytest.raises(KeyNotUnique):
        refuse_doubled_keys(old, mapping("id", exclude=(exception("X-1", "n = 2"),)))


def test_letters_in_another_case_are_other_keys(make_database: Callable[..., Database]) -> None:
    """Whatever the collation of the column says: keys are compared by their bytes everywhere."""
    old = fill(make_database("sqlite"), "CREATE TABLE t (id TEXT COLLATE NOCASE); INSERT INTO t VALUES ('a'), ('A')")

    refuse_doubled_keys(old, mapping("id"))
    fill(old, "INSERT INTO t VALUES ('A')")
    with pytest.raises(KeyNotUnique, match=r"unique: A \(2 rows\)"):
        refuse_doubled_keys(old, mapping("id"))
