"""
Which patterns mean the same in flight (Rust's regex) and in databases, and how they are written for those.

Used by `pushdown`. PostgreSQL, Python (SQLite) and Rust agree on a plain core only; what lies outside is
not refused, it is judged on rows read from the table. When in doubt a pattern is not portable.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""
      (?P<escaped>\\[!-/:-@\[-`{-~])                      # a punctuation mark taken literally
    | (?P<class>\[\^?(?:[A-Za-z0-9_ %.,;:/+=@#!?'"<>(){}|*$-])+\])
    | (?P<open>\((?:\?:)?) | (?P<close>\)) | (?P<or>\|)
    | (?P<begin>\^) | (?P<end>\$) | (?P<any>\.)
    | (?P<times>[*+?] | \{[0-9]{1,2}(?:,[0-9]{0,2})?\})
    | (?P<plain>[^\\\[\]{}()|^$.*+?])
    """,
    re.VERBOSE | re.DOTALL,
)


def portable(pattern: str) -> str | None:
    """
    `pattern` written so that every supported database judges as Rust does; None when that is not certain.

    It is to be searched for anywhere in the text: `^` and `$` stand for the text's own beginning and end.
    """
    parts, position, before = [], 0, ""
    while position < len(pattern):
        found = _TOKEN.match(pattern, position)
        if found is None or not _allowed(str(found.lastgroup), before, found.group()):
            return None
        parts.append(_written(str(found.lastgroup), found.group()))
        before, position = str(found.lastgroup), found.end()
    return "".join(parts)


def _allowed(kind: str, before: str, text: str) -> bool:
    if kind == "times":  # of something, and not of a repetition: `a+?` and `a++` differ between engines
        return before in ("escaped", "class", "close", "any", "plain")
    if kind == "class":
        return _plain_class(text[1:-1].removeprefix("^"))
    if kind == "plain":
        return text.isascii() and text.isprintable()
    return True


def _plain_class(members: str) -> bool:
    """Ranges like `A-Z` between two of a kind; a hyphen for itself only at the end; none of Rust's `&&`, `--`, `~~`."""
    for hyphen in re.finditer("-", members):
        low, high = members[hyphen.start() - 1 : hyphen.start()], members[hyphen.end() : hyphen.end() + 1]
        last = hyphen.end() == len(members) and len(members) > 1
        in_range = low.isalnum() and high.isalnum() and _kind(low) == _kind(high) and low <= high
        if not (last or in_range):
            return False
    return not re.search(r"[A-Za-z0-9]-[A-Za-z0-9]-", members)


def _kind(sign: str) -> str:
    return "digit" if sign.isdigit() else "upper" if sign.isupper() else "lower"


def _written(kind: str, text: str) -> str:
    if kind == "end":
        return "(?!.|\n)"  # Python's `$` also stands before a last line break
    if kind == "any":
        return "[^\n]"  # PostgreSQL's `.` is any character at all
    return text
