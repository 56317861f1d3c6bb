"""YAML as text: nothing is guessed, everything has its line, and what cannot be read is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.project.problems import Problem, WrongFile
from cutover.project.yaml_text import Items, Table, parse, plain, read


def refused(text: str) -> WrongFile:
    with pytest.raises(WrongFile) as caught:
        parse(text, "f.yaml", [])
    return caught.value


def noted(text: str) -> list[Problem]:
    found: list[Problem] = []
    parse(text, "f.yaml", found)
    return found


def test_case_52_every_scalar_is_the_text_that_was_written() -> None:
    text = "on: off\nat: 22:00\nrate: 1:30\nversion: 1.10\nanswer: no\nnothing: ~\nday: 2026-11-20\nhex: 0x1F\n"

    assert plain(parse(text, "f.yaml", [])) == {
        "on": "off",
        "at": "22:00",
        "rate": "1:30",
        "version": "1.10",
        "answer": "no",
        "nothing": "~",
        "day": "2026-11-20",
        "hex": "0x1F",
    }


def test_case_52_a_key_that_stands_twice_is_named_with_its_line() -> None:
    (problem,) = noted("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n")

    assert problem.where == "f.yaml:5"
    assert problem.says == "key 'c' stands here a second time (first in line 3)"


def test_every_value_knows_its_line() -> None:
    tree = parse("a: 1\nb:\n  - x\n  - y: 2\n    z: 3\n", "f.yaml", [])
    entries = tree.entries["b"]

    assert tree.lines == {"a": 1, "b": 2}
    assert isinstance(entries, Items) and [item.line for item in entries.items] == [3, 4]
    assert isinstance(entries.items[1], Table) and entries.items[1].lines == {"y": 4, "z": 5}


def test_an_alias_is_what_its_anchor_is() -> None:
    assert plain(parse("a: &x {b: 1}\nc: *x\n", "f.yaml", [])) == {"a": {"b": "1"}, "c": {"b": "1"}}


def test_a_quoted_empty_text_is_a_value_and_a_bare_one_is_none() -> None:
    assert plain(parse("a: ''\nb:\n", "f.yaml", [])) == {"a": "", "b": None}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a:\n\tb: 1\n", "f.yaml:2: a tab stands where only blanks may"),
        ("a: 1\nb: 'x\nc: 2\n", "f.yaml:2: a quote opens here and is never closed"),
        ("", "f.yaml:1: the file is empty"),
        ("# only a comment\n", "f.yaml:1: the file is empty"),
        ("- a\n", "f.yaml:1: a list stands where keys with values should"),
        ("words\n", "f.yaml:1: a text stands where keys with values should"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2: a second document begins here"),
        ("a: b: c\n", "f.yaml:1: a colon stands where no key can be"),
        ("a: 1\nb: [1, 2\n", "f.yaml:2: not YAML while parsing a flow sequence"),
        ("a: 1\nb: \x00\n", "f.yaml:2: character 0x00 cannot stand in YAML"),
        ("a: *x\n", "f.yaml:1: alias '*x' has no anchor '&x' before it"),
        ("a: &x [*x]\n", "f.yaml:1: alias '*x' stands inside its own anchor"),
        ("? [a]\n: 1\n", "f.yaml:1: a list or keys stand where one key should"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(text: str, says: str) -> None:
    assert str(refused(text)).startswith(says)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "f.yaml:3: merge keys (`<<`) are not read"),
        ("a: !!int 3\n", "f.yaml:1: tag 'tag:yaml.org,2002:int' is not read: every value is text here"),
    ],
)
def test_what_would_mean_something_else_is_noted(text: str, says: str) -> None:
    (problem,) = noted(text)

    assert f"{problem.where}: {problem.says}" == says


def test_a_bomb_of_aliases_is_refused_before_it_fills_the_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    assert "more than 100000 values" in str(refused("\n".join(lines)))


def test_endless_nesting_is_refused() -> None:
    assert "nested deeper than" in str(refused("a: " + "[" * 5000))


def test_a_file_that_is_not_utf_8_is_named_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(b"a: 1\nb: caf\xe9\n")

    with pytest.raises(WrongFile, match=r"^f\.yaml:2: the file is not UTF-8 \(byte 0xe9\)$"):
        read(file, "f.yaml", [])


def test_a_mark_of_windows_at_the_beginning_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")

    assert plain(read(file, "f.yaml", [])) == {"a": "1", "b": "2"}


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(WrongFile, match=r"^f\.yaml:1: the file cannot be read: a folder stands where a file should$"):
        read(tmp_path, "f.yaml", [])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WrongFile, match=r"^f\.yaml:1: the file cannot be read: no such file"):
        read(tmp_path / "f.yaml", "f.yaml", [])
