"""
A file of SQL statements, taken apart just far enough to count them and to name the line of each.

Knows strings, quoted names, comments and dollar quotes; understands nothing of what is between.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cutover.dataplane.dialects.protocol import NotSql

_TOKEN = re.compile(
    r"""
      (?P<comment> --[^\n]* )
    | (?P<block> /\* )
    | (?P<string> (?: \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' ) )
    | (?P<name> "(?:[^"]|"")*" )
    | (?P<dollar> (?<![\w$]) \$(?P<tag>[A-Za-z_]\w*)?\$ )
    | (?P<word> [A-Za-z_]\w* )
    | (?P<end> ; )
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK = re.compile(r"/\*|\*/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement without what stands before its first word."""

    text: str
    line: int  # of its first word
    words: tuple[str, ...]  # its first words outside strings and comments, lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The statements of a file, in order."""

    statements: tuple[Statement, ...]

    @classmethod
    def of(cls, text: str, is_complete: Callable[[str], bool] | None = None) -> Script:
        """
        The statements in `text`.

        `is_complete` is asked whether a piece that ends in a semicolon is a whole statement (a trigger has several);
        without it a body in `BEGIN ATOMIC … END` is kept together.
        """
        return cls(statements=tuple(_statements(text, is_complete)))

    def refuse(self, words: frozenset[str]) -> None:
        """Raise NotSql when a statement begins with one of `words`, which would end the transaction it runs in."""
        for statement in self.statements:
            if statement.words and statement.words[0] in words:
                word = statement.words[0].upper()
                raise NotSql(
                    f"line {statement.line}: {word} cannot stand in a file that runs as one transaction",
                    hint="leave it out: the whole file is committed together with the note that it ran",
                )


def _statements(text: str, is_complete: Callable[[str], bool] | None) -> Iterator[Statement]:
    begin, words, depth = None, [], 0  # type: int | None, list[str], int
    for kind, start, end in _tokens(text):
        if kind == "end":
            piece = "" if begin is None else text[begin:end]
            if begin is not None and depth == 0 and (is_complete is None or is_complete(piece)):
                yield _statement(text, begin, end, words)
            elif begin is not None:
                continue
            begin, words, depth = None, [], 0
            continue
        if begin is None:
            begin = start
        if kind == "word":
            words.append(text[start:end].lower())
            depth = max(0, depth + _deeper(words)) if is_complete is None else 0
    if begin is not None:
        yield _statement(text, begin, len(text), words)


def _deeper(words: list[str]) -> int:
    """Whether the last word opens a body, or closes one."""
    if words[-2:] == ["begin", "atomic"]:
        return 1
    inside = (
        ["begin", "atomic"] in [words[i : i + 2] for i in range(len(words) - 1)]
        if words[-1] in ("case", "end")
        else False
    )
    return (1 if words[-1] == "case" else -1) if inside else 0


def _statement(text: str, begin: int, end: int, words: list[str]) -> Statement:
    return Statement(text=text[begin:end], line=text.count("\n", 0, begin) + 1, words=tuple(words[:8]))


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Everything that is not blank and no comment: (kind, start, end)."""
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            if not text[position].isspace():
                yield "other", position, position + 1
            position += 1
            continue
        kind = "dollar" if found["dollar"] else str(found.lastgroup)
        end = found.end()
        if kind == "block":
            end = _block_end(text, end)
        elif kind == "dollar":
            close = text.find(found["dollar"], end)
            end = len(text) if close < 0 else close + len(found["dollar"])
        if kind not in ("comment", "block"):
            yield kind, position, end
        position = end


def _block_end(text: str, position: int) -> int:
    """Block comments may hold block comments."""
    depth = 1
    while depth:
        found = _BLOCK.search(text, position)
        if found is None:
            return len(text)
        depth += 1 if found.group() == "/*" else -1
        position = found.end()
    return position
