"""Where the contract suites of the dialects stand on: every kind of database, and a table in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from cutover.dataplane.database import Database
from tests.fixtures.databases import fill

KINDS = ["sqlite", "postgresql"]

TABLE = """
CREATE TABLE thing (
    id BIGINT PRIMARY KEY, name TEXT NOT NULL, price NUMERIC(12, 2), weight DOUBLE PRECISION, flag BOOLEAN,
    day DATE, raw {bytes},
    CONSTRAINT price_positive CHECK (price > 0)
);
"""
BYTES = {"sqlite": "BLOB", "postgresql": "bytea"}


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, make_database: Callable[..., Database]) -> Database:
    return make_database(request.param)


@pytest.fixture
def thing(database: Database) -> Database:
    """A database with the table `thing`."""
    return fill(database, TABLE.format(bytes=BYTES[database.dialect.name]))


THINGS = pl.DataFrame(
    {
        "id": [1, 2**62, -5],
        "name": ["a", "ß \"quoted\", 'and' \\N \\.\n\r\t", ""],
        "price": pl.Series([Decimal("1.10"), Decimal("1234567890.05"), None], dtype=pl.Decimal(12, 2)),
        "weight": [0.1, None, -1e300],
        "flag": [True, False, None],
        "day": [date(2026, 11, 2), date(9999, 12, 31), None],
        "raw": [b"\x00\xff", b"", None],
    }
)


def write(database: Database, table: str, frame: pl.DataFrame) -> int:
    with database.begin() as connection:
        return database.dialect.write(connection, table, frame)


def read(database: Database, statement: str, *dtypes: pl.DataType) -> pl.DataFrame:
    with database.connect() as connection:
        found = database.dialect.read(connection, statement, dtypes)
    assert not found.unreadable
    return found.frame
