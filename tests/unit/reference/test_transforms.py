"""The reference project's clock arithmetic, at the places where clocks are odd."""

from __future__ import annotations

import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

FILE = Path(__file__).parents[3] / "migrations" / "transforms.py"


@pytest.fixture(scope="module")
def transforms() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_transforms", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SCHEMA = {
    "year": pl.Int64,
    "month": pl.Int64,
    "day": pl.Int64,
    "sched_dep_time": pl.Int64,
    "dep_delay": pl.Int64,
    "sched_arr_time": pl.Int64,
    "arr_time": pl.Int64,
    "arr_delay": pl.Int64,
    "zone": pl.String,
}


def flight(day: tuple[int, int], departs: int, arrives: int, zone: str | None, **more: Any) -> dict[str, Any]:
    month, dom = day
    row: dict[str, Any] = dict.fromkeys(SCHEMA)
    return row | {
        "year": 2013, "month": month, "day": dom, "sched_dep_time": departs, "sched_arr_time": arrives, "zone": zone
    } | more  # fmt: skip


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA)


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2013, month, day, hour, minute, tzinfo=UTC)


NEW_YORK, LOS_ANGELES, HONOLULU = "America/New_York", "America/Los_Angeles", "Pacific/Honolulu"


def test_departure_is_local_to_new_york_in_winter_and_summer(transforms: ModuleType) -> None:
    rows = frame(flight((1, 1), 517, 819, NEW_YORK), flight((7, 1), 517, 819, NEW_YORK))
    assert transforms.scheduled_departure(rows).to_list() == [utc(1, 1, 10, 17), utc(7, 1, 9, 17)]


def test_delay_carries_a_departure_over_midnight_and_a_new_year(transforms: ModuleType) -> None:
    rows = frame(flight((12, 31), 2359, 400, NEW_YORK, dep_delay=1301))
    assert transforms.actual_departure(rows).to_list() == [datetime(2014, 1, 1, 4, 59, tzinfo=UTC) + _minutes(1301)]


def test_a_cancelled_flight_has_no_actual_times(transforms: ModuleType) -> None:
    rows = frame(flight((1, 1), 600, 900, NEW_YORK))
    assert transforms.actual_departure(rows).to_list() == [None]
    assert transforms.actual_arrival(rows).to_list() == [None]


def test_arrival_is_local_to_the_destination(transforms: ModuleType) -> None:
    rows = frame(flight((1, 1), 900, 1210, LOS_ANGELES), flight((1, 1), 900, 1430, HONOLULU))
    assert transforms.scheduled_arrival(rows).to_list() == [utc(1, 1, 20, 10), utc(1, 2, 0, 30)]


def test_arrival_rolls_over_to_the_next_day(transforms: ModuleType) -> None:
    rows = frame(flight((1, 1), 2200, 130, NEW_YORK))
    assert transforms.scheduled_arrival(rows).to_list() == [utc(1, 2, 6, 30)]


def test_2400_is_the_midnight_that_ends_the_day(transforms: ModuleType) -> None:
    rows = frame(flight((1, 1), 2100, 2400, NEW_YORK))
    assert transforms.scheduled_arrival(rows).to_list() == [utc(1, 2, 5)]


def test_hour_that_spring_leaves_out_is_read_on_the_clock_not_put_forward(transforms: ModuleType) -> None:
    rows = frame(flight((3, 9), 2359, 230, NEW_YORK))
    assert transforms.scheduled_arrival(rows).to_list() == [utc(3, 10, 7, 30)]


def test_hour_that_autumn_repeats_means_its_first_pass(transforms: ModuleType) -> None:
    rows = frame(flight((11, 2), 2359, 130, NEW_YORK))
    assert transforms.scheduled_arrival(rows).to_list() == [utc(11, 3, 5, 30)]


def test_a_diverted_flight_arrives_at_the_first_such_time_after_it_left(transforms: ModuleType) -> None:
    rows = frame(flight((1, 1), 900, 1100, NEW_YORK, dep_delay=30, arr_time=115))
    assert transforms.actual_arrival(rows).to_list() == [utc(1, 2, 6, 15)]


def test_a_destination_without_zone_has_no_arrival(transforms: ModuleType) -> None:
    rows = frame(flight((1, 1), 900, 1100, None), flight((1, 1), 900, 1100, NEW_YORK))
    assert transforms.scheduled_arrival(rows).to_list() == [None, utc(1, 1, 16)]


def test_order_of_rows_is_kept_across_zones(transforms: ModuleType) -> None:
    zones = [NEW_YORK, LOS_ANGELES, HONOLULU, NEW_YORK, LOS_ANGELES]
    rows = frame(*(flight((1, 1), 900 + minute, 1430, zone) for minute, zone in enumerate(zones)))
    hours = [arrival.hour for arrival in transforms.scheduled_arrival(rows)]
    assert hours == [19, 22, 0, 19, 22]


def test_an_empty_chunk_gives_an_empty_column(transforms: ModuleType) -> None:
    assert transforms.actual_arrival(frame()).dtype == pl.Datetime("us", "UTC")
    assert transforms.actual_arrival(frame()).len() == 0


def test_weather_hour_is_utc_text(transforms: ModuleType) -> None:
    rows = pl.DataFrame({"time_hour": ["2013-01-01T06:00:00Z", None]})
    assert transforms.observed_at(rows).to_list() == [utc(1, 1, 6), None]


def _minutes(count: int) -> Any:
    from datetime import timedelta

    return timedelta(minutes=count)
