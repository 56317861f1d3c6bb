"""PostgreSQL's own text of its rows and its schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

#: The schema that holds cutover's own tables in a target.
BOOKKEEPING = "cutover"

#: How a value is written depends on these.
_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "row_security": "off",  # rather an error than a part of the rows
}

#: Names are written in full when nothing else is on the path.
_FULL_NAMES = {"search_path": "pg_catalog"}

_USERS = f"""
    n.nspname NOT IN ('pg_catalog', 'information_schema', '{BOOKKEEPING}') AND n.nspname !~ '^pg_(toast|temp)'
"""
_NOT_OF_AN_EXTENSION = "NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = {oid} AND e.deptype = 'e')"

_SCHEMA = f"""
SELECT 'schema ' || n.nspname FROM pg_namespace n WHERE {_USERS}
UNION ALL
SELECT 'extension ' || x.extname FROM pg_extension x
UNION ALL
SELECT concat_ws(' ', 'relation', n.nspname, c.relname, c.relkind, c.relpersistence, c.relrowsecurity,
       pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid), array_to_string(c.reloptions, ','))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND {_USERS}
UNION ALL
SELECT concat_ws(' ', 'column', n.nspname, c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum),
       a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
       pg_get_expr(d.adbin, d.adrelid), l.collname)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND {_USERS}
UNION ALL
SELECT concat_ws(' ', 'constraint', n.nspname, k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid),
       k.convalidated)
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE {_USERS}
UNION ALL
SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid), i.indisvalid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_USERS}
UNION ALL
SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND {_USERS}
UNION ALL
SELECT concat_ws(' ', 'rule', pg_get_ruledef(r.oid))
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_USERS}
UNION ALL
SELECT concat_ws(' ', 'policy', n.nspname, c.relname, p.polname, p.polcmd, pg_get_expr(p.polqual, p.polrelid),
       pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_USERS}
UNION ALL
SELECT concat_ws(' ', 'routine', n.nspname, pg_get_function_identity_arguments(f.oid),
       CASE WHEN f.prokind = 'a' THEN f.proname::text ELSE pg_get_functiondef(f.oid) END)
FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
WHERE {_USERS} AND {_NOT_OF_AN_EXTENSION.format(oid="f.oid")}
UNION ALL
SELECT concat_ws(' ', 'type', n.nspname, t.typname, t.typtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull,
       t.typdefault,
       (SELECT string_agg(quote_literal(v.enumlabel), ', ' ORDER BY v.enumsortorder)
        FROM pg_enum v WHERE v.enumtypid = t.oid))
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd', 'r') AND {_USERS} AND {_NOT_OF_AN_EXTENSION.format(oid="t.oid")}
UNION ALL
SELECT concat_ws(' ', 'sequence', n.nspname, c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
       s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_USERS}
UNION ALL
SELECT concat_ws(' ', 'event trigger', e.evtname, e.evtevent, e.evtenabled) FROM pg_event_trigger e
UNION ALL
SELECT concat_ws(' ', 'publication', p.pubname) FROM pg_publication p
"""

_SEQUENCES = f"""
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND {_USERS} ORDER BY 1, 2
"""


class PostgresqlPrints:
    """A whole row as text holds every value as its type writes it, NULL apart from the empty text."""

    @contextmanager
    def snapshot(self, connection: Connection) -> Iterator[None]:
        """A transaction at the level REPEATABLE READ; inside the caller's own transaction, his level counts."""
        own = not connection.in_transaction()
        if own:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        try:
            yield
        finally:
            if own:
                connection.rollback()

    @contextmanager
    def settled(self, connection: Connection) -> Iterator[None]:
        """Sets what changes the text of a value, for this transaction, and sets it back."""
        before = {name: _setting(connection, name) for name in _SETTINGS}
        _set(connection, _SETTINGS)
        yield  # after an error the transaction is broken, and its end takes the settings back
        _set(connection, before)

    def rows(self, connection: Connection, table: str) -> Iterable[bytes]:
        """COPY sends one message per row; its bytes are hashed as they come."""
        statement = f"COPY (SELECT (whole_row_.*)::text FROM {table} AS whole_row_) TO STDOUT"
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for message in copy:
                yield bytes(message)

    def schema(self, connection: Connection) -> Iterable[str]:
        """Everything that stands in the schemas of the users; owners and rights are not part of it."""
        before = _setting(connection, "search_path")
        _set(connection, _FULL_NAMES)
        lines = [line for (line,) in connection.exec_driver_sql(_SCHEMA)]
        _set(connection, {"search_path": before})
        return lines

    def sequences(self, connection: Connection) -> Iterable[str]:
        """Every sequence with its last number, and whether that was given out."""
        for schema, name in connection.exec_driver_sql(_SEQUENCES).all():
            state = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {_name(schema)}.{_name(name)}").one()
            yield f"{schema}.{name} {state.last_value} {state.is_called}"


def _setting(connection: Connection, name: str) -> str:
    return str(connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar_one())


def _set(connection: Connection, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
