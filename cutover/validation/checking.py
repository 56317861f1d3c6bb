"""
Checks a whole table where it lies: the same rules as in flight, and what no chunk can answer.

Called by the validate step. Rules that SQL surely judges alike are one aggregate SELECT; the others are judged on
rows read from the table, so no rule is left out. Uniqueness and references are queries of their own.
"""

from __future__ import annotations

import warnings

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SAWarning

from cutover.dataplane.dialects import Dialect, NotSql
from cutover.errors import Inconclusive, StepFailed
from cutover.redact import redact
from cutover.validation.asking import Asked, duplicates, orphans, pushed
from cutover.validation.contract import Contract, RuleResult, SchemaMismatch
from cutover.validation.on_rows import judged


def check_table(
    connection: Connection, dialect: Dialect, table: str, contract: Contract, *, samples: int = 20
) -> list[RuleResult]:
    """
    What every rule of `contract` says about all rows of `table` (`schema.table` allowed), in the contract's order.

    NULLs as in SQL: never equal in a key, referring to nothing. Raises SchemaMismatch when a column is missing,
    Inconclusive when the database refuses a query: then nothing has been said about the table.
    """
    try:
        there = _reflected(connection, table)
        _refuse_missing(contract, there, table)
        asked = Asked(connection=connection, table=there, contract=contract, samples=samples)
        found = pushed(asked)
        found |= judged(asked, dialect, table, done=frozenset(found))
        return [
            *(found[rule.id] for rule in (*contract.rules, *contract.table_rules) if rule.id in found),
            *(duplicates(asked, key) for key in contract.unique),
            *(orphans(asked, reference) for reference in contract.references),
        ]
    except DBAPIError as refused:
        if dialect.heals(refused.orig or refused):
            raise
        raise _inconclusive(table, contract, refused.orig or refused) from refused
    except NotSql as refused:
        raise _inconclusive(table, contract, refused) from refused


def _inconclusive(table: str, contract: Contract, refused: BaseException) -> Inconclusive:
    return Inconclusive(
        f"table {table!r} could not be checked: {redact(' '.join(str(refused).split()))}",
        hint=f"nothing was said about its rows; correct validator {contract.name!r} or the table and try again",
    )


def _reflected(connection: Connection, table: str) -> sa.Table:
    schema, _, name = table.rpartition(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # of types that SQLAlchemy does not know: they are not pushed
        try:
            return sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=connection, resolve_fks=False)
        except NoSuchTableError:
            raise StepFailed(f"table {table!r} is not there", hint="is the schema created before this step?") from None


def _refuse_missing(contract: Contract, table: sa.Table, name: str) -> None:
    missing = [column for column in contract.dtypes if column not in table.c and column not in contract.optional]
    if missing:
        raise SchemaMismatch(
            f"table {name!r} has no column {missing[0]!r}, which validator {contract.name!r} judges",
            hint=f"its columns: {', '.join(table.c.keys())}",
        )
