"""Good rows and bad rows, all reasons, and nothing a chunk cannot know."""

from __future__ import annotations

import math
from typing import Any

import pandera.polars as pa
import polars as pl
import pytest

from cutover.validation import RuleCrashed, RuleKind, SchemaMismatch, split
from tests.unit.validation.models import contract_of

C = pa.Check


def test_a_bad_row_carries_all_its_reasons() -> None:
    contract = contract_of(
        {"a": pa.Column(pl.Int64, C.ge(1)), "b": pa.Column(pl.String, C.isin(["x"], error="letter"))}
    )
    frame = pl.DataFrame({"a": [1, 0, None], "b": ["x", "y", "x"]}, schema={"a": pl.Int64, "b": pl.String})

    found = split(contract, frame)

    assert found.good.rows() == [(1, "x")]
    assert found.bad.rows() == [
        (0, "y", 1, ["a:greater_than_or_equal_to(1)", "b:letter"]),
        (None, "x", 2, ["a:not_null"]),
    ]
    assert found.bad.schema == {"a": pl.Int64, "b": pl.String, "_row": pl.Int64, "_reasons": pl.List(pl.String)}
    assert found.counts == {"a:not_null": 1, "a:greater_than_or_equal_to(1)": 1, "b:letter": 1}


def test_all_good_keeps_the_shape_of_bad() -> None:
    found = split(contract_of({"a": pa.Column(pl.Int64)}), pl.DataFrame({"a": [1]}))

    assert found.good.height == 1 and found.bad.height == 0
    assert found.bad.columns == ["a", "_row", "_reasons"]


def test_an_empty_chunk() -> None:
    found = split(contract_of({"a": pa.Column(pl.Int64, C.ge(1))}), pl.DataFrame(schema={"a": pl.Int64}))

    assert found.good.height == found.bad.height == 0 and found.counts == {}


def test_more_rules_than_fit_into_one_bit_set() -> None:
    contract = contract_of({f"c{n}": pa.Column(pl.Int64, C.ge(1)) for n in range(80)})
    frame = pl.DataFrame({f"c{n}": [1, 0 if n in (0, 63, 79) else 1] for n in range(80)})

    assert split(contract, frame).bad["_reasons"].to_list() == [
        [f"c{n}:greater_than_or_equal_to(1)" for n in (0, 63, 79)]
    ]


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ({"a": [1]}, "column 'b' is missing"),
        ({"a": [1], "b": ["x"], "c": [1]}, "column 'c' is not in the validator"),
        ({"b": ["x"], "a": [1]}, "columns stand in the order b, a"),
        ({"a": ["1"], "b": ["x"]}, "column 'a' is String, the validator says Int64"),
    ],
)
def test_other_columns_stop_the_table(frame: dict[str, list[Any]], says: str) -> None:
    contract = contract_of({"a": pa.Column(pl.Int64), "b": pa.Column(pl.String)}, strict=True, ordered=True)

    with pytest.raises(SchemaMismatch, match=says):
        split(contract, pl.DataFrame(frame))


def test_an_optional_column_may_be_missing() -> None:
    contract = contract_of({"a": pa.Column(pl.Int64), "b": pa.Column(pl.Int64, C.ge(1), required=False)})

    assert split(contract, pl.DataFrame({"a": [1]})).good.height == 1


def test_not_a_number_is_no_value() -> None:
    found = split(contract_of({"a": pa.Column(pl.Float64)}), pl.DataFrame({"a": [1.0, math.nan]}))

    assert found.bad["_reasons"].to_list() == [["a:not_null"]]


def test_a_warning_is_counted_and_keeps_the_row() -> None:
    contract = contract_of({"a": pa.Column(pl.Int64, C.ge(10, raise_warning=True))})

    found = split(contract, pl.DataFrame({"a": [1, 20]}))

    assert found.good.height == 2
    assert found.counts == {"a:greater_than_or_equal_to(10)": 1}


