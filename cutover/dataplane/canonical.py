"""
The canonical text of rows: two rows have the same text exactly when they hold the same values.

Used by `fingerprint` and by the row diff. A NULL has a tag of its own, every field says where it
ends, numbers lose trailing zeros, −0 is 0, an instant is its UTC microseconds, a float is its bits: what is
the same in two databases is the same here, and `('ab', 'c')` is not `('a', 'bc')`.

The texts are hashed and the digests kept in evidence for years: a change here is a change of format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from cutover.errors import StepFailed

#: Raised with every change of the canonical text; evidence of different formats cannot be compared.
FORMAT = 1

NULL = "N"


def row_texts(frame: pl.DataFrame) -> pl.Series:
    """One canonical text (String, never NULL) per row of `frame`, over its columns in their order."""
    if frame.width == 0:
        return pl.Series("row", [""] * frame.height, dtype=pl.String)
    fields = [field(pl.col(name), dtype, name) for name, dtype in frame.schema.items()]
    return frame.select(row=pl.concat_str(fields)).to_series()


def field(column: pl.Expr, dtype: pl.DataType, name: str) -> pl.Expr:
    """The canonical text of one column, never NULL. StepFailed for a type whose values have no such text."""
    for kinds, write in _WRITERS.items():
        if isinstance(dtype, kinds):
            return write(column, dtype).fill_null(NULL)
    raise StepFailed(
        f"column {name!r} has the type {dtype}, which has no canonical text",
        hint="map it to a text or a number in the migration",
    )


def _closed(tag: str, text: pl.Expr) -> pl.Expr:
    """A text that cannot hold a semicolon, so that one ends it."""
    return pl.concat_str(pl.lit(tag), text, pl.lit(";"))


def _whole(column: pl.Expr, _: pl.DataType) -> pl.Expr:
    return _closed("i", column.cast(pl.String))


def _decimal(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    text = column.cast(pl.String)
    if getattr(dtype, "scale", 0):
        text = text.str.strip_chars_end("0").str.strip_chars_end(".")
    return _closed("i", text)


def _float(column: pl.Expr, _: pl.DataType) -> pl.Expr:
    """The bits, not the digits: how digits are printed may change with a library."""
    exact = column.cast(pl.Float64)
    bits = pl.when(exact == 0).then(0.0).otherwise(exact).reinterpret(signed=True).cast(pl.String)
    return _closed("f", pl.when(exact.is_nan()).then(pl.lit("nan")).otherwise(bits))


def _boolean(column: pl.Expr, _: pl.DataType) -> pl.Expr:
    return _closed("b", column.cast(pl.Int8).cast(pl.String))


def _text(column: pl.Expr, _: pl.DataType) -> pl.Expr:
    text = column.cast(pl.String)
    return pl.concat_str(pl.lit("s"), text.str.len_bytes().cast(pl.String), pl.lit(":"), text)


def _bytes(column: pl.Expr, _: pl.DataType) -> pl.Expr:
    return _closed("x", column.bin.encode("hex"))


def _date(column: pl.Expr, _: pl.DataType) -> pl.Expr:
    return _closed("d", column.cast(pl.Int32).cast(pl.String))


def _time(column: pl.Expr, _: pl.DataType) -> pl.Expr:
    return _closed("h", _microseconds(column.cast(pl.Int64), "ns"))


def _datetime(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    tag = "n" if getattr(dtype, "time_zone", None) is None else "t"
    return _closed(tag, _microseconds(column.cast(pl.Int64), getattr(dtype, "time_unit", "us")))


def _duration(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    return _closed("p", _microseconds(column.cast(pl.Int64), getattr(dtype, "time_unit", "us")))


def _microseconds(count: pl.Expr, unit: str) -> pl.Expr:
    if unit == "us":
        return count.cast(pl.String)
    if unit == "ms":
        return (count * 1000).cast(pl.String)
    rest = count % 1000  # of nanoseconds; nearly always 0, because databases keep microseconds
    whole = (count // 1000).cast(pl.String)
    return pl.when(rest == 0).then(whole).otherwise(pl.concat_str(whole, pl.lit("+"), rest.cast(pl.String)))


_WHOLE = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Int128, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)

_WRITERS: Mapping[tuple[type[pl.DataType], ...], Callable[[pl.Expr, pl.DataType], pl.Expr]] = {
    _WHOLE: _whole,
    (pl.Decimal,): _decimal,
    (pl.Float32, pl.Float64): _float,
    (pl.Boolean,): _boolean,
    (pl.String, pl.Enum, pl.Categorical): _text,
    (pl.Binary,): _bytes,
    (pl.Date,): _date,
    (pl.Time,): _time,
    (pl.Datetime,): _datetime,
    (pl.Duration,): _duration,
    (pl.Null,): lambda column, _: column.cast(pl.String),
}
