from __future__ import annotations

import sqlite3

import pytest

from cutover.dataplane.dialects.sqlite_values import rule_of

SCHEMA = """
CREATE TABLE t (a INTEGER CHECK (a < 9), b INTEGER NOT NULL, c INTEGER, "d e" INTEGER UNIQUE,
    UNIQUE (b, c), CONSTRAINT "small c" CHECK (c < 9), CONSTRAINT odd CHECK (b % 2)) STRICT;
CREATE UNIQUE INDEX absolute ON t (abs(a));
CREATE TABLE child (a INTEGER REFERENCES t ("d e"));
CREATE TRIGGER no_fives BEFORE INSERT ON t WHEN new.a = 5 BEGIN SELECT RAISE(ABORT, 'fives are not sold'); END;
INSERT INTO t VALUES (1, 1, 1, 1);
"""


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("INSERT INTO t VALUES (2, 2, 2, 2)", "target:odd"),
        ("INSERT INTO t VALUES (9, 3, 2, 2)", "target:CheckViolation(a < 9)"),
        ("INSERT INTO t VALUES (2, 3, 9, 2)", "target:CheckViolation(small c)"),
        ("INSERT INTO t VALUES (2, NULL, 2, 2)", "target:NotNullViolation(b)"),
        ("INSERT INTO t VALUES (2, 1, 1, 2)", "target:UniqueViolation(b, c)"),
        ("INSERT INTO t VALUES (2, 3, 2, 1)", "target:UniqueViolation(d e)"),
        ("INSERT INTO t VALUES (-1, 3, 2, 2)", "target:absolute"),
        ("INSERT INTO child VALUES (77)", "target:ForeignKeyViolation"),
        ("INSERT INTO t VALUES ('x', 3, 2, 2)", "target:DatatypeMismatch(a)"),
        ("INSERT INTO t VALUES (5, 3, 2, 2)", "fives are not sold"),
    ],
)
def test_the_rule_is_named(statement: str, reason: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(SCHEMA)

    with pytest.raises(sqlite3.IntegrityError) as told:
        connection.execute(statement)
    connection.close()

    assert rule_of(str(told.value)) == reason
