"""The statements that PostgreSQL's dialect asks the catalogs, and small decisions about keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from cutover.dataplane.dialects.protocol import Key

#: The schema of cutover's own tables.
BOOKKEEPING: Final = "cutover"

#: How a session writes and reads values.
SETTINGS: Final[Mapping[str, str]] = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "lock_timeout": "30s",  # then the attempt is made again later, instead of standing in everybody's way
    "row_security": "off",  # rather an error than a part of the rows
    "default_transaction_isolation": "read committed",  # what is read after a lock is what the lock found
}

#: A user who is called like the schema of cutover's own tables would make his tables in it, and look for them there.
LEAVE_BOOKKEEPING: Final = f"""
SELECT set_config('search_path', regexp_replace(current_setting('search_path'), '"\\$user"\\s*,?\\s*', ''), false)
WHERE current_user = '{BOOKKEEPING}' AND current_setting('search_path') ~ '"\\$user"\\s*,'
"""

#: A percent sign in the statement is a percent sign.
AS_IS: Final[Mapping[str, Any]] = {"no_parameters": True}

#: Two sessions that make the same thing at once, though each says IF NOT EXISTS, fail: one waits for the other. The
#: second statement makes the server forget what it believed to be missing before the wait.
LOCK_BOOKKEEPING: Final = (
    "SELECT pg_advisory_xact_lock(hashtextextended('cutover makes its own tables', 0))",
    "SELECT FROM pg_catalog.pg_namespace",
)

CREATE_SCHEMA: Final = "CREATE SCHEMA IF NOT EXISTS cutover"

CREATE_BOOKKEEPING: Final = (
    *LOCK_BOOKKEEPING,
    CREATE_SCHEMA,
    """
    CREATE TABLE IF NOT EXISTS cutover.chunk (
        run text NOT NULL, step text NOT NULL, table_name text NOT NULL, wave text NOT NULL, number bigint NOT NULL,
        low text, high text, extracted bigint NOT NULL, loaded bigint NOT NULL, quarantined bigint NOT NULL,
        excluded text NOT NULL, nulled text NOT NULL, reasons text NOT NULL, key_digest text NOT NULL,
        written_at text NOT NULL,
        PRIMARY KEY (run, step, table_name, number)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS cutover.applied (
        run text NOT NULL, step text NOT NULL, sha256 text NOT NULL, statements bigint NOT NULL,
        applied_at text NOT NULL, PRIMARY KEY (run, step)
    )
    """,
)

#: A partition is part of its table and is not listed beside it.
TABLES: Final = f"""
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', '{BOOKKEEPING}') AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e')
ORDER BY (n.nspname = 'public') DESC, n.nspname, c.relname
"""

COLUMNS: Final = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '',
       a.atthasdef OR a.attidentity <> ''
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
WHERE a.attrelid = to_regclass({table}) AND a.attnum > 0 AND NOT a.attisdropped
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
ORDER BY a.attnum
"""

#: Name (quoted), column and step of the sequences that a table's columns own (serial, identity) or take numbers from.
SEQUENCES: Final = """
SELECT DISTINCT quote_ident(n.nspname) || '.' || quote_ident(s.relname), a.attname, q.seqincrement
FROM pg_catalog.pg_attribute a
     LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
     JOIN pg_catalog.pg_depend d ON d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
          AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
          OR d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
     JOIN pg_catalog.pg_class s ON s.relkind = 'S' AND s.oid IN (d.objid, d.refobjid)
     JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
     JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
WHERE a.attrelid = to_regclass({table}) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY 1
"""

#: One pass: equal keys are counted together, and only the first and last key of each group are returned.
BORDERS: Final = """
WITH counted AS (SELECT {name} AS k, count(*) AS n FROM {table} WHERE {condition} GROUP BY {name}),
     numbered AS (SELECT k, n, floor((sum(n) OVER (ORDER BY k{collate}) - 1) / {rows}) AS g FROM counted),
     marked AS (
         SELECT k, g, sum(n) OVER (PARTITION BY g) AS total, lag(g) OVER (ORDER BY k{collate}) AS before,
                lead(g) OVER (ORDER BY k{collate}) AS after
         FROM numbered
     )
SELECT k::text AS spelled, before IS DISTINCT FROM g, after IS DISTINCT FROM g, total FROM marked
WHERE before IS DISTINCT FROM g OR after IS DISTINCT FROM g
ORDER BY marked.k{collate}
"""

_INTEGERS: Final = frozenset({"smallint", "integer", "bigint"})
_CONTEXT_COLUMN = re.compile(r"COPY [^,]+, line \d+, column (?P<column>[^:]+)")


def is_text(type_: str) -> bool:
    """Whether values of the type are ordered by a collation."""
    return type_ in ("text", "name") or type_.startswith(("character", "varchar", "char"))


def paired(marked: Iterable[tuple[str, bool, bool, Any]], type_: str) -> list[tuple[Key, Key, int]]:
    """Groups from their first and last keys: (key as text, whether first, whether last, rows of the group)."""
    groups: list[tuple[Key, Key, int]] = []
    low: Key = ""
    for text, first, last, rows in marked:
        key: Key = int(text) if type_ in _INTEGERS else text
        if first:
            low = key
        if last:
            groups.append((low, key, int(rows)))
    return groups


def comparison(compared: str, sign: str, bound: Key, type_: str, literal: Callable[[Key], str]) -> str:
    """
    The key against a bound that may come from another kind of database.

    There a column may hold numbers and texts, and every text comes after every number: so it does here.
    """
    if is_text(type_):
        spelled = _spelled(bound)
        raw = spelled.encode(errors="surrogateescape")
        if b"\0" in raw or raw != spelled.encode(errors="replace"):  # no text here, but it has its place among them
            return f"convert_to({compared}, 'UTF8') {sign} {literal(raw)}"
        return f"{compared} {sign} {literal(spelled)}"
    if type_ not in _INTEGERS and not type_.startswith(("numeric", "double", "real")):
        return f"{compared} {sign} {literal(_spelled(bound))}::{type_}"
    number = _number(bound)
    if number is None:
        return "TRUE" if sign == "<=" else "FALSE"
    return f"{compared} {sign} {literal(number)}"


def _spelled(bound: Key) -> str:
    return "\\x" + bound.hex() if isinstance(bound, bytes) else str(bound)


def _number(bound: Key) -> Key | None:
    """A bound as SQL takes a number; None when it is none. A decimal keeps all its digits as text."""
    if isinstance(bound, bytes):
        return None
    if isinstance(bound, str):
        try:
            return bound if Decimal(bound).is_finite() else None
        except InvalidOperation:
            return None
    return bound


def line_of(position: str | None, script: str) -> str:
    """`line N: ` for the place of an error, when the server said where it is."""
    return f"line {script.count(chr(10), 0, int(position) - 1) + 1}: " if position else ""


def column_of(context: str | None) -> str:
    """The column in which COPY stopped, when it says so."""
    found = _CONTEXT_COLUMN.match(context or "")
    return found["column"].strip().strip('"') if found else ""
