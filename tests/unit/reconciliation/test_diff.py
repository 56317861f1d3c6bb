"""Which rows differ, by key."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.reconciliation.diff import Diff, diff_rows, shown

TYPES = {"k": pl.Int64, "v": pl.String}


def frame(*rows: tuple[Any, ...]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TYPES, orient="row")


def test_equal_rows_in_another_order() -> None:
    assert diff_rows(frame((1, "a"), (2, "b")), frame((2, "b"), (1, "a")), "k") == Diff()


def test_missing_extra_and_changed() -> None:
    diff = diff_rows(frame((1, "a"), (2, "b"), (3, "c")), frame((1, "a"), (3, "C"), (4, "d")), "k")

    assert diff == Diff(
        missing=1,
        extra=1,
        changed=1,
        missing_keys=("2",),
        extra_keys=("4",),
        changes=(("3", "v", "'c'", "'C'"),),
        columns=("v",),
    )


def test_a_doubled_row_is_one_extra_row() -> None:
    diff = diff_rows(frame((1, "a")), frame((1, "a"), (1, "a"), (1, "a")), "k")

    assert (diff.extra, diff.extra_keys, diff.changed) == (2, ("1",), 0)


def test_a_doubled_and_changed_row() -> None:
    diff = diff_rows(frame((1, "a")), frame((1, "b"), (1, "c")), "k")

    assert (diff.missing, diff.extra, diff.changed) == (0, 1, 1)


def test_rows_without_a_key() -> None:
    diff = diff_rows(frame((None, "a")), frame((None, "b"), (None, "c")), "k")

    assert (diff.changed, diff.extra, diff.extra_keys) == (1, 1, ("NULL",))


def test_samples_are_the_first_by_key() -> None:
    diff = diff_rows(frame(*((number, "a") for number in (100, -5, 20, 3))), frame(), "k", samples=2)

    assert diff.missing == 4
    assert diff.missing_keys == ("-5", "3")


def test_parts_add_up_and_are_shortened() -> None:
    total = sum([diff_rows(frame((number, "a")), frame(), "k") for number in range(30)], Diff())

    assert total.missing == 30 and len(total.shortened(20).missing_keys) == 20


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "NULL"), ("", "''"), ("NULL", "'NULL'"), ("a ", "'a '"), (b"\xff", "ff"), (True, "True"), (0.1, "0.1")],
)
def test_shown(value: Any, text: str) -> None:
    assert shown(value) == text


def test_a_long_value_is_cut() -> None:
    assert len(shown("x" * 10_000)) == 200


ROWS = st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 3)), st.sampled_from(["a", "b", None])), max_size=6)


@given(ROWS, ROWS)
def test_every_surplus_row_is_counted_once(source: list[Any], target: list[Any]) -> None:
    diff = diff_rows(frame(*source), frame(*target), "k")

    lost, won = Counter(source) - Counter(target), Counter(target) - Counter(source)
    assert diff.missing + diff.changed == lost.total()
    assert diff.extra + diff.changed == won.total()
    assert (diff == Diff()) == (Counter(source) == Counter(target))
