"""
Casts that lose nothing, or say which rows they would lose.

Used by the extraction (source types to the validator's types) and by the copy (the validator's types to the
target's). What is not certain is no cast at all: a text becomes a number only when it is spelled like one, a
time without a zone never becomes an instant.
"""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from cutover.errors import StepFailed

#: (the new column, a condition that is TRUE where a value would be lost or changed)
Cast = tuple[pl.Expr, pl.Expr]

_WHOLE = r"^(?:0|-?[1-9][0-9]*)$"
_FLOAT = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_CLOCK = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
_DATETIME = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T]{_CLOCK}$"
_INSTANT = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T]{_CLOCK}(?:Z|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)$"
_BOOLEANS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}

#: Every decimal number of so many digits has a float of its own.
_SAFE_DIGITS = 15

_SAY_HOW = "say how: with `sql:` or with `python:` in the migration"

_NEVER = pl.lit(False)


class NoCast(StepFailed):
    """There is no certain way from one type to another."""

    code: ClassVar[str] = "CUT-330"


def cast(column: pl.Expr, have: pl.DataType, want: pl.DataType) -> Cast:
    """`column` of the type `have` as `want`, and where it cannot be. NULL stays NULL, never lost. Raises NoCast."""
    new, failed = _cast(column, have, want)
    return new, failed.fill_null(value=False)


def _cast(column: pl.Expr, have: pl.DataType, want: pl.DataType) -> Cast:
    if have == want:
        return column, _NEVER
    if have == pl.Null:
        return column.cast(want), _NEVER
    if have == pl.String:
        return _from_text(column, want)
    if want == pl.String:
        return _to_text(column, have)
    if have == pl.Boolean and want.is_numeric():
        return column.cast(want), _NEVER
    if want == pl.Boolean and have.is_numeric():
        return column == 1, ~column.is_in([0, 1])
    if have.is_numeric() and want.is_numeric():
        return _and_back(column, have, want)
    if _is_time(have) and _is_time(want) and _zoned(have) == _zoned(want):
        return _and_back(column, have, want)
    if isinstance(have, pl.Enum | pl.Categorical) and isinstance(want, pl.Enum | pl.Categorical):
        return _or_null(column.cast(pl.String), column.cast(pl.String).cast(want, strict=False))
    raise NoCast(f"{have} does not become {want} by itself", hint=_SAY_HOW)


def _or_null(before: pl.Expr, after: pl.Expr) -> Cast:
    return after, before.is_not_null() & after.is_null()


def _and_back(column: pl.Expr, have: pl.DataType, want: pl.DataType) -> Cast:
    """A value that does not survive there and back is lost."""
    new = _held(column, have, want).cast(want, strict=False)
    back = new.cast(have, strict=False)
    changed = back != column
    if have.is_float():
        changed &= ~(back.is_nan() & column.is_nan())
        changed |= column.is_nan() & new.is_null()
    return new, (column.is_not_null() & new.is_null()) | changed


def _held(column: pl.Expr, have: pl.DataType, want: pl.DataType) -> pl.Expr:
    """NULL where a float has more digits than a decimal: Polars 2.1 raises there, `strict=False` or not."""
    if not have.is_float() or not isinstance(want, pl.Decimal):
        return column
    largest = (10**want.precision - 1) / 10 ** (want.scale or 0)
    return pl.when(column.abs() <= largest).then(column)


def _is_time(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Date | pl.Datetime)


def _zoned(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Datetime) and dtype.time_zone is not None


def _to_text(column: pl.Expr, have: pl.DataType) -> Cast:
    if have.is_numeric() or isinstance(have, pl.Boolean | pl.Date | pl.Enum | pl.Categorical):
        return column.cast(pl.String), _NEVER
    if have == pl.Time:  # a cast would drop what is less than a second
        return column.dt.strftime("%H:%M:%S%.6f"), column.dt.nanosecond() % 1000 != 0
    if isinstance(have, pl.Datetime):
        zone = "+00:00" if have.time_zone else ""
        instant = column.dt.convert_time_zone("UTC") if have.time_zone else column
        lost = column.dt.nanosecond() % 1000 != 0
        return instant.dt.strftime(f"%Y-%m-%d %H:%M:%S%.6f{zone}"), lost
    raise NoCast(f"{have} does not become text by itself", hint=_SAY_HOW)


def _from_text(text: pl.Expr, want: pl.DataType) -> Cast:
    if want.is_integer():
        return _spelled(text, _WHOLE, text.cast(want, strict=False))
    if want.is_float():
        return _float(text, want)
    if isinstance(want, pl.Decimal):
        return _decimal(text, want)
    if want == pl.Boolean:
        return _or_null(text, text.replace_strict(_BOOLEANS, default=None, return_dtype=pl.Boolean))
    if want == pl.Binary:
        return text.cast(pl.Binary), _NEVER
    if isinstance(want, pl.Enum | pl.Categorical):
        return _or_null(text, text.cast(want, strict=False))
    return _time(text, want)


def _spelled(text: pl.Expr, pattern: str, new: pl.Expr) -> Cast:
    """`new` where the text is spelled as `pattern` says."""
    return new, text.is_not_null() & (~text.str.contains(pattern) | new.is_null())


def _float(text: pl.Expr, want: pl.DataType) -> Cast:
    new, failed = _spelled(text, _FLOAT, text.cast(pl.Float64, strict=False))
    digits = text.str.replace(r"[eE].*$", "").str.replace_all(r"[^0-9]", "").str.strip_chars_start("0").str.len_bytes()
    exact = (digits <= _SAFE_DIGITS) | (new.cast(pl.String) == text)
    failed |= ~exact | ~new.is_finite() | ((new == 0) & (digits > 0))
    if want == pl.Float64:
        return new, failed
    narrow, lost = _and_back(new, pl.Float64(), want)
    return narrow, failed | lost


def _decimal(text: pl.Expr, want: pl.Decimal) -> Cast:
    scale = want.scale or 0
    fraction = rf"(?:\.[0-9]{{1,{scale}}}0*)?" if scale else r"(?:\.0+)?"
    return _spelled(text, rf"^-?(?:0|[1-9][0-9]*){fraction}$", text.cast(want, strict=False))


def _time(text: pl.Expr, want: pl.DataType) -> Cast:
    if isinstance(want, pl.Date):
        return _spelled(text, _DATE, text.str.to_date("%Y-%m-%d", strict=False))
    if isinstance(want, pl.Time):
        return _spelled(text, rf"^{_CLOCK}$", text.str.to_time("%H:%M:%S%.f", strict=False))
    if not isinstance(want, pl.Datetime):
        raise NoCast(f"text does not become {want} by itself", hint="say how: with `python:` in the migration")
    plain = text.str.replace("T", " ", literal=True)
    if want.time_zone is None:
        new = plain.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
        naive, failed = _spelled(text, _DATETIME, new)
        return _finer(naive, failed, pl.Datetime("us"), want)
    zoned = plain.str.replace("Z", "+00:00", literal=True)
    new = zoned.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%#z", time_unit="us", time_zone=want.time_zone, strict=False)
    instant, failed = _spelled(text, _INSTANT, new)
    return _finer(instant, failed, pl.Datetime("us", want.time_zone), want)


def _finer(new: pl.Expr, failed: pl.Expr, have: pl.Datetime, want: pl.Datetime) -> Cast:
    if have == want:
        return new, failed
    converted, lost = _and_back(new, have, want)
    return converted, failed | lost
