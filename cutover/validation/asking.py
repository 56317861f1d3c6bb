"""
What a database is asked about a whole table: one count of everything that can be pushed, duplicates, orphans.

Used by `checking`. Samples are fetched only of rules that are broken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from cutover.validation.contract import Contract, Reference, Rule, RuleKind, RuleResult
from cutover.validation.pushdown import condition

Rows = tuple[tuple[str, ...], ...]

_SHOWN = 200  # characters of a value in a sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A table as the database describes it, and what is asked of it."""

    connection: Connection
    table: sa.Table
    contract: Contract
    samples: int

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that name a row: the primary key, else the contract's first unique key, else none."""
        own = tuple(column.name for column in self.table.primary_key)
        return own or (self.contract.unique[0] if self.contract.unique else ())

    def shown(self, rule: Rule) -> tuple[str, ...]:
        """Columns of a sample: the row's key and what the rule looks at."""
        looked_at = (rule.column,) if rule.column else tuple(self.contract.dtypes)
        return tuple(dict.fromkeys((*self.key, *looked_at)))


def as_text(value: Any) -> str:
    """A value as people read it in a sample."""
    if value is None:
        return "NULL"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    text = bytes(value).hex() if isinstance(value, (bytes, memoryview)) else str(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def pushed(asked: Asked) -> dict[str, RuleResult]:
    """The answers for every rule that can be pushed, counted by one statement."""
    conditions = [
        (rule, breaks)
        for rule in asked.contract.rules
        if (breaks := condition(rule, asked.contract, asked.table, asked.connection.dialect)) is not None
    ]
    if not conditions:
        return {}
    counted = [sa.func.coalesce(sa.func.sum(sa.case((breaks, 1), else_=0)), 0) for _, breaks in conditions]
    counts = asked.connection.execute(sa.select(*counted).select_from(asked.table)).one()
    return {
        rule.id: _answer(asked, rule, int(count), breaks)
        for (rule, breaks), count in zip(conditions, counts, strict=True)
    }


def _answer(asked: Asked, rule: Rule, failed: int, breaks: ColumnElement[bool]) -> RuleResult:
    columns = asked.shown(rule)
    rows: Rows = ()
    if failed and asked.samples:
        query = sa.select(*(asked.table.c[name] for name in columns)).where(breaks)
        ordered = query.order_by(*(asked.table.c[name] for name in asked.key))
        rows = _texts(asked.connection.execute(ordered.limit(asked.samples)).all())
    return RuleResult(
        rule=rule.id, kind=rule.kind, failed=failed, columns=columns if rows else (), samples=rows, warns=rule.warns
    )


def duplicates(asked: Asked, key: tuple[str, ...]) -> RuleResult:
    """Rows that share their key with another row; a key with a NULL in it is nobody's double."""
    columns = [asked.table.c[name] for name in key]
    groups = (
        sa.select(*columns, sa.func.count().label("rows_"))
        .where(*(column.is_not(None) for column in columns))
        .group_by(*columns)
        .having(sa.func.count() > 1)
    )
    inner = groups.subquery()
    failed = int(asked.connection.execute(sa.select(sa.func.coalesce(sa.func.sum(inner.c.rows_), 0))).scalar_one())
    rows = _grouped(asked, groups, columns) if failed else ()
    return RuleResult(
        rule=f"unique({', '.join(key)})",
        kind=RuleKind.UNIQUE,
        failed=failed,
        columns=(*key, "rows") if rows else (),
        samples=rows,
    )


def orphans(asked: Asked, reference: Reference) -> RuleResult:
    """Rows whose values are not found where they refer to."""
    columns = [asked.table.c[name] for name in reference.columns]
    schema, _, name = reference.table.rpartition(".")
    # Another name, because a table may refer to itself.
    target = sa.table(name, *(sa.column(one) for one in reference.target_columns), schema=schema or None).alias(
        "target_"
    )
    pairs = zip(columns, reference.target_columns, strict=True)
    found = sa.exists().where(*(target.c[there] == column for column, there in pairs))
    lost = sa.and_(*(column.is_not(None) for column in columns), ~found)
    count = sa.select(sa.func.count()).select_from(asked.table).where(lost)
    failed = int(asked.connection.execute(count).scalar_one())
    groups = sa.select(*columns, sa.func.count().label("rows_")).where(lost).group_by(*columns)
    rows = _grouped(asked, groups, columns) if failed else ()
    return RuleResult(
        rule=reference.id,
        kind=RuleKind.REFERENCE,
        failed=failed,
        columns=(*reference.columns, "rows") if rows else (),
        samples=rows,
    )


def _grouped(asked: Asked, groups: sa.Select[Any], columns: Sequence[ColumnElement[Any]]) -> Rows:
    return _texts(asked.connection.execute(groups.order_by(*columns).limit(asked.samples)).all())


def _texts(rows: Sequence[Sequence[Any]]) -> Rows:
    return tuple(tuple(as_text(value) for value in row) for row in rows)
