"""Every name that a database allows is a name: tables, columns and sequences are told apart and proved."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cutover.dataplane.database import Database
from cutover.dataplane.dialects import naming
from cutover.dataplane.fingerprint import Fingerprint, fingerprint_database
from tests.contract.things import KINDS

NAMES = [
    "plain", "a.b", ".", "dot.ted", 'quo"te', '"quoted"', '"', "a%b", "%(x)s", "a:b", ":name", "new\nline", "😀",
    "it's", "(schema)", "(sequences)", "SELECT", "a b", "{table}", "é" * 31 + "x", "back\\slash",
    "a;b--", "x" * 63, "?", "$1",
]  # fmt: skip


def do(database: Database, *statements: str) -> None:
    """Each as it is written: percent signs, colons and question marks are nothing but that."""
    with database.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def world(database: Database) -> dict[str, Fingerprint]:
    with database.connect() as connection:
        return fingerprint_database(connection, database.dialect)


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_any_name(kind: str, make_database: Callable[..., Database]) -> None:
    database = make_database(kind)
    dialect = database.dialect
    for name in NAMES:
        quoted = dialect.quote(name)
        do(database, f"CREATE TABLE {quoted} ({quoted} INTEGER)", f"INSERT INTO {quoted} VALUES (1)")

    found = world(database)

    listed = [naming.joined("", name) for name in NAMES]
    assert set(found) == {*listed, "(schema)", "(sequences)"}
    assert {found[name].rows for name in listed} == {1}
    with database.connect() as connection:
        for name, shown in zip(NAMES, listed, strict=True):
            assert dialect.count(connection, shown) == 1
            assert [column.name for column in dialect.columns(connection, shown)] == [name]


def test_a_dot_in_a_name_is_no_schema(make_database: Callable[..., Database]) -> None:
    database = make_database("postgresql")
    do(database, 'CREATE TABLE "a.b" (x int)', "CREATE SCHEMA a", "CREATE TABLE a.b (x int)", 'CREATE SCHEMA "c.d"')
    do(database, 'CREATE TABLE "c.d"."e.f" (x int)', "INSERT INTO a.b VALUES (1), (2)", 'INSERT INTO "a.b" VALUES (1)')

    found = world(database)

    assert {name: one.rows for name, one in found.items() if name[0] != "("} == {
        '"a.b"': 1,
        "a.b": 2,
        '"c.d"."e.f"': 0,
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_sequence_of_any_name(name: str, postgresql: Database) -> None:
    quoted = postgresql.dialect.quote(name)
    do(postgresql, f"CREATE SEQUENCE {quoted}")
    before = world(postgresql)

    do(postgresql, f"SELECT setval('{quoted.replace(chr(39), chr(39) * 2)}'::regclass, 7)")

    after = world(postgresql)
    assert {entry for entry in after if before[entry] != after[entry]} == {"(sequences)"}
    do(postgresql, f"DROP SEQUENCE {quoted}")


def test_names_that_run_into_each_other_are_other_names(postgresql: Database) -> None:
    do(postgresql, "CREATE SCHEMA p", 'CREATE SCHEMA "p q"', 'CREATE TABLE "p q".r (x int)')
    before = world(postgresql)["(schema)"]

    do(postgresql, 'DROP TABLE "p q".r', 'CREATE TABLE p."q r" (x int)')

    assert world(postgresql)["(schema)"] != before


@pytest.fixture
def postgresql(make_database: Callable[..., Database]) -> Database:
    return make_database("postgresql")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("flight", ("", "flight")),
        ("app.flight", ("app", "flight")),
        ('"a.b"', ("", "a.b")),
        ('a."b.c"', ("a", "b.c")),
        ('"a.b"."c"', ("a.b", "c")),
        ('we"ird', ("", 'we"ird')),
        ('"we""ird"', ("", 'we"ird')),
        ('"', ("", '"')),
    ],
)
def test_a_name_is_taken_apart(name: str, parts: tuple[str, str]) -> None:
    assert naming.parts(name) == parts
    assert naming.parts(naming.joined(*parts)) == parts
