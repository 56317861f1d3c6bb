"""
The keys of loaded rows as a count and one number: what tells the rows of a copy from the rows of others.

The copy notes them chunk by chunk in its ledger, in the transaction that brings the rows; the undo reads the target's
keys again and deletes only when they are the same. Keys, not contents: a step may change loaded rows on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import polars as pl
import sqlalchemy as sa

from cutover.dataplane import canonical
from cutover.dataplane.casting import NoCast, cast
from cutover.dataplane.dialects import Column, Dialect, Key
from cutover.dataplane.fingerprint import Fingerprint, fingerprint_rows
from cutover.dataplane.rows import as_text

#: Keys of a table that are in memory at once.
PIECE = 1_000_000

#: Keys named in one statement.
_BATCH = 5_000

#: Texts that come back as they were written: no blanks are filled up, no letters are changed.
_PLAIN_TEXT = re.compile(r"text|clob|n?varchar|character varying")

#: A frame of keys: `text` is canonical and never NULL, `shown` is for people.
SHOWN = "shown"
TEXT = "text"


def as_keys(keys: pl.Series) -> pl.DataFrame:
    """Keys as `text` and `shown`."""
    text, shown = canonical.field(pl.col("k"), keys.dtype, keys.name), as_text(pl.col("k"), keys.dtype)
    return keys.to_frame("k").select(text.alias(TEXT), shown.fill_null("NULL").alias(SHOWN))


def fingerprint(keys: pl.DataFrame) -> Fingerprint:
    """Of a frame of keys. Parts can be added up."""
    return fingerprint_rows(keys.select(TEXT))


def written(
    connection: sa.Connection, dialect: Dialect, *, table: str, key: Column, keys: pl.Series, loaded: int
) -> Fingerprint:
    """
    The keys that the caller's transaction has just written, `loaded` of them as the database counted.

    They are looked up where the database may have spelled them otherwise (uuid, char(n)) or dropped some of the rows.
    """
    if loaded == keys.len() and _comes_back(key, keys.dtype):
        return fingerprint(as_keys(keys))
    found = Fingerprint()
    for where in _named(dialect, key, keys):
        found += fingerprint(_read(connection, dialect, table=table, key=key, where=where))
    return found


def there(
    connection: sa.Connection, dialect: Dialect, *, table: str, key: Column, where: str
) -> Iterator[pl.DataFrame]:
    """The keys of the rows for which `where` holds, as they lie in the table; at least one frame."""
    if dialect.count(connection, table, where) <= PIECE:
        yield _read(connection, dialect, table=table, key=key, where=where)
        return
    for low, high, _ in dialect.borders(connection, table, key, rows=PIECE, where=where):
        yield _read(connection, dialect, table=table, key=key, where=_both(dialect.between(key, low, high), where))
    yield _read(connection, dialect, table=table, key=key, where=_both(f"{dialect.quote(key.name)} IS NULL", where))


def _comes_back(key: Column, dtype: pl.DataType) -> bool:
    if key.dtype is None or key.dtype != dtype:
        return False
    return dtype != pl.String or _PLAIN_TEXT.match(key.type.lower()) is not None


def _named(dialect: Dialect, key: Column, keys: pl.Series) -> Iterator[str]:
    """Conditions that together hold for the rows with those keys."""
    name = dialect.quote(key.name)
    if keys.null_count():
        yield f"{name} IS NULL"
    for piece in keys.drop_nulls().unique().to_frame("k").iter_slices(_BATCH):
        yield f"{name} IN ({', '.join(dialect.literal(_bound(value)) for value in piece['k'].to_list())})"


def _bound(value: Any) -> Key:
    return value if isinstance(value, (int, float, bytes)) else str(value)


def _both(one: str, other: str) -> str:
    return f"({one}) AND ({other})" if other else one


def _read(connection: sa.Connection, dialect: Dialect, *, table: str, key: Column, where: str) -> pl.DataFrame:
    """Never fails for what a value is: one that is not of the column's type counts as the text that it is."""
    dtype = key.dtype or pl.String()
    condition = f" WHERE {where}" if where else ""
    read = dialect.read(connection, f"SELECT {dialect.quote(key.name)} FROM {dialect.table(table)}{condition}", [dtype])
    raw = read.frame["c0"]
    try:
        new, lost = cast(pl.col("k"), raw.dtype, dtype)
    except NoCast:
        return as_keys(raw.alias(key.name))
    odd = read.unreadable.get("c0", pl.Series("odd", [None], dtype=pl.String).new_from_index(0, raw.len()))
    frame = pl.DataFrame({"k": raw, "odd": odd})
    odd_text = pl.coalesce("odd", pl.when(lost).then(as_text(pl.col("k"), raw.dtype)))
    done = frame.select(new.alias("k"), odd_text.alias("odd"))
    return done.select(
        pl.coalesce(pl.concat_str(pl.lit("?"), "odd"), canonical.field(pl.col("k"), dtype, key.name)).alias(TEXT),
        pl.coalesce("odd", as_text(pl.col("k"), dtype)).fill_null("NULL").alias(SHOWN),
    )
