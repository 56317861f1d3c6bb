"""
Changes one member of a JSON object in its text, and leaves every other character as it is.

Called by whoever edits a file that belongs to somebody else: reading and writing it anew would lose the spelling of
numbers, the order of keys and every blank. Pure: text in, text out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_BOM = "\ufeff"
_BLANKS = re.compile(r"[ \t\r\n]*")


class Number(str):
    """A number as it is spelt: it is only stepped over, and one of 5,000 digits must not stop us."""

    __slots__ = ()


_JSON = json.JSONDecoder(parse_int=Number, parse_float=Number)


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object: what it holds, and where it stands in the text."""

    begin: int  # of its name
    value: int  # where its value begins
    end: int  # behind its value
    holds: Any  # as `json` reads it, but for numbers


def brace(text: str) -> int:
    """Where the object begins that the text consists of; ValueError when the text is anything but one object."""
    begin = len(_BOM) if text.startswith(_BOM) else 0
    if not isinstance(_JSON.decode(text[begin:]), dict):
        raise ValueError("it is not an object")
    return _after_blanks(text, begin)


def members(text: str, at: int) -> Mapping[str, Member]:
    """The members of the object whose brace is at `at`, in their order; ValueError when a name is there twice."""
    found: dict[str, Member] = {}
    at = _after_blanks(text, at + 1)
    while text[at] != "}":
        begin = at
        name, at = _JSON.raw_decode(text, begin)
        value = _after_blanks(text, _after_blanks(text, at) + 1)  # behind the colon
        holds, end = _JSON.raw_decode(text, value)
        if name in found:
            raise ValueError(f"{name!r} is there twice")
        found[name] = Member(begin, value, end, holds)
        at = _after_blanks(text, end)
        if text[at] == ",":
            at = _after_blanks(text, at + 1)
    return found


def put(text: str, at: int, name: str, literal: str) -> str:
    """The text with `literal`, itself JSON, as the value of `name` in the object at `at`; a new name comes last."""
    there = members(text, at)
    if name in there:
        return text[: there[name].value] + literal + text[there[name].end :]
    written = f"{json.dumps(name)}: {literal}"
    if not there:
        return text[: at + 1] + written + text[at + 1 :]
    last = list(there.values())[-1]
    return f"{text[: last.end]},{_lead(text, last)}{written}{text[last.end :]}"


def cut(text: str, at: int, name: str) -> str:
    """The text without the member `name` of the object at `at`; what `put` has added last goes without a trace."""
    there = members(text, at)
    names, gone = list(there), there[name]
    place = names.index(name)
    if place > 0:
        return text[: there[names[place - 1]].end] + text[gone.end :]
    behind = there[names[1]].begin if len(names) > 1 else gone.end
    return text[: gone.begin] + text[behind:]


def _lead(text: str, member: Member) -> str:
    """What stands before the name of a member: a new line and its indentation, or one blank."""
    before = text[: member.begin]
    blanks = before[len(before.rstrip(" \t\r\n")) :]
    return blanks if "\n" in blanks else " "


def _after_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    assert found is not None  # it matches nothing, too
    return found.end()