def test_a_null_verdict_passes_unless_it_says_otherwise() -> None:
    kind = C(lambda data: data.lazyframe.select(pl.col("a") > 0), name="lenient")
    strict = C(lambda data: data.lazyframe.select(pl.col("a") > 0), name="strict", ignore_na=False)

    found = split(contract_of({"a": pa.Column(pl.Int64, [kind, strict], nullable=True)}), _frame([None]))

    assert found.bad["_reasons"].to_list() == [["a:strict"]]


def test_bytes_that_are_no_text() -> None:
    """Pandera panics on them when a rule of the row is broken."""
    contract = contract_of(
        {"a": pa.Column(pl.Int64), "b": pa.Column(pl.Binary)},
        checks=C(lambda data: data.lazyframe.select(pl.col("a") > 1), name="big"),
    )
    frame = pl.DataFrame({"a": [1, 2], "b": [b"\xff\xfe", b"\x00"]})

    found = split(contract, frame)

    assert found.bad.select("b", "_reasons").rows() == [(b"\xff\xfe", ["row:big"])]


def test_a_check_on_single_values() -> None:
    contract = contract_of(
        {"a": pa.Column(pl.Int64, C(lambda value: str(value) == "1", element_wise=True, name="one"))}
    )

    assert split(contract, _frame([1, 2])).bad["_row"].to_list() == [1]


@pytest.mark.parametrize(
    "expression",
    [
        pl.col("a").sum() > 100,
        pl.col("a") > pl.col("a").mean(),
        pl.col("a").is_duplicated().not_(),
        pl.col("a").cum_sum() > 0,
        pl.col("a") > pl.col("a").shift(1),
        pl.col("a") > pl.col("a").mean().over("a"),
        pl.len() > 10,
        pl.lit(value=False),
        pl.col("a").map_batches(lambda series: series > 100),
    ],
    ids=["sum", "mean", "duplicates", "running", "shift", "window", "length", "constant", "function"],
)
def test_what_looks_at_other_rows_never_quarantines_one(expression: pl.Expr) -> None:
    contract = contract_of({"a": pa.Column(pl.Int64, C(lambda data: data.lazyframe.select(expression), name="all"))})

    assert split(contract, _frame([1, 1, 2])).bad.height == 0
    assert [(rule.id, rule.kind) for rule in contract.table_rules] == [("a:all", RuleKind.TABLE)]


def test_a_check_that_collects_the_frame_is_judged_over_the_table() -> None:
    def odd(data: Any) -> pl.LazyFrame:
        return data.lazyframe.collect().lazy().select(pl.col("a") > 100)

    contract = contract_of({"a": pa.Column(pl.Int64, C(odd, name="odd"))})

    assert split(contract, _frame([1])).bad.height == 0
    assert [rule.id for rule in contract.table_rules] == ["a:odd"]


def test_a_rule_that_breaks_down_says_nothing_about_the_rows() -> None:
    cast = C(lambda data: data.lazyframe.select(pl.col("a").cast(pl.Int64) > 0), name="number")
    contract = contract_of({"a": pa.Column(pl.String, cast)})

    with pytest.raises(RuleCrashed):
        split(contract, pl.DataFrame({"a": ["x"]}))


def test_equal_rules_have_different_names() -> None:
    contract = contract_of({"a": pa.Column(pl.Int64, [C.ge(1), C.ge(1)])})

    assert [rule.id for rule in contract.rules][1:] == [
        "a:greater_than_or_equal_to(1)",
        "a:greater_than_or_equal_to(1)#2",
    ]


def test_a_large_set_does_not_become_the_name_of_a_rule() -> None:
    contract = contract_of({"a": pa.Column(pl.Int64, C.isin(list(range(10_000))))})

    assert len(contract.rules[1].id) <= 82


def _frame(values: list[int | None]) -> pl.DataFrame:
    return pl.DataFrame({"a": values}, schema={"a": pl.Int64})
