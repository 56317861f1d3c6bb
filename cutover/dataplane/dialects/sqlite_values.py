"""
SQLite's values as columns of Polars, and back.

A SQLite column may hold values of any class, whatever it was declared as. What is wanted of a
column decides how each value is taken; a value that cannot be taken exactly is reported, never changed.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from cutover.dataplane.dialects.protocol import Key, Read

#: Rows that live as tuples at the same time.
_BATCH = 500

#: Beyond it a float has gaps between whole numbers.
EXACT = 2**53

_DIGITS = re.compile(r"(?:0|-?[1-9][0-9]*)\Z")
_SIZE = re.compile(r"\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")


class Undecodable(bytes):
    """A stored text that is no UTF-8."""


# from SQLite


def fetch(driver: sqlite3.Connection, statement: str) -> list[list[Any]]:
    """All columns. Texts that are no UTF-8 come as Undecodable; only then is every text decoded one by one."""
    try:
        return _columns(driver.execute(statement))
    except sqlite3.OperationalError as error:
        if "decode to UTF-8" not in str(error):
            raise
    before, driver.text_factory = driver.text_factory, _decoded
    try:
        return _columns(driver.execute(statement))
    finally:
        driver.text_factory = before


def _columns(cursor: sqlite3.Cursor) -> list[list[Any]]:
    """
    Rows turned into columns a few at a time.

    Python's collector looks through everything there is each time 700 tuples more are alive: a third of the time of
    a large `fetchall` (336,776 rows of 18 columns: 1.7 s, so 1.0 s).
    """
    columns: list[list[Any]] = [[] for _ in cursor.description]
    while rows := cursor.fetchmany(_BATCH):
        for column, values in zip(columns, zip(*rows, strict=True), strict=True):
            column.extend(values)
    return columns


def _decoded(raw: bytes) -> str | Undecodable:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return Undecodable(raw)


def as_read(columns: Sequence[Sequence[Any]], dtypes: Sequence[pl.DataType | None]) -> Read:
    """Columns `c0`, `c1` … of what was fetched."""
    frame: list[pl.Series] = []
    unreadable: dict[str, pl.Series] = {}
    for number, (values, wanted) in enumerate(zip(columns, dtypes, strict=True)):
        name = f"c{number}"
        series, problems = _series(name, values, wanted)
        frame.append(series)
        if problems:
            unreadable[name] = pl.Series(name, [problems.get(row) for row in range(len(values))], dtype=pl.String)
    return Read(frame=pl.DataFrame(frame), unreadable=unreadable)


def _series(name: str, values: Sequence[Any], wanted: pl.DataType | None) -> tuple[pl.Series, dict[int, str]]:
    classes = set(map(type, values)) - {type(None)}
    wanted = dtype_of_python(classes) if wanted is None else wanted
    dtype, accepted, take = _way(wanted)
    if classes <= accepted:
        return pl.Series(name, values, dtype=dtype), {}
    taken: list[Any] = []
    problems: dict[int, str] = {}
    for row, value in enumerate(values):
        exact = None if value is None else take(value)
        if exact is None and value is not None:
            problems[row] = shown(value)
        taken.append(exact)
    return pl.Series(name, taken, dtype=dtype), problems


def _way(wanted: pl.DataType) -> tuple[pl.DataType, set[type], Callable[[Any], Any]]:
    """The type a column is read in, the Python classes that go there unseen, and how any other value is taken."""
    if wanted.is_integer() or wanted == pl.Boolean:
        return pl.Int64(), {int}, _whole
    if wanted.is_float():
        return pl.Float64(), {float}, _float
    if wanted == pl.Binary:
        return pl.Binary(), {bytes}, _bytes
    return pl.String(), {str}, _text


def _whole(value: Any) -> int | None:
    if isinstance(value, int):
        return value
    if isinstance(value, float):  # an integer beyond 64 bits lies there as a float, and its last digits are gone
        return int(value) if value.is_integer() and abs(value) <= EXACT else None
    if isinstance(value, str) and _DIGITS.match(value):
        number = int(value)
        return number if -(2**63) <= number < 2**63 else None
    return None


def _float(value: Any) -> float | None:
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        return float(value) if abs(value) <= EXACT else None
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return None
        return number if math.isfinite(number) and value in (repr(number), str(int(number))) else None
    return None


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return repr(value) if isinstance(value, (int, float)) else None


def _bytes(value: Any) -> bytes | None:
    return value if isinstance(value, bytes) and not isinstance(value, Undecodable) else None


def shown(value: Any) -> str:
    """A value as text for people."""
    if isinstance(value, Undecodable):
        return value.decode(errors="backslashreplace")
    return f"x'{value.hex()}'" if isinstance(value, bytes) else str(value)


def dtype_of_python(classes: set[type]) -> pl.DataType:
    """What to read values of these Python classes in."""
    names = {int: "integer", float: "real", str: "text", bytes: "blob", Undecodable: "text"}
    return dtype_of_classes({names[found] for found in classes})


def dtype_of_classes(classes: Iterable[str]) -> pl.DataType:
    """What to read values of these storage classes in; text where they are mixed or there are none."""
    found = set(classes) - {"null", ""}
    if found == {"integer"}:
        return pl.Int64()
    if found and found <= {"integer", "real"}:
        return pl.Float64()
    return pl.Binary() if found == {"blob"} else pl.String()


def declared(type_: str) -> pl.DataType | None:
    """The type that a declaration means: SQLite's own rules first, then the words that people use."""
    words = type_.upper()
    if "INT" in words:
        return pl.Int64()
    if any(part in words for part in ("CHAR", "CLOB", "TEXT")):
        return pl.String()
    if "BLOB" in words:
        return pl.Binary()
    if any(part in words for part in ("REAL", "FLOA", "DOUB")):
        return pl.Float64()
    if "BOOL" in words:
        return pl.Boolean()
    if "DATETIME" in words or "TIMESTAMP" in words:
        return pl.Datetime("us", "UTC" if "TZ" in words or "WITH TIME ZONE" in words else None)
    if "DATE" in words:
        return pl.Date()
    if "TIME" in words:
        return pl.Time()
    size = _SIZE.search(words)
    if size and any(part in words for part in ("DEC", "NUMERIC")) and int(size[1]) <= 38:
        return pl.Decimal(int(size[1]), int(size[2] or 0))
    return None


