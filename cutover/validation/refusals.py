"""
What a validator may not contain: it would mean one thing in flight and another in the target, or nothing at all.

Each problem is one clause of a sentence. Called by `compiling` before anything is compiled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.api.checks import Check

from cutover.validation.pandera_checks import arguments_of, builtin_of, function_name_of

#: Types whose values have one canonical text and a place in a database column.
TYPES: tuple[type[pl.DataType], ...] = (
    *(pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64),
    *(pl.Float32, pl.Float64, pl.Decimal, pl.Boolean, pl.String, pl.Binary, pl.Enum),
    *(pl.Date, pl.Datetime, pl.Time, pl.Duration),
)

#: Used by the verdicts themselves, or by Pandera inside its checks.
_TAKEN = frozenset({"_row", "_reasons", "check_output"})

_BOUNDS = ("min_value", "max_value", "value")


def problems_of(schema: pa.DataFrameSchema) -> list[str]:
    """Everything in `schema` that cannot be kept as a promise; empty when it can be used."""
    found = [*_of_schema(schema)]
    for column, field in schema.columns.items():
        found += [f"column {column!r} {problem}" for problem in _of_column(column, field)]
        found += [f"column {column!r}: {problem}" for check in field.checks for problem in _of_check(check, field)]
    found += [problem for check in schema.checks for problem in _of_check(check, None)]
    return found


def _of_schema(schema: pa.DataFrameSchema) -> Iterator[str]:
    if not schema.columns:
        yield "it has no columns"
    if schema.coerce:
        yield "coerce changes values without a word (1.9 becomes 1): declare the conversion in the migration"
    if schema.drop_invalid_rows:
        yield "drop_invalid_rows loses rows: bad rows go to quarantine by themselves"
    if schema.add_missing_columns:
        yield "add_missing_columns invents values: map the column in the migration"
    if schema.strict == "filter":
        yield "strict='filter' drops columns: say strict=True or leave it out"
    if schema.parsers:
        yield "parsers change values: declare the change in the migration"
    if schema.dtype is not None:
        yield "a type for all columns at once is not supported: give every column its own"


def _of_column(column: str, field: Any) -> Iterator[str]:
    if column in _TAKEN or column.startswith("^") or field.regex:
        yield "has a name that stands for something else (a pattern or a column of the verdict)"
    if field.coerce:
        yield "has coerce, which changes values without a word: declare the conversion in the migration"
    if field.default is not None:
        yield "has a default, which invents values: declare it in the migration"
    if getattr(field, "parsers", None):
        yield "has parsers, which change values: declare the change in the migration"
    if field.dtype is None:
        yield "has no type"
    else:
        yield from _of_dtype(field.dtype)


def _of_dtype(declared: Any) -> Iterator[str]:
    dtype = declared.type
    kind = dtype if isinstance(dtype, type) else type(dtype)
    if kind not in TYPES:
        yield f"has the type {dtype}, which no column of a database has"
    elif kind is pl.Decimal and (dtype.precision, dtype.scale) == (28, 0):
        yield "is a Decimal without precision and scale, so without cents: write Annotated[pl.Decimal, 12, 2]"
    elif getattr(declared, "time_zone_agnostic", False):
        yield "leaves its time zone open: write Annotated[pl.Datetime, 'us', 'UTC']"


def _of_check(check: Any, field: Any) -> Iterator[str]:
    if not isinstance(check, Check):
        yield f"{check} is a statistical test, which is not a rule for rows"
        return
    if check.groupby:
        yield f"check {check.name!r} has groupby, which is not carried out on Polars frames"
    if not builtin_of(check):
        function = function_name_of(check)
        if Check.is_builtin_check(function):
            yield f"check function {function!r} is named like a built-in check, which would run instead: rename it"
        return
    yield from _of_pattern(check)
    if field is not None and field.dtype is not None and isinstance(field.dtype.type, pl.Decimal):
        yield from _of_decimal_bounds(check)


def _of_pattern(check: Any) -> Iterator[str]:
    pattern = arguments_of(check).get("pattern")
    if isinstance(pattern, re.Pattern):
        if pattern.flags & ~re.UNICODE:
            yield f"the flags of pattern {pattern.pattern!r} are not used: write them into it, such as (?i)"
        pattern = pattern.pattern
    if builtin_of(check) == "str_matches" and isinstance(pattern, str) and _has_bare_alternative(pattern):
        better = f"^(?:{pattern.removeprefix('^').removesuffix('$')})$"
        yield f"pattern {pattern!r} binds only its first alternative to the beginning: write {better}"


def _has_bare_alternative(pattern: str) -> bool:
    """Whether a `|` stands outside every group and class: `a|b`, not `(a|b)`, `[|]` or `\\|`."""
    depth, in_class, escaped = 0, False, False
    for sign in pattern:
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif in_class:
            in_class = sign != "]"
        elif sign == "[":
            in_class = True
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and depth == 0:
            return True
    return False


def _of_decimal_bounds(check: Any) -> Iterator[str]:
    given = [arguments_of(check).get(name) for name in _BOUNDS]
    for name in ("allowed_values", "forbidden_values"):
        given += list(arguments_of(check).get(name) or ())
    for value in given:
        if isinstance(value, float):
            yield f"bound {value!r} is a float and the column a Decimal: write Decimal('{value}')"
