from __future__ import annotations

import sqlite3

import pytest

from cutover.dataplane.dialects import NotSql
from cutover.dataplane.dialects.script import Script


def lines(text: str) -> list[int]:
    return [statement.line for statement in Script.of(text).statements]


def test_every_statement_has_its_line() -> None:
    assert lines("-- one\nSELECT 1;\n\n/* two\n */ SELECT 2; SELECT 3\n") == [2, 5, 5]


@pytest.mark.parametrize("text", ["", "  \n", "-- nothing", "/* ; */", ";;", "/* a /* nested ; */ ; */"])
def test_nothing_is_no_statement(text: str) -> None:
    assert lines(text) == []


@pytest.mark.parametrize(
    "quoted",
    ["'a;b'", "'it''s;'", '"a;b"', "$$ a; b $$", "$body$ a; $$ b; $body$", r"E'\';'", "$1", "a$b$c"],
)
def test_what_is_quoted_ends_nothing(quoted: str) -> None:
    assert lines(f"SELECT {quoted};\nSELECT 2") == [1, 2]


def test_a_body_of_several_statements_is_one() -> None:
    body = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;\nSELECT 1;"

    assert lines(body) == [1, 2]


def test_a_trigger_is_one_statement() -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END;\nSELECT 1;"

    assert [one.line for one in Script.of(trigger, sqlite3.complete_statement).statements] == [1, 2]


def test_the_end_of_a_transaction_is_refused_with_its_line() -> None:
    with pytest.raises(NotSql, match="line 2: COMMIT cannot stand in a file that runs as one transaction"):
        Script.of("SELECT 1;\n /* now */ commit;").refuse(frozenset({"commit"}))


def test_the_word_in_a_text_is_not_refused() -> None:
    script = Script.of("SELECT 'commit';")
    script.refuse(frozenset({"commit"}))
    assert len(script.statements) == 1
