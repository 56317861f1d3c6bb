"""Rows that do not arrive as they were: plain values between the extraction, the copy and who keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

#: Longer texts are cut in what is kept for people; the row itself stays in the source.
LONGEST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that was not loaded, with every reason. Values as text; those that could be transformed, as transformed."""

    key: str
    values: Mapping[str, str | None]
    reasons: tuple[str, ...]  # ids of rules: `air_minutes:cast`, `status:codes`, `target:flight_pk`


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendedValue:
    """A value that was made NULL by a declared rule, in a row that was loaded."""

    key: str
    column: str
    before: str | None
    reason: str


def as_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column as people read it, one text for one value; NULL stays NULL. Keys are kept in this form."""
    if dtype == pl.Binary:
        return pl.concat_str(pl.lit("x'"), column.bin.encode("hex"), pl.lit("'"))
    if dtype == pl.String:
        return column
    if dtype == pl.Time:
        return column.dt.strftime("%H:%M:%S%.f")
    if isinstance(dtype, pl.List | pl.Struct | pl.Array):
        return column.map_elements(str, return_dtype=pl.String)
    return column.cast(pl.String)


def texts(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with every value as people read it."""
    return frame.select(as_text(pl.col(name), dtype).alias(name) for name, dtype in frame.schema.items())


def bad_rows(frame: pl.DataFrame, keys: Sequence[str], reasons: Iterable[Sequence[str]]) -> tuple[BadRow, ...]:
    """One BadRow per row of `frame`."""
    shown = texts(frame).rows(named=True)
    return tuple(
        BadRow(key=key, values={name: _cut(value) for name, value in values.items()}, reasons=tuple(dict.fromkeys(why)))
        for key, values, why in zip(keys, shown, reasons, strict=True)
    )


def keys_of(frame: pl.DataFrame, column: str) -> list[str]:
    """The keys of `frame` as text, `NULL` for a row without one."""
    shown = frame.select(as_text(pl.col(column), frame.schema[column]).fill_null("NULL")).to_series()
    return shown.to_list()


def _cut(value: str | None) -> str | None:
    if value is None or len(value) <= LONGEST:
        return value
    return f"{value[:LONGEST]}… ({len(value)} characters)"
