"""
What of a SQL text counts: its tokens, without comments and layout.

A small lexer for digests and for the shape of one expression; it understands nothing of SQL. A file does
not say which database it is for, so it is read as PostgreSQL would and as SQLite would: two files have the
same meaning only when both readings agree. Where in doubt two texts differ, which costs a rehearsal; that
two different statements look the same must never happen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Stands between two strings in different lines: PostgreSQL joins such strings, and only such.
LINE_BREAK = "\n"

_STRING = r"'(?:[^']|'')*(?:'|\Z)"
_QUOTED = r'"(?:[^"]|"")*(?:"|\Z)'
# Both databases take every character beyond ASCII for a letter, even one that looks like a blank.
_LETTER, _LETTERS = r"[A-Za-z_\u0080-\U0010ffff]", r"[A-Za-z0-9_\u0080-\U0010ffff]*"
_WORD = r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*"
_NUMBER = r"\.?[0-9](?:[A-Za-z0-9_.\u0080-\U0010ffff]|(?<=[eE])[+-])*"

_POSTGRESQL = re.compile(
    rf"""
      (?P<blank> [ \t\n\r\f\v]+ | --[^\n\r]* )
    | (?P<block> /\* )
    | (?P<token>
          [eE]'(?:[^'\\]|\\.|'')*(?:'|\Z)
        | [uU]&{_STRING} | [uU]&{_QUOTED}
        | {_LETTERS}{_STRING} | {_QUOTED}
        | \$[0-9]+
        | (?P<dollar> \$(?:{_LETTER}{_LETTERS})?\$ )
        | {_NUMBER} | {_WORD} | \.+
        | (?: (?!--|/\*) [-+*/<>=~!@\#%^&|`?:] )+
        | .
      )
    """,
    re.VERBOSE | re.DOTALL,
)
_SQLITE = re.compile(
    rf"""
      (?P<blank> [ \t\n\r\f]+ | --[^\n]* | /\*(?:(?!\*/).)*(?:\*/|\Z) )
    | (?P<token>
          {_LETTERS}{_STRING} | {_QUOTED}
        | `(?:[^`]|``)*(?:`|\Z)
        | \[[^\]]*(?:\]|\Z)
        | :: | [:@\#$?][A-Za-z0-9_$\u0080-\U0010ffff]+
        | {_NUMBER} | {_WORD} | \.+
        | (?: (?!--|/\*) [-+*/<>=~!%&|] )+
        | .
      )
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK = re.compile(r"/\*|\*/")
_CALL = re.compile(r"[^\W\d]\w*")


def meaning(sql: str) -> list[list[str]]:
    """The token streams that a digest is made of: equal exactly when nothing but comments and layout differs."""
    postgresql, dollars = _read_postgresql(sql)
    # Only PostgreSQL has dollar quotes, and what stands in one (an apostrophe in a function's comment) would make
    # nonsense of the other reading.
    return [postgresql] if dollars else [postgresql, list(_read_sqlite(sql))]


def sql_words(sql: str) -> frozenset[str]:
    """Every name that stands in the text, quoted or not, its quotes taken off; no comment and no string."""
    return frozenset(word for token in _read_sqlite(sql) if (word := _word(token)))


def _word(token: str) -> str:
    if token[0] in _QUOTES:
        close = _QUOTES[token[0]]
        return token[1:].removesuffix(close).replace(close * 2, close)
    return token if _CALL.fullmatch(token) else ""


#: Quotes of names, as SQLite and its ancestors have them.
_QUOTES = {'"': '"', "`": "`", "[": "]"}


def outer_call(sql: str) -> tuple[str, str] | None:
    """`("sum", "a + b")` when the expression as a whole is a call; None when it is anything else."""
    tokens = list(_read_sqlite(sql))
    if len(tokens) < 4 or not _CALL.fullmatch(tokens[0]) or tokens[1] != "(" or tokens[-1] != ")":
        return None
    depth = 0
    for position, one in enumerate(tokens[1:], start=1):
        depth += (one == "(") - (one == ")")
        if depth == 0 and position < len(tokens) - 1:
            return None
    return (tokens[0].lower(), " ".join(tokens[2:-1])) if depth == 0 else None


def _read_postgresql(sql: str) -> tuple[list[str], bool]:
    tokens: list[str] = []
    position, dollars, fresh_line = 0, False, False
    while position < len(sql):
        found = _POSTGRESQL.match(sql, position)
        assert found is not None  # the last alternative takes any character
        end = found.end()
        if found["block"]:
            end = _block_end(sql, end)
        elif found["dollar"]:
            close = sql.find(found["dollar"], end)
            end, dollars = (len(sql) if close < 0 else close + len(found["dollar"])), True
        text = sql[position:end]
        position = end
        if found["token"] is None:
            fresh_line = fresh_line or (found["block"] is None and ("\n" in text or "\r" in text))
            continue
        if fresh_line and tokens and text.startswith("'") and tokens[-1].endswith("'"):
            tokens.append(LINE_BREAK)
        tokens.append(text)
        fresh_line = False
    return tokens, dollars


def _read_sqlite(sql: str) -> Iterator[str]:
    return (found["token"] for found in _SQLITE.finditer(sql) if found["token"] is not None)


def _block_end(sql: str, position: int) -> int:
    """Block comments of PostgreSQL hold block comments."""
    depth = 1
    while depth:
        found = _BLOCK.search(sql, position)
        if found is None:
            return len(sql)
        depth += 1 if found.group() == "/*" else -1
        position = found.end()
    return position