# keys


def literal(value: Key | None) -> str:
    """A value as SQL. Texts that are no UTF-8, or hold a NUL, go by their bytes."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ("9e999" if value > 0 else "-9e999")
    if isinstance(value, int):
        return str(value)
    raw = value.encode(errors="surrogateescape")
    if "\0" in value or raw != value.encode(errors="replace"):
        return f"CAST(X'{raw.hex()}' AS TEXT)"
    return "'" + value.replace("'", "''") + "'"


def groups(keys: Iterable[tuple[Any, int]], size: int) -> Iterator[tuple[Key, Key, int]]:
    """First key, last key and count of groups of `size` sorted keys (value, whether a text); equals stay together."""
    low: tuple[Any, int] | None = None
    last: tuple[Any, int] | None = None
    count = 0
    for key in keys:
        if low is not None and last is not None and count >= size and key != last:
            yield _as_key(low), _as_key(last), count
            low, count = None, 0
        low, last, count = key if low is None else low, key, count + 1
    if low is not None and last is not None:
        yield _as_key(low), _as_key(last), count


def _as_key(key: tuple[Any, int]) -> Key:
    value, is_text = key
    found: Key = value.decode(errors="surrogateescape") if is_text else value
    return found


# to SQLite


def unholdable(frame: pl.DataFrame) -> Mapping[str, pl.Expr]:
    """SQLite would turn NaN into NULL, and numbers beyond what it can count into rounded ones."""
    found: dict[str, pl.Expr] = {}
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if dtype.is_float():
            found[f"{name}:nan"] = column.is_nan()
        elif dtype.is_decimal():
            found[f"{name}:more than 15 digits"] = (
                column.cast(pl.String).str.replace_all(r"\D", "").str.len_bytes() > 15
            )
        elif dtype in (pl.UInt64, pl.Int128):
            found[f"{name}:more than 64 bits"] = (column > 2**63 - 1) | (column < -(2**63))
        elif isinstance(dtype, (pl.Datetime, pl.Time)):
            found[f"{name}:finer than microseconds"] = column.dt.nanosecond() % 1000 != 0
    return found


def storable(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Rows for the driver: decimals as digits, dates and times as ISO text, Booleans as 0 and 1."""
    return frame.select(_storable(name, dtype) for name, dtype in frame.schema.items()).rows()


def _storable(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.Boolean:
        return column.cast(pl.Int64)
    if isinstance(dtype, pl.Datetime):
        zone = "+00:00" if dtype.time_zone else ""
        instant = column.dt.convert_time_zone("UTC") if dtype.time_zone else column
        return instant.dt.strftime(f"%Y-%m-%d %H:%M:%S%.6f{zone}")
    if dtype == pl.Time:
        return column.dt.strftime("%H:%M:%S%.6f")  # a cast would drop what is less than a second
    if isinstance(dtype, (pl.Date, pl.Enum, pl.Categorical, pl.Decimal)):
        return column.cast(pl.String)
    return column


_FAILED = re.compile(r"(?P<kind>CHECK|UNIQUE|NOT NULL|FOREIGN KEY) constraint failed(?:: (?P<what>.*))?")
_MISFIT = re.compile(r"cannot store \w+ value in \w+ column (?P<what>.*)")
_NAME = re.compile(r"\w+")
_NAMED = {"UNIQUE": "UniqueViolation", "NOT NULL": "NotNullViolation", "FOREIGN KEY": "ForeignKeyViolation"}


def rule_of(message: str) -> str:
    """
    Which rule a row breaks, from what SQLite says: `target:CONSTRAINT`, in PostgreSQL's words where there is no name.

    SQLite names a check that has a name and says the expression of one that has none; of the others it says columns.
    """
    if misfit := _MISFIT.fullmatch(message):
        return f"target:DatatypeMismatch({_bare(misfit['what'])})"
    found = _FAILED.fullmatch(message)
    if found is None:
        return message  # of a trigger: its author wrote it for people
    what = found["what"] or ""
    if found["kind"] == "CHECK":
        return f"target:{what}" if _NAME.fullmatch(what) else f"target:CheckViolation({what})"
    if what.startswith("index "):
        return f"target:{what.removeprefix('index ').strip(chr(39))}"
    return f"target:{_NAMED[found['kind']]}({_bare(what)})" if what else f"target:{_NAMED[found['kind']]}"


def _bare(columns: str) -> str:
    """`thing.a, thing.b` without the table, which is known."""
    return ", ".join(column.rpartition(".")[2] for column in columns.split(", "))
