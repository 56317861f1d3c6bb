"""Schemas and frames that nobody thought of, for comparing two ways of judging the same rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandera.polars as pa
import polars as pl
from hypothesis import strategies as st

C = pa.Check

TEXTS = st.one_of(st.none(), st.text(alphabet="abxz \n\u00e9\u00df0", max_size=4))
INTEGERS = st.one_of(st.none(), st.integers(-5, 5))
FLOATS = st.one_of(st.none(), st.sampled_from([0.0, -0.0, 0.5, -1.5, 2.0, float("inf"), float("-inf"), float("nan")]))
DECIMALS = st.one_of(st.none(), st.decimals(-2, 2, places=2))
DATES = st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2026, 1, 5)))
INSTANTS = st.one_of(
    st.none(),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001 — the zone is given apart
)

#: Name -> type, values, checks that make sense for it. The SQL types are what a good target would have.
KINDS: dict[str, tuple[pl.DataType, Any, list[Any], str]] = {
    "i": (
        pl.Int64(),
        INTEGERS,
        [C.ge(1), C.gt(0), C.le(2), C.lt(3), C.eq(1), C.ne(1), C.in_range(-1, 2, include_min=False), C.isin([1, 2]),
         C.notin([0, 3]), C.ge(1, ignore_na=False)],
        "bigint",
    ),
    "s": (
        pl.String(),
        TEXTS,
        [C.eq("a"), C.ne(""), C.isin(["a", "ab", ""]), C.notin(["b"]), C.str_length(1, 2), C.str_length(exact_value=2),
         C.str_matches("^(?:[ab]+)$"), C.str_matches("a"), C.str_contains("x|z$"), C.str_contains("^.$"),
         C.str_contains(r"\w"), C.str_startswith("ab"), C.str_endswith("\u00e9"), C.ge("b"),
         C.str_matches("^[^a]{1,2}$")],
        "text",
    ),
    "f": (
        pl.Float64(),
        FLOATS,
        [C.ge(0), C.lt(2), C.in_range(-1, 1), C.ne(0), C.eq(0.5), C.isin([0.5, 2.0])],
        "double precision",
    ),
    "d": (
        pl.Decimal(12, 2),
        DECIMALS,
        [C.ge(Decimal("0.10")), C.lt(1), C.isin([Decimal("0.50"), Decimal("1.00")]), C.ne(Decimal(0))],
        "numeric(12, 2)",
    ),
    "g": (pl.Date(), DATES, [C.ge(date(2026, 1, 2)), C.isin([date(2026, 1, 3)])], "date"),
    "t": (pl.Datetime("us", "UTC"), INSTANTS, [C.lt(datetime(2026, 1, 1, 12, tzinfo=UTC))], "timestamp with time zone"),
}  # fmt: skip

ROW_RULES = [
    C(lambda data: data.lazyframe.select(pl.col("i").is_null() == pl.col("s").is_null()), name="together"),
    C(lambda data: data.lazyframe.select(pl.col("i") > pl.col("f")), name="greater"),
    C(lambda data: data.lazyframe.select(pl.col("i") > 0, pl.col("d") > 0), name="both"),
]


@st.composite
def cases(draw: Any, max_rows: int = 12) -> tuple[pa.DataFrameSchema, pl.DataFrame]:
    """A schema over all kinds of columns, and rows that may break every rule of it."""
    columns = {
        name: pa.Column(dtype, draw(st.lists(st.sampled_from(checks), max_size=3)), nullable=draw(st.booleans()))
        for name, (dtype, _, checks, _) in KINDS.items()
    }
    schema = pa.DataFrameSchema(columns, checks=draw(st.lists(st.sampled_from(ROW_RULES), max_size=2)))
    count = draw(st.integers(0, max_rows))
    values = {name: draw(st.lists(kind[1], min_size=count, max_size=count)) for name, kind in KINDS.items()}
    return schema, pl.DataFrame(values, schema={name: kind[0] for name, kind in KINDS.items()})
