"""Our verdicts are Pandera's verdicts: every row, every rule, on schemas and frames that nobody thought of."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl
from hypothesis import HealthCheck, given, settings
from pandera.errors import SchemaErrors

from cutover.validation.compiling import compile_schema
from cutover.validation.splitting import masks, split
from tests.unit.validation.made_up import cases


def verdicts_of_pandera(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> list[list[bool]]:
    """One mask per rule that is broken anywhere, TRUE = the row breaks it, in no order."""
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as broken:
        found = []
        for error in broken.schema_errors:
            assert error.check_output is not None, error
            output = error.check_output
            outputs = output.collect() if isinstance(output, pl.LazyFrame) else output
            found.append([not good for good in outputs.to_series()])
        return found
    return []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_the_same_rows_for_the_same_rules(case: tuple[pa.DataFrameSchema, pl.DataFrame]) -> None:
    schema, frame = case
    contract = compile_schema(schema, "made.py:Made", {})

    ours = [mask.to_list() for mask in masks(contract, frame) if mask.any()]

    assert sorted(ours) == sorted(verdicts_of_pandera(schema, frame))


@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_a_split_loses_nothing_and_counts_right(case: tuple[pa.DataFrameSchema, pl.DataFrame]) -> None:
    schema, frame = case
    found = split(compile_schema(schema, "made.py:Made", {}), frame)

    reasons = [reason for row in found.bad["_reasons"] for reason in row]

    assert found.good.height + found.bad.height == frame.height
    assert {rule: reasons.count(rule) for rule in set(reasons)} == found.counts
    assert frame[found.bad["_row"].to_list()].equals(found.bad.select(frame.columns))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_how_a_table_is_cut_into_chunks_does_not_matter(case: tuple[pa.DataFrameSchema, pl.DataFrame]) -> None:
    schema, frame = case
    contract = compile_schema(schema, "made.py:Made", {})

    pieces = [split(contract, frame[start : start + 5]).bad.drop("_row") for start in range(0, frame.height, 5)]

    whole = split(contract, frame).bad.drop("_row")
    assert pl.concat([whole.clear(), *pieces]).equals(whole)
