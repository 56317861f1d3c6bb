"""What the proof of a rollback sees of a PostgreSQL database: every change has an entry, and only its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cutover.dataplane.database import Database, open_database
from cutover.dataplane.fingerprint import Fingerprint, fingerprint_database
from cutover.redact import Secret

MADE = """
CREATE TABLE account (id bigint PRIMARY KEY, owner text, balance numeric(12, 2));
INSERT INTO account SELECT n, 'customer ' || n, n * 10.5 FROM generate_series(1, 20) n;
CREATE TABLE audit (id int PRIMARY KEY);
CREATE MATERIALIZED VIEW richest AS SELECT id FROM account ORDER BY balance DESC LIMIT 3;
CREATE MATERIALIZED VIEW "not yet" AS SELECT 1 AS a WITH NO DATA;
CREATE POLICY mine ON account USING (owner = current_user);
CREATE AGGREGATE total(numeric) (SFUNC = numeric_add, STYPE = numeric, INITCOND = '0');
CREATE FUNCTION nothing(numeric, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE SEQUENCE ticket;
CREATE TEXT SEARCH CONFIGURATION german_plain (COPY = pg_catalog.simple);
CREATE PUBLICATION feed FOR TABLE account;
SELECT lo_from_bytea(424242, 'a picture');
"""

CHANGES = {
    "comment": ("COMMENT ON TABLE account IS 'checked'", {"(comments)"}),
    "comment on a column": ("COMMENT ON COLUMN account.owner IS 'name'", {"(comments)"}),
    "comment on the schema": ("COMMENT ON SCHEMA public IS 'ours'", {"(comments)"}),
    "grant": ("GRANT SELECT ON account TO PUBLIC", {"(rights)"}),
    "grant on a column": ("GRANT UPDATE (owner) ON account TO PUBLIC", {"(rights)"}),
    "grant on a routine taken": ("REVOKE EXECUTE ON FUNCTION nothing FROM PUBLIC", {"(rights)"}),
    "grant that was taken back": ("GRANT SELECT ON account TO PUBLIC; REVOKE SELECT ON account FROM PUBLIC", set()),
    "owner": ("ALTER TABLE account OWNER TO pg_database_owner", {"(rights)"}),
    "default grants": ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", {"(rights)"}),
    "stored answer": (
        "UPDATE account SET balance = 999 WHERE id = 1; REFRESH MATERIALIZED VIEW richest",
        {"account", "(materialised) public.richest"},
    ),
    "first stored answer": ('REFRESH MATERIALIZED VIEW "not yet"', {'(materialised) public."not yet"'}),
    "replica identity": ("ALTER TABLE account REPLICA IDENTITY FULL", {"(schema)"}),
    "row security": ("ALTER TABLE account FORCE ROW LEVEL SECURITY", {"(schema)"}),
    "role of a policy": ("ALTER POLICY mine ON account TO pg_read_all_data", {"(schema)"}),
    "body of an aggregate": (
        "CREATE OR REPLACE AGGREGATE total(numeric) (SFUNC = nothing, STYPE = numeric, INITCOND = '0')",
        {"(schema)"},
    ),
    "operator": ("CREATE OPERATOR ### (FUNCTION = nothing, LEFTARG = numeric, RIGHTARG = numeric)", {"(schema)"}),
    "cast": ("CREATE CAST (text AS numeric) WITH INOUT AS ASSIGNMENT", {"(schema)"}),
    "text search": ("ALTER TEXT SEARCH CONFIGURATION german_plain DROP MAPPING FOR word", {"(schema)"}),
    "statistics": ("CREATE STATISTICS both_of ON id, owner FROM account", {"(schema)"}),
    "storage of a column": ("ALTER TABLE account ALTER owner SET STORAGE EXTERNAL", {"(schema)"}),
    "owner of a sequence": ("ALTER SEQUENCE ticket OWNED BY account.id", {"(schema)"}),
    "published table": ("ALTER PUBLICATION feed ADD TABLE audit", {"(schema)"}),
    "published actions": ("ALTER PUBLICATION feed SET (publish = 'insert')", {"(schema)"}),
    "inheritance": ("CREATE TABLE kin () INHERITS (audit)", {"(schema)", "(rights)", "kin"}),
    "large object": ("SELECT lo_put(424242, 0, 'A')", {"(large objects)"}),
    "another large object": ("SELECT lo_from_bytea(424243, 'b')", {"(large objects)", "(rights)"}),
    "rows moved about": ("VACUUM FULL account", set()),
    "statistics gathered": ("ANALYZE", set()),
    "our own bookkeeping": (
        "CREATE SCHEMA cutover; CREATE TABLE cutover.chunk (run text); COMMENT ON TABLE cutover.chunk IS 'ours'",
        set(),
    ),
}


@pytest.fixture
def database(new_database: Callable[[], str]) -> Database:
    database = open_database("new", Secret(new_database()))
    with database.autocommit() as connection:
        connection.exec_driver_sql(MADE)
    return database


def world(database: Database) -> dict[str, Fingerprint]:
    with database.connect() as connection:
        return fingerprint_database(connection, database.dialect, whole=True)


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_has_its_entry(database: Database, change: str) -> None:
    statement, entries = CHANGES[change]
    before = world(database)
    assert world(database) == before

    with database.autocommit() as connection:
        for one in statement.split("; "):
            connection.exec_driver_sql(one)

    after = world(database)
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == entries


def test_a_setting_of_the_database_is_a_right(database: Database) -> None:
    before = world(database)
    with database.autocommit() as connection:
        name = connection.exec_driver_sql("SELECT quote_ident(current_database())").scalar_one()
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET work_mem = '5MB'")

    assert {name for name, found in world(database).items() if found != before[name]} == {"(rights)"}


def test_a_user_without_the_right_to_the_pages_reads_large_objects_one_by_one(database: Database) -> None:
    before = world(database)
    with database.connect() as connection:
        connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO pg_read_all_settings")
        connection.exec_driver_sql("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO pg_read_all_settings")
        connection.exec_driver_sql("GRANT SELECT ON LARGE OBJECT 424242 TO pg_read_all_settings")
        connection.exec_driver_sql("SET LOCAL ROLE pg_read_all_settings")

        found = fingerprint_database(connection, database.dialect, whole=True)

        connection.rollback()
    assert found["account"] == before["account"]
    assert found["(large objects)"].rows == 1
    assert found["(schema)"] == before["(schema)"]
