"""
Fingerprints: a count and one number that two sets of rows share only when they hold the same rows.

Used by the reconciliation (frames read from two databases), by backup and restore check, and for
the proof that the world after a rollback is the world before it. The number is the sum of 128-bit
BLAKE2b row digests mod 2^128: order does not matter, duplicates count, parts can be added up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection

from cutover.dataplane.canonical import row_texts
from cutover.dataplane.dialects import Dialect
from cutover.dataplane.prints import Texts, prints_of

_MODULUS = 1 << 128
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """`rows` rows whose digests add up to `digest` (32 hexadecimal digits). Parts can be added up."""

    rows: int = 0
    digest: str = "0" * 32

    def __add__(self, other: Fingerprint) -> Fingerprint:
        total = (int(self.digest, 16) + int(other.digest, 16)) % _MODULUS
        return Fingerprint(rows=self.rows + other.rows, digest=f"{total:032x}")


def fingerprint_rows(frame: pl.DataFrame) -> Fingerprint:
    """The fingerprint of the rows of `frame` over its columns in their order; names do not count."""
    return _fingerprint(text.encode() for text in row_texts(frame))


def row_digests(frame: pl.DataFrame) -> list[int]:
    """One 128-bit number per row of `frame`, in its order; equal rows have equal numbers."""
    return [_number(text.encode()) for text in row_texts(frame)]


def fingerprint_table(connection: Connection, dialect: Dialect, table: str) -> Fingerprint:
    """
    The fingerprint of all rows of `table` (`schema.table` allowed) as the database itself writes them.

    Every type of the database is covered, its own ones too; so it can be compared only with a table of
    the same kind of database. Constant memory. The whole table is read in one statement.
    """
    prints = prints_of(dialect.name)
    with prints.settled(connection):
        return _fingerprint(prints.rows(connection, dialect.table(table)))


def fingerprint_database(connection: Connection, dialect: Dialect, *, whole: bool = False) -> dict[str, Fingerprint]:
    """
    Every user table, and what stands around them, in one consistent read.

    Beside the tables there are two entries: `(schema)`, one row per table, column, constraint, index, trigger,
    view, type and function; and `(sequences)`, one row per sequence with the number it gives out next.
    `whole` adds what a restored backup need not have: in PostgreSQL `(rights)`, `(comments)`, one entry
    `(materialised) …` for each materialised view, and `(large objects)` where there are any.
    The bookkeeping of cutover is left out. A connection without a transaction is given one and left without.
    """
    prints = prints_of(dialect.name)
    with prints.snapshot(connection), prints.settled(connection):
        found = {
            table: _fingerprint(prints.rows(connection, dialect.table(table))) for table in dialect.tables(connection)
        }
        beside = {name: _fingerprint(lines) for name, lines in prints.beside(connection)} if whole else {}
        return {
            **found,
            **beside,
            "(schema)": _fingerprint(_encoded(prints.schema(connection))),
            "(sequences)": _fingerprint(_encoded(prints.sequences(connection))),
        }


def _encoded(texts: Texts) -> Iterable[bytes]:
    return (text.encode() for text in texts)


def _fingerprint(rows: Iterable[bytes]) -> Fingerprint:
    count, total = 0, 0
    for row in rows:
        count += 1
        total += _number(row)
    return Fingerprint(rows=count, digest=f"{total % _MODULUS:032x}")


def _number(row: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(row, digest_size=_DIGEST_BYTES).digest())
