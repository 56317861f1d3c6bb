"""What Pandera would do silently otherwise is refused when the validator is loaded, with a sentence."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest
from pandera.engines import polars_engine

from cutover.validation import Contract, ValidatorError
from tests.unit.validation.models import contract_of

C = pa.Check


def in_range(data: Any) -> pl.LazyFrame:
    """A custom check that has, unluckily, the name of a built-in one."""
    return data.lazyframe.select(pl.col(data.key) > 0)


@pytest.mark.parametrize(
    ("columns", "more", "says"),
    [
        ({"a": pa.Column(int)}, {"coerce": True}, "coerce changes values"),
        ({"a": pa.Column(int, coerce=True)}, {}, "column 'a' has coerce"),
        ({"a": pa.Column(int)}, {"drop_invalid_rows": True}, "drop_invalid_rows loses rows"),
        ({"a": pa.Column(int)}, {"add_missing_columns": True}, "invents values"),
        ({"a": pa.Column(int, default=1)}, {}, "has a default"),
        ({"a": pa.Column(int)}, {"strict": "filter"}, "drops columns"),
        ({}, {}, "has no columns"),
        ({"a": pa.Column()}, {}, "column 'a' has no type"),
        ({"a": pa.Column(pl.Decimal)}, {}, "Decimal without precision and scale"),
        ({"a": pa.Column(pl.List(pl.Int64))}, {}, "which no column of a database has"),
        ({"a": pa.Column(polars_engine.DateTime(time_zone_agnostic=True))}, {}, "leaves its time zone open"),
        ({"^a$": pa.Column(int)}, {}, "has a name that stands for something else"),
        ({"check_output": pa.Column(int)}, {}, "has a name that stands for something else"),
        ({"a": pa.Column(str, C.str_matches("a|b"))}, {}, "write ^(?:a|b)$"),
        (
            {"a": pa.Column(str, C.str_matches(re.compile("a", re.IGNORECASE)))},
            {},
            "the flags of pattern 'a' are not used",
        ),
        ({"a": pa.Column(pl.Decimal(12, 2), C.ge(0.1))}, {}, "write Decimal('0.1')"),
        ({"a": pa.Column(pl.Decimal(12, 2), C.isin([0.5]))}, {}, "write Decimal('0.5')"),
        ({"a": pa.Column(int, C(lambda data: data.lazyframe, groupby="a"))}, {}, "has groupby"),
        ({"a": pa.Column(int, C(in_range))}, {}, "is named like a built-in check"),
    ],
)
def test_trap(columns: dict[str, pa.Column], more: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidatorError) as wrong:
        contract_of(columns, **more)

    assert says in str(wrong.value)


@pytest.mark.parametrize("pattern", ["^(a|b)$", "[|]", r"a\|b", "^(?:a|b)c$"])
def test_an_alternative_inside_something_is_no_trap(pattern: str) -> None:
    assert contract_of({"a": pa.Column(str, C.str_matches(pattern))}).rules


@pytest.mark.parametrize(
    "column",
    [
        pa.Column(str, C.str_contains("a(?<=b)")),
        pa.Column(str, C.str_matches("^a(?=b)")),
        pa.Column(str, C.ge(1)),
        pa.Column(int, C.isin(["a"])),
        pa.Column(pl.Datetime("us", "UTC"), C.ge(datetime(2026, 1, 1))),  # noqa: DTZ001 — that is the trap
        pa.Column(int, C(lambda data: data.lazyframe.select(pl.col("other") > 1))),
        pa.Column(int, C(lambda data: data.lazyframe.select(pl.col("a") + 1))),
        pa.Column(int, C(lambda data: 1 / 0)),
    ],
    ids=["look-behind", "look-ahead", "types", "set", "naive bound", "column", "no verdict", "crash"],
)
def test_a_rule_that_cannot_work_fails_when_it_is_loaded(column: pa.Column) -> None:
    with pytest.raises(ValidatorError):
        contract_of({"a": column})


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(ValidatorError) as wrong:
        contract_of({"a": pa.Column(), "b": pa.Column(int, coerce=True)}, drop_invalid_rows=True)

    assert str(wrong.value).count(";") == 2


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({"references": {"nobody": "t.c"}}, "names column 'nobody'"),
        ({"references": {"a": "t"}}, "is not understood"),
        ({"references": ["a"]}, "must be a dictionary"),
        ({"references": {("a", "b"): "t.c"}}, "is not understood"),
    ],
)
def test_a_reference_that_cannot_be(metadata: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidatorError, match=re.escape(says)):
        contract_of({"a": pa.Column(int), "b": pa.Column(int)}, metadata)


def test_a_unique_column_that_is_not_there() -> None:
    """Pandera would drop it from the key and find duplicates that are none."""
    with pytest.raises(ValidatorError, match="names column 'nope'"):
        contract_of({"a": pa.Column(int)}, unique=["a", "nope"])


def test_decimal_bounds_are_compared_exactly() -> None:
    contract: Contract = contract_of({"a": pa.Column(pl.Decimal(12, 2), C.ge(Decimal("0.10")))})

    assert [rule.id for rule in contract.rules] == ["a:not_null", "a:greater_than_or_equal_to(0.10)"]
