from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.dataplane.casting import NoCast, cast

UTC_TIME = pl.Datetime("us", "UTC")


def become(values: list[Any], have: pl.DataType, want: pl.DataType) -> list[Any]:
    """Each value after the cast; the word `lost` where it would be lost."""
    new, failed = cast(pl.col("v"), have, want)
    found = pl.DataFrame({"v": values}, schema={"v": have}).select(new.alias("new"), failed.alias("failed"))
    return ["lost" if failed else value for value, failed in found.rows()]


def test_whole_numbers_are_spelled_one_way() -> None:
    spelled = ["12", "-7", "0", "007", "+5", " 5", "5.0", "1e3", "", "-0", "32768", None]

    assert become(spelled, pl.String(), pl.Int16()) == [12, -7, 0, *["lost"] * 8, None]


def test_decimals_are_never_rounded() -> None:
    spelled = ["1.10", "1.2300", "-0.05", "5", "1.239", ".5", "1e3", "1,5", "12345678901.00", "NaN", None]

    assert become(spelled, pl.String(), pl.Decimal(10, 2)) == [
        Decimal("1.10"), Decimal("1.23"), Decimal("-0.05"), Decimal("5.00"), *["lost"] * 6, None
    ]  # fmt: skip


def test_texts_become_floats_that_mean_the_same() -> None:
    """More digits than a float tells apart are only taken when they are the float's own."""
    spelled = ["0.1", "1.50", "-2e-3", "0.1000000000000000055", "0.30000000000000004", "1e999", "1e-999", "inf", "0,5"]

    assert become(spelled, pl.String(), pl.Float64()) == [
        0.1, 1.5, -0.002, "lost", 0.30000000000000004, *["lost"] * 4
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("have", "want", "values", "expected"),
    [
        (pl.Float64(), pl.Int64(), [1.0, 1.9, float("nan"), 1e20, None], [1, "lost", "lost", "lost", None]),
        (pl.Int64(), pl.Int32(), [1, 2**40], [1, "lost"]),
        (pl.Int64(), pl.Float64(), [2**53, 2**53 + 1], [2.0**53, "lost"]),
        (pl.Int64(), pl.Boolean(), [0, 1, 2, None], [False, True, "lost", None]),
        (pl.Float64(), pl.Decimal(10, 2), [1.15, 0.125, 1e9, 99999999.999], [Decimal("1.15"), *["lost"] * 3]),
        (pl.Float64(), pl.Float32(), [0.5, 0.1], [0.5, "lost"]),
        (pl.Int64(), pl.Decimal(4, 2), [7, 700], [Decimal("7.00"), "lost"]),
        (pl.Boolean(), pl.Int16(), [True, None], [1, None]),
        (pl.Int64(), pl.String(), [-5, None], ["-5", None]),
        (pl.String(), pl.Boolean(), ["true", "f", "1", "yes", ""], [True, False, True, "lost", "lost"]),
        (pl.String(), pl.Enum(["a"]), ["a", "b"], ["a", "lost"]),
        (pl.Datetime("us"), pl.Date(), [datetime(2026, 1, 2), datetime(2026, 1, 2, 3)], [date(2026, 1, 2), "lost"]),  # noqa: DTZ001
        (pl.Time(), pl.String(), [time(1, 2, 3, 4)], ["01:02:03.000004"]),
    ],
)
def test_what_does_not_survive_there_and_back_is_lost(
    have: pl.DataType, want: pl.DataType, values: list[Any], expected: list[Any]
) -> None:
    assert become(values, have, want) == expected


def test_dates_and_times_are_iso() -> None:
    assert become(["2026-02-28", "2026-02-30", "28.2.2026", "2026-2-1"], pl.String(), pl.Date()) == [
        date(2026, 2, 28), "lost", "lost", "lost"
    ]  # fmt: skip
    assert become(["01:02:03", "24:00:00", "1:02:03"], pl.String(), pl.Time()) == [time(1, 2, 3), "lost", "lost"]


def test_an_instant_needs_its_zone() -> None:
    spelled = ["2026-01-01T10:00:00Z", "2026-01-01 10:00:00.5+02:00", "2026-01-01 10:00:00+02", "2026-01-01 10:00:00"]

    assert become(spelled, pl.String(), UTC_TIME) == [
        datetime(2026, 1, 1, 10, tzinfo=UTC),
        datetime(2026, 1, 1, 8, 0, 0, 500000, tzinfo=UTC),
        datetime(2026, 1, 1, 8, tzinfo=UTC),
        "lost",
    ]


def test_a_time_without_zone_has_none() -> None:
    spelled = [
        "2026-01-01 10:00:00",
        "2026-01-01T10:00:00.123456",
        "2026-01-01 10:00:00.1234567",
        "2026-01-01 10:00:00Z",
    ]

    assert become(spelled, pl.String(), pl.Datetime("us")) == [
        datetime(2026, 1, 1, 10),  # noqa: DTZ001
        datetime(2026, 1, 1, 10, 0, 0, 123456),  # noqa: DTZ001
        "lost",
        "lost",
    ]


@pytest.mark.parametrize(
    ("have", "want"),
    [
        (pl.Datetime("us"), UTC_TIME),
        (UTC_TIME, pl.Datetime("us")),
        (UTC_TIME, pl.Date()),
        (pl.Int64(), pl.Date()),
        (pl.Int64(), UTC_TIME),
        (pl.Binary(), pl.String()),
        (pl.String(), pl.List(pl.String())),
    ],
)
def test_what_is_not_certain_is_no_cast(have: pl.DataType, want: pl.DataType) -> None:
    with pytest.raises(NoCast, match="by itself") as told:
        cast(pl.col("v"), have, want)

    assert "`python:`" in told.value.hint


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_every_whole_number_survives_as_text(numbers: list[int]) -> None:
    texts = become(numbers, pl.Int64(), pl.String())

    assert become(texts, pl.String(), pl.Int64()) == numbers


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_no_float_is_changed_in_silence_on_its_way_through_a_decimal(numbers: list[float]) -> None:
    decimals = become(numbers, pl.Float64(), pl.Decimal(38, 6))

    assert all(found == "lost" or float(found) == number for found, number in zip(decimals, numbers, strict=True))
