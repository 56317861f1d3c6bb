"""The meaning of SQL: comments and layout do not count, everything else does, and nothing ever merges."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.project.sql_meaning import meaning, outer_call

TOKENS = st.one_of(
    st.sampled_from(
        ["SELECT", "a", "b1", "größe", "(", ")", ",", ";", "=", "<", "+", "1", "1.5", "''", "'it''s -- no comment'"]
    ),
    st.sampled_from(['"a /* b */"', '"x"', "'/* text */'", "'two  blanks'", '"Ünïcode"', "'new\nline'", "*", "."]),
)
#: What may stand between two tokens without changing what they are, whichever database reads it.
GAPS = st.sampled_from([" ", "\n", "\t", "  ", " -- a comment\n", " /* it is */ ", "\n-- (;\n\n", " /* two\nlines */ "])


@st.composite
def texts(draw: st.DrawFn, tokens: list[str]) -> str:
    gaps = draw(st.lists(GAPS, min_size=len(tokens) + 1, max_size=len(tokens) + 1))
    return gaps[0] + "".join(token + gap for token, gap in zip(tokens, gaps[1:], strict=True))


def joined_strings(tokens: list[str]) -> bool:
    """Two strings next to each other: there the line between them has a meaning."""
    return any(one.endswith("'") and two.startswith("'") for one, two in pairwise(tokens))


@settings(deadline=None)
@given(st.data(), st.lists(TOKENS, max_size=12).filter(lambda tokens: not joined_strings(tokens)))
def test_case_57_layout_and_comments_do_not_count(data: st.DataObject, tokens: list[str]) -> None:
    one, other = data.draw(texts(tokens)), data.draw(texts(tokens))

    assert meaning(one) == meaning(other)


@settings(deadline=None)
@given(st.data(), st.lists(TOKENS, max_size=12), st.lists(TOKENS, max_size=12))
def test_other_tokens_are_another_meaning(data: st.DataObject, tokens: list[str], others: list[str]) -> None:
    same = meaning(data.draw(texts(tokens))) == meaning(data.draw(texts(others)))

    assert not same or tokens == others


@settings(deadline=None)
@given(st.text("aE'\"-/*$[]` \n1\\;", max_size=24))
def test_every_character_outside_of_comments_is_in_the_meaning(sql: str) -> None:
    """Nothing gets lost: a token is a piece of the text, and tokens stand in the order of the text."""
    for stream in meaning(sql):
        position = 0
        for token in stream:
            if token == "\n":
                continue
            found = sql.find(token, position)
            assert found >= 0
            position = found + len(token)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a,b FROM t", "SELECT a , b\nFROM t"),
        ("SELECT 1 -- one", "SELECT 1"),
        ("SELECT/* x */1", "SELECT 1"),
        ("SELECT a::int", "SELECT a :: int"),
        ("DO $$ it's $$; -- a", "DO $$ it's $$; -- another"),
        ("CREATE TABLE t (a text);\n", "-- of people\nCREATE TABLE t (\n    a text\n);"),
    ],
)
def test_case_57_same_meaning(one: str, other: str) -> None:
    assert meaning(one) == meaning(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT ab", "SELECT a b"),
        ("SELECT 'a b'", "SELECT 'a  b'"),
        ("SELECT 'a--b'", "SELECT 'a--c'"),
        ('SELECT "a /* b */"', 'SELECT "a /* c */"'),
        ("SELECT 'x''--'", "SELECT 'x''--y'"),
        ("SELECT 'a'\n'b'", "SELECT 'a' 'b'"),
        ("SELECT 'a''b'", "SELECT 'a' 'b'"),
        ("SELECT x'ff'", "SELECT x 'ff'"),
        ("SELECT E'a'", "SELECT E 'a'"),
        (r"SELECT E'\'--', 1", r"SELECT E'\'--', 2"),
        (r"SELECT '\', 1 --'", r"SELECT '\', 2 --'"),
        ("DO $$ -- a\n$$", "DO $$ -- b\n$$"),
        ("DO $x$ $$ -- a $$ $x$", "DO $x$ $$ -- b $$ $x$"),
        ("SELECT 1 /* a /* b */ , 2 /* */ */", "SELECT 1 /* a /* b */ , 3 /* */ */"),
        ("SELECT [a--b]", "SELECT [a--c]"),
        ("SELECT `a--b`", "SELECT `a--c`"),
        ("SELECT a.5", "SELECT a. 5"),
        ("SELECT 1.5", "SELECT 1 .5"),
        ("SELECT 1e-5", "SELECT 1e -5"),
        ("SELECT a <-b", "SELECT a < -b"),
        ("SELECT a--b\n", "SELECT a- -b\n"),
        ("SELECT a\u00a0b", "SELECT a \u00a0 b"),
        ("SELECT U&'d\\0061'", "SELECT U & 'd\\0061'"),
        ("select a", "SELECT a"),
        ("-- a\rDROP TABLE x", "-- a\rDROP TABLE y"),
    ],
)
def test_another_meaning(one: str, other: str) -> None:
    assert meaning(one) != meaning(other)


@pytest.mark.parametrize("sql", ["'open", '"open', "/* open", "$$ open", "[open", "E'open\\", "`open"])
def test_what_is_never_closed_counts_to_the_end(sql: str) -> None:
    assert meaning(sql) != meaning(sql + " more") or sql.startswith("/*")


@pytest.mark.parametrize(
    ("sql", "call"),
    [
        ("count(*)", ("count", "*")),
        (" SUM ( a + f(b) ) ", ("sum", "a + f ( b )")),
        ("sum(')')", ("sum", "')'")),
        ("sum(a) + sum(b)", None),
        ("sum(a) FILTER (WHERE b)", None),
        ("(sum(a))", None),
        ("sum(a", None),
        ("sum()", None),
        ("sum", None),
        ("sum(a))(", None),
    ],
)
def test_the_call_that_an_expression_is(sql: str, call: tuple[str, str] | None) -> None:
    assert outer_call(sql) == call
