"""The numbers that the reference project declares, measured by SQL on the source."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]

MEASURED = [
    ("flights", "SELECT count(*) FROM flights", 336_776),
    ("weather observations", "SELECT count(*) FROM weather", 26_115),
    ("aircraft", "SELECT count(*) FROM planes", 3_322),
    ("airports", "SELECT count(*) FROM airports", 1_458),
    ("airlines", "SELECT count(*) FROM airlines", 16),
    ("flights without a tail number", "SELECT count(*) FROM flights WHERE tailnum IS NULL", 2_512),
    (
        "flights whose tail number is not among the planes",
        "SELECT count(*) FROM flights WHERE tailnum NOT IN (SELECT tailnum FROM planes)",
        50_094,
    ),
    (
        "flights to an airport that is not in the register",
        "SELECT count(*) FROM flights WHERE dest NOT IN (SELECT faa FROM airports)",
        7_602,
    ),
    (
        "flights from an airport that is not in the register",
        "SELECT count(*) FROM flights WHERE origin NOT IN (SELECT faa FROM airports)",
        0,
    ),
    ("flights that never left", "SELECT count(*) FROM flights WHERE dep_time IS NULL", 8_255),
    (
        "flights that left and were not timed",
        "SELECT count(*) FROM flights WHERE dep_time IS NOT NULL AND air_time IS NULL",
        1_175,
    ),
    ("airports without a time zone", "SELECT count(*) FROM airports WHERE tzone IS NULL", 3),
    ("winds faster than any ever measured", "SELECT count(*) FROM weather WHERE wind_speed > 253", 1),
    ("departures at midnight written as 2400", "SELECT count(*) FROM flights WHERE dep_time = 2400", 29),
    ("arrivals at midnight written as 2400", "SELECT count(*) FROM flights WHERE arr_time = 2400", 150),
]


@pytest.fixture
def old(legacy_database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{legacy_database}?mode=ro", uri=True)) as connection:
        yield connection


def one(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])


def flight_mapping() -> dict[str, Any]:
    document = YAML(typ="safe", pure=True).load(ROOT / "migrations" / "flights.yaml")
    return next(table for table in document["tables"] if table["table"] == "flight")


@pytest.mark.parametrize(("sql", "expected"), [m[1:] for m in MEASURED], ids=[m[0] for m in MEASURED])
def test_measured_by_sql(old: sqlite3.Connection, sql: str, expected: int) -> None:
    assert one(old, sql) == expected


def test_signed_exception_covers_exactly_what_it_says(old: sqlite3.Connection) -> None:
    (exception,) = flight_mapping()["exclude"]
    assert one(old, f"SELECT count(*) FROM flights WHERE {exception['when']}") == exception["at_most"]


def test_nulled_tail_numbers_are_exactly_as_many_as_declared(old: sqlite3.Connection) -> None:
    """Counted among the rows that are copied: the excluded flights' tail numbers are not this rule's business."""
    mapping = flight_mapping()
    nulled, (exception,) = mapping["columns"]["tail_number"], mapping["exclude"]
    copied = f"SELECT count(*) FROM flights WHERE {nulled['null_when']} AND NOT ({exception['when']})"
    assert one(old, copied) == nulled["at_most"] == 48_693


def test_the_new_system_s_unique_keys_hold_in_the_old(old: sqlite3.Connection) -> None:
    doubled = "SELECT count(*) FROM (SELECT 1 FROM {} GROUP BY {} HAVING count(*) > 1)"
    assert one(old, doubled.format("flights", "carrier, flight, year, month, day, sched_dep_time")) == 0
    assert one(old, doubled.format("weather", "origin, time_hour")) == 0


def test_weather_is_not_unique_by_local_hour(old: sqlite3.Connection) -> None:
    """Why `observed_at` comes from the UTC text: the hour that autumn repeats, at three airports."""
    doubled = "SELECT count(*) FROM (SELECT 1 FROM weather GROUP BY origin, year, month, day, hour HAVING count(*) > 1)"
    assert one(old, doubled) == 3
