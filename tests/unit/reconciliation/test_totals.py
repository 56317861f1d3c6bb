"""Control totals are compared exactly, and group keys as both databases mean them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from cutover.model.migration import ControlTotal, TwoSides
from cutover.reconciliation.totals import Total, group_text, written

TOTAL = ControlTotal(
    name="money",
    by=(TwoSides(name="place", source="place", target="place"),),
    measures=(TwoSides(name="sum", source="sum(a)", target="sum(a)"),),
)


def total(source: dict[str, Any], left_out: dict[str, Any], target: dict[str, Any]) -> Total:
    sides = [{(group,): (Decimal(value),) for group, value in side.items()} for side in (source, left_out, target)]
    return Total(total=TOTAL, source=sides[0], left_out=sides[1], target=sides[2])


def test_source_less_left_out_is_target() -> None:
    assert total({"a": 10, "b": 5}, {"a": 3}, {"a": 7, "b": 5}).differing == ()


def test_a_group_that_stayed_behind_as_a_whole() -> None:
    assert total({"a": 10}, {"a": 10}, {}).differing == ()


@pytest.mark.parametrize("target", [{"a": "10.01"}, {}, {"a": 10, "b": 1}])
def test_a_difference_in_any_group(target: dict[str, Any]) -> None:
    assert len(total({"a": "10.00"}, {}, target).differing) == 1


def test_differences_that_cancel_are_seen() -> None:
    assert total({"a": 10, "b": 5}, {}, {"a": 5, "b": 10}).differing == (("a",), ("b",))


def test_large_sums_are_exact() -> None:
    """Python's own decimals would round at 28 digits."""
    large = "1234567890123456789012345678901234567890"

    assert total({"a": large + ".01"}, {}, {"a": large + ".02"}).differing == (("a",),)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, Decimal("1.00")),
        (1, 1.0),
        ("1", 1),
        (True, 1),
        (date(2026, 1, 2), "2026-01-02"),
        (b"\x01", memoryview(b"\x01")),
    ],
)
def test_the_same_group(one: Any, other: Any) -> None:
    assert group_text(one) == group_text(other)


@pytest.mark.parametrize(("one", "other"), [(None, "NULL"), (None, ""), ("a", "a "), ("a", "A"), (1, 10), (0, None)])
def test_different_groups(one: Any, other: Any) -> None:
    assert group_text(one) != group_text(other)


def test_an_instant_has_its_offset() -> None:
    assert group_text(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00+00:00"


@pytest.mark.parametrize(("number", "text"), [("1.50", "1.5"), ("100", "100"), ("1E+3", "1000"), ("-0.10", "-0.1")])
def test_written(number: str, text: str) -> None:
    assert written(Decimal(number)) == text
