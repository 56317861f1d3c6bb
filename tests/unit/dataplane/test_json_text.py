"""Editing one member of an object: what was put comes off again without a trace, and nothing else moves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.dataplane.json_text import Number, brace, cut, members, put

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """An object in one of the ways in which people and programs write it."""
    value = draw(st.dictionaries(st.text(), VALUES, max_size=4))
    indent, ascii_only = draw(st.sampled_from([None, 0, 2, "\t"])), draw(st.booleans())
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]))
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only, separators=separators)
    return (
        draw(st.sampled_from(["", "\ufeff"]))
        + draw(st.sampled_from(["", " ", "\r\n"]))
        + text
        + draw(st.sampled_from(["", "\n"]))
    )


def loaded(text: str) -> Any:
    return json.loads(text.removeprefix("\ufeff"))


@given(text=spellings(), name=st.text(), value=VALUES)
def test_put_changes_one_member_and_no_other(text: str, name: str, value: Any) -> None:
    assert loaded(put(text, brace(text), name, json.dumps(value))) == {**loaded(text), name: value}


@given(text=spellings(), name=st.text())
def test_what_was_added_is_cut_without_a_trace(text: str, name: str) -> None:
    there = members(text, brace(text))
    if name in there:
        literal = text[there[name].value : there[name].end]
        assert put(put(text, brace(text), name, "1e400"), brace(text), name, literal) == text
    else:
        assert cut(put(text, brace(text), name, "1e400"), brace(text), name) == text


@given(text=spellings(), data=st.data())
def test_cut_takes_one_member_and_no_other(text: str, data: st.DataObject) -> None:
    there = loaded(text)
    if there:
        name = data.draw(st.sampled_from(sorted(there)))
        assert loaded(cut(text, brace(text), name)) == {key: value for key, value in there.items() if key != name}


def test_a_new_member_stands_like_the_last_one() -> None:
    text = '{\n  "a": 1,\n  "b": 2\n}\n'

    assert put(text, 0, "c", "3") == '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n'


def test_numbers_stay_as_they_are_spelt() -> None:
    found = members('{"a": 1.10, "b": 1e400, "c": 12345678901234567890}', 0)

    assert [member.holds for member in found.values()] == ["1.10", "1e400", "12345678901234567890"]
    assert all(isinstance(member.holds, Number) for member in found.values())


def test_a_number_of_5000_digits_is_stepped_over() -> None:
    assert list(members(f'{{"a": {"9" * 5000}, "b": 1}}', 0)) == ["a", "b"]


def test_a_name_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="'a' is there twice"):
        members('{"a": 1, "a": 2}', 0)


@pytest.mark.parametrize("text", ["", "[]", "1", '"{}"', "{} {}", "{'a': 1}", '{"a": 1,}', "{"])
def test_what_is_not_one_object_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        brace(text)
