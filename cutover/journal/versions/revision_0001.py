"""The journal as it began: events, runs, counters, leases and the quarantine, and what keeps them append-only."""

from __future__ import annotations

from typing import Final

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make everything."""
    connection = op.get_bind()
    for statement in _STATEMENTS[connection.dialect.name]:
        connection.exec_driver_sql(statement)


_SQLITE: Final = (
    "CREATE TABLE cutover_journal (version INTEGER NOT NULL, made_at TEXT NOT NULL, made_by TEXT NOT NULL)",
    "CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL)",
    "INSERT INTO counter VALUES ('lines', 0), ('tokens', 0)",
    # one line per run: where its chain ends, so that taking away its last events shows
    """
    CREATE TABLE run (
        run TEXT NOT NULL PRIMARY KEY, environment TEXT NOT NULL, number INTEGER NOT NULL,
        created INTEGER NOT NULL UNIQUE, seq INTEGER NOT NULL, at TEXT NOT NULL, digest TEXT NOT NULL,
        UNIQUE (environment, number)
    )
    """,
    # `line`: 1, 2, 3 … over all runs, the number of the same event's line in the mirror
    """
    CREATE TABLE event (
        line INTEGER NOT NULL PRIMARY KEY, run TEXT NOT NULL REFERENCES run (run), seq INTEGER NOT NULL,
        at TEXT NOT NULL, kind TEXT NOT NULL, step TEXT NOT NULL, attempt INTEGER NOT NULL, data TEXT NOT NULL,
        prev TEXT NOT NULL, digest TEXT NOT NULL,
        UNIQUE (run, seq)
    )
    """,
    "CREATE INDEX event_by_kind ON event (run, kind, seq)",
    """
    CREATE TABLE lease (
        lock TEXT NOT NULL PRIMARY KEY, scope TEXT NOT NULL, run TEXT NOT NULL, holder TEXT NOT NULL,
        token INTEGER NOT NULL UNIQUE, since TEXT NOT NULL, released TEXT
    )
    """,
    """
    CREATE TABLE quarantined_row (
        run TEXT NOT NULL, step TEXT NOT NULL, table_name TEXT NOT NULL, chunk INTEGER NOT NULL,
        number INTEGER NOT NULL, key_json TEXT NOT NULL, values_json TEXT NOT NULL, reasons_json TEXT NOT NULL,
        PRIMARY KEY (run, table_name, step, chunk, number)
    )
    """,
    """
    CREATE TABLE amended_value (
        run TEXT NOT NULL, step TEXT NOT NULL, table_name TEXT NOT NULL, chunk INTEGER NOT NULL,
        number INTEGER NOT NULL, key_json TEXT NOT NULL, column_name TEXT NOT NULL,
        before_json TEXT NOT NULL, reason TEXT NOT NULL,
        PRIMARY KEY (run, table_name, step, chunk, number)
    )
    """,
    # Append-only, also for whoever opens the file by hand. Every `before insert` is there because INSERT OR REPLACE
    # deletes without waking a trigger on DELETE.
    """
    CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
    BEGIN SELECT RAISE(ABORT, 'an event of the journal is never changed'); END
    """,
    """
    CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
    BEGIN SELECT RAISE(ABORT, 'an event of the journal is never deleted'); END
    """,
    """
    CREATE TRIGGER event_is_never_replaced BEFORE INSERT ON event
    WHEN EXISTS (SELECT 1 FROM event WHERE line = NEW.line OR (run = NEW.run AND seq = NEW.seq))
    BEGIN SELECT RAISE(ABORT, 'an event of the journal is never replaced'); END
    """,
    """
    CREATE TRIGGER run_is_never_deleted BEFORE DELETE ON run
    BEGIN SELECT RAISE(ABORT, 'a run of the journal is never deleted'); END
    """,
    """
    CREATE TRIGGER run_is_never_replaced BEFORE INSERT ON run
    WHEN EXISTS (SELECT 1 FROM run WHERE run = NEW.run OR created = NEW.created)
    BEGIN SELECT RAISE(ABORT, 'a run of the journal is never replaced'); END
    """,
    """
    CREATE TRIGGER run_only_grows BEFORE UPDATE ON run
    WHEN NEW.seq IS NOT OLD.seq + 1 OR NEW.run IS NOT OLD.run OR NEW.environment IS NOT OLD.environment
        OR NEW.number IS NOT OLD.number OR NEW.created IS NOT OLD.created
    BEGIN SELECT RAISE(ABORT, 'a run of the journal only takes one event more'); END
    """,
    """
    CREATE TRIGGER counter_only_grows BEFORE UPDATE ON counter
    WHEN NEW.value IS NOT OLD.value + 1 OR NEW.name IS NOT OLD.name
    BEGIN SELECT RAISE(ABORT, 'a counter of the journal only grows by one'); END
    """,
    """
    CREATE TRIGGER counter_is_never_deleted BEFORE DELETE ON counter
    BEGIN SELECT RAISE(ABORT, 'a counter of the journal is never deleted'); END
    """,
    """
    CREATE TRIGGER counter_is_never_replaced BEFORE INSERT ON counter
    WHEN EXISTS (SELECT 1 FROM counter WHERE name = NEW.name)
    BEGIN SELECT RAISE(ABORT, 'a counter of the journal is never replaced'); END
    """,
)

# Text in the order of its bytes, as SQLite has it; `data` stays text, because JSONB would not give back the same bytes.
_TEXT: Final = 'TEXT COLLATE "C" NOT NULL'

_POSTGRESQL_TABLES: Final = (
    f"CREATE TABLE cutover_journal (version integer NOT NULL, made_at {_TEXT}, made_by {_TEXT}, project {_TEXT})",
    f"CREATE TABLE counter (name {_TEXT} PRIMARY KEY, value bigint NOT NULL)",
    "INSERT INTO counter VALUES ('lines', 0), ('tokens', 0)",
    f"""
    CREATE TABLE run (
        run {_TEXT} PRIMARY KEY, environment {_TEXT}, number bigint NOT NULL, created bigint NOT NULL UNIQUE,
        seq bigint NOT NULL, at {_TEXT}, digest {_TEXT}, UNIQUE (environment, number)
    )
    """,
    f"""
    CREATE TABLE event (
        line bigint PRIMARY KEY, run {_TEXT} REFERENCES run (run), seq bigint NOT NULL, at {_TEXT}, kind {_TEXT},
        step {_TEXT}, attempt bigint NOT NULL, data {_TEXT}, prev {_TEXT}, digest {_TEXT}, UNIQUE (run, seq)
    )
    """,
    "CREATE INDEX event_by_kind ON event (run, kind, seq)",
    f"""
    CREATE TABLE lease (
        lock {_TEXT} PRIMARY KEY, scope {_TEXT}, run {_TEXT}, holder {_TEXT}, token bigint NOT NULL UNIQUE,
        since {_TEXT}, released TEXT COLLATE "C"
    )
    """,
    f"""
    CREATE TABLE quarantined_row (
        run {_TEXT}, step {_TEXT}, table_name {_TEXT}, chunk bigint NOT NULL, number bigint NOT NULL,
        key_json {_TEXT}, values_json {_TEXT}, reasons_json {_TEXT},
        PRIMARY KEY (run, table_name, step, chunk, number)
    )
    """,
    f"""
    CREATE TABLE amended_value (
        run {_TEXT}, step {_TEXT}, table_name {_TEXT}, chunk bigint NOT NULL, number bigint NOT NULL,
        key_json {_TEXT}, column_name {_TEXT}, before_json {_TEXT}, reason {_TEXT},
        PRIMARY KEY (run, table_name, step, chunk, number)
    )
    """,
)


def _refuse(name: str, table: str, moments: str, says: str, when: str = "") -> tuple[str, ...]:
    """A trigger that refuses, also in a session that replays changes of a replica; also for the owner."""
    each = "ROW" if when else "STATEMENT"  # a statement that would touch no row is refused, too
    return (
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{says}' USING ERRCODE = 'integrity_constraint_violation'; END $$
        """,
        f"CREATE TRIGGER {name} BEFORE {moments} ON {table} FOR EACH {each} {when} EXECUTE FUNCTION {name}()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
    )


_POSTGRESQL: Final = (
    *_POSTGRESQL_TABLES,
    *_refuse("event_is_never_changed", "event", "UPDATE", "an event of the journal is never changed"),
    *_refuse("event_is_never_deleted", "event", "DELETE OR TRUNCATE", "an event of the journal is never deleted"),
    *_refuse("run_is_never_deleted", "run", "DELETE OR TRUNCATE", "a run of the journal is never deleted"),
    *_refuse(
        "run_only_grows",
        "run",
        "UPDATE",
        "a run of the journal only takes one event more",
        "WHEN (NEW.seq <> OLD.seq + 1 OR (NEW.run, NEW.environment, NEW.number, NEW.created)"
        " IS DISTINCT FROM (OLD.run, OLD.environment, OLD.number, OLD.created))",
    ),
    *_refuse("counter_is_never_deleted", "counter", "DELETE OR TRUNCATE", "a counter of the journal is never deleted"),
    *_refuse(
        "counter_only_grows",
        "counter",
        "UPDATE",
        "a counter of the journal only grows by one",
        "WHEN (NEW.value <> OLD.value + 1 OR NEW.name <> OLD.name)",
    ),
)

_STATEMENTS: Final = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
