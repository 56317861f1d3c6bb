"""Kinds of databases. A new one is a module here that passes tests/contract/test_dialect.py, and its name below."""

from __future__ import annotations

from cutover.dataplane.dialects.postgresql import Postgresql
from cutover.dataplane.dialects.protocol import (
    Column,
    Dialect,
    Key,
    NoSuchColumn,
    NoSuchTable,
    NotSql,
    Read,
    RowRefused,
    SequenceState,
)
from cutover.dataplane.dialects.sqlite import Sqlite

__all__ = [
    "DIALECTS",
    "Column",
    "Dialect",
    "Key",
    "NoSuchColumn",
    "NoSuchTable",
    "NotSql",
    "Read",
    "RowRefused",
    "SequenceState",
    "dialect_of",
]

DIALECTS: tuple[Dialect, ...] = (Sqlite(), Postgresql())


def dialect_of(name: str) -> Dialect:
    """The dialect of that name; ValueError names those that are known."""
    for dialect in DIALECTS:
        if dialect.name == name:
            return dialect
    known = ", ".join(dialect.name for dialect in DIALECTS)
    raise ValueError(f"databases of the kind {name!r} are not known (known: {known})")
